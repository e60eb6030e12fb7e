/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_HOSTING_H
#define HTTPD_UPKEEP_HOSTING_H

#include <httpd.h>

#include "httpd/upkeep/database.h"

/*
 * Synchronizes the snapshot of hosted domains with the database (core/hosting/sync.h). Used by the
 * watchdog, in one thread of one child process.
 */
typedef struct mts_hosting_work mts_hosting_work;

/* Creates the object. p: a pool of the child process, used only by the watchdog. is_ending: whether
 * the child process is stopping. */
mts_hosting_work *mts_hosting_work_make(server_rec *main, apr_pool_t *p, int (*is_ending)(void *));

/*
 * Synchronizes once. Problems are logged; until they are solved, the policies in the snapshot are
 * still served.
 *
 * @param scratch the caller clears it after this call
 */
void mts_hosting_work_run(mts_hosting_work *work, mts_database *database, apr_pool_t *scratch);

/* Closes the snapshot. */
void mts_hosting_work_close(mts_hosting_work *work);

#endif
