/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_HISTORY_H
#define HTTPD_UPKEEP_HISTORY_H

#include <httpd.h>

#include "core/database/database.h"

/*
 * Writes the history of served policies: after each start all policies that are served now, and
 * from then on, at intervals, that they still are.
 */

/* For post_config, but not of the dry run: remembers the time of this start. */
void mts_history_prepare(void);

/*
 * Records the served policies, and logs which changed since the previous start: their new id must
 * be published.
 *
 * @param p scratch memory
 * @return NULL, or why they could not be recorded (see core/database/database.h)
 */
const char *mts_history_record(server_rec *main, mta_sts_database *db, apr_pool_t *p);

/* Records that the same policies are still served; otherwise as mts_history_record. */
const char *mts_history_confirm(mta_sts_database *db, apr_pool_t *p);

#endif
