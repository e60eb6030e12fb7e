/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_HOSTING_H
#define HTTPD_UPKEEP_HOSTING_H

#include <httpd.h>

#include "httpd/upkeep/database.h"

/*
 * Brings the snapshot of hosted domains up to date with the database (core/hosting/sync.h). Used by
 * the watchdog, in one thread of one child.
 */
typedef struct mts_hosting_work mts_hosting_work;

/* p: of the child, used only by the watchdog. */
mts_hosting_work *mts_hosting_work_make(server_rec *main, apr_pool_t *p, int (*is_ending)(void *));

/*
 * Syncs once. What goes wrong is logged; what is known is served meanwhile.
 *
 * @param scratch cleared after this call
 */
void mts_hosting_work_run(mts_hosting_work *work, mts_database *database, apr_pool_t *scratch);

/* Closes the snapshot. */
void mts_hosting_work_close(mts_hosting_work *work);

#endif
