/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_HISTORY_H
#define HTTPD_UPKEEP_HISTORY_H

#include <httpd.h>

#include "core/database/database.h"

/*
 * The history of served policies, as this server writes it: once after each start all that it
 * serves now, and from then on that it still does.
 */

/* Hook function for the post_config of a start that counts: notes when it was. */
void mts_history_prepare(void);

/*
 * Notes what is served, and logs what changed since the start before: a new id is to be published.
 *
 * @param p scratch memory
 * @return NULL, or why it could not be noted (see core/database.h)
 */
const char *mts_history_note(server_rec *main, mta_sts_database *db, apr_pool_t *p);

/* Notes that the same is served still; otherwise as mts_history_note. */
const char *mts_history_note_again(mta_sts_database *db, apr_pool_t *p);

#endif
