/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_DATABASE_H
#define HTTPD_STATUS_DATABASE_H

#include <httpd.h>

#include "core/database/database.h"

/*
 * The database for the status page: each child process has one handle, which the first request
 * opens, and which only one request uses at a time. The parent process never opens it.
 */

/* A function that reads from the database; returns NULL, or an error (core/database/database.h). */
typedef const char *mts_status_read(mta_sts_database *db, apr_pool_t *p, void *baton);

/*
 * Opens the database, unless it is open, and calls read. After an error, the next request opens it
 * again.
 *
 * @param read may be called a second time, if the file of the database was replaced in the meantime
 * @return NULL, or what happened and what to do, allocated from r->pool
 */
const char *mts_status_database_read(request_rec *r, mts_status_read *read, void *baton);

void mts_status_database_register_hooks(void);

#endif
