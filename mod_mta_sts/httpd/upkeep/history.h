/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_HISTORY_H
#define HTTPD_UPKEEP_HISTORY_H

#include <httpd.h>

#include "core/database/database.h"

/*
 * Writes the history of served policies: after each start, all policies that are served; from then
 * on, periodic confirmations that they still are.
 */

/* Must be called in post_config (except in the dry run): stores the time of this start. */
void mts_history_prepare(void);

/* Whether the clock has been set since that time was recorded; then mts_history_confirm corrects
 * it. */
int mts_history_is_wrong(void);

/*
 * Records the served policies, and logs those that changed since the previous start, because their
 * new id must be published.
 *
 * @param p scratch memory
 * @return NULL, or an error (core/database/database.h)
 */
const char *mts_history_record(server_rec *main, mta_sts_database *db, apr_pool_t *p);

/* Records that the same policies are still served. Errors: as for mts_history_record. */
const char *mts_history_confirm(mta_sts_database *db);

#endif
