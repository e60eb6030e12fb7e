/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_DATABASE_H
#define HTTPD_STATUS_DATABASE_H

#include <httpd.h>

#include "core/database/database.h"

/*
 * The index of the reports as the status page reads it: one handle for each child, opened when it
 * is asked for first and used by one request at a time. Never in the parent.
 */

/* Reads something; returns NULL, or what is wrong as core/database.h says. */
typedef const char *mts_status_read(mta_sts_database *db, apr_pool_t *p, void *baton);

/*
 * Opens the database, if it is not open, and reads in one transaction, so that all that is read
 * fits together. After an error the next request opens it anew.
 *
 * @param read may be called twice: where the file was replaced, once more with the new one
 * @return NULL, or what happened and what to do, allocated from r->pool
 */
const char *mts_status_database_read(request_rec *r, mts_status_read *read, void *baton);

void mts_status_database_register_hooks(void);

#endif
