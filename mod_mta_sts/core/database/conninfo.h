/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_CONNINFO_H
#define CORE_DATABASE_CONNINFO_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * How PostgreSQL is reached: KEY=VALUE words as libpq reads them (values with blanks in single
 * quotes, backslash before a quote or a backslash). libpq does the connecting; it is read here only
 * to separate what may be shown from what is secret.
 */
typedef struct mta_sts_conninfo {
    const char *shown;           /* host, port, dbname and user: "host=db dbname=reports" */
    apr_array_header_t *secrets; /* of const char *: values of all words that may be secret */
    int has_timeout;             /* whether it has a connect_timeout */
} mta_sts_conninfo;

/*
 * Reads it.
 *
 * @param p    pool of the result
 * @param info out
 * @return NULL, or in words what is wrong, without quoting any of it
 */
const char *mta_sts_conninfo_read(apr_pool_t *p, const char *text, mta_sts_conninfo *info);

#endif
