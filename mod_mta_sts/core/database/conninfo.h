/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_CONNINFO_H
#define CORE_DATABASE_CONNINFO_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * The connection string of PostgreSQL: KEY=VALUE pairs in the syntax of libpq (values with blanks
 * in single quotes, backslash before a quote or a backslash). libpq uses it to connect; it is
 * parsed here only to separate the parts that may be shown from secrets.
 */
typedef struct mta_sts_conninfo {
    const char *shown;           /* host, port, dbname and user: "host=db dbname=reports" */
    apr_array_header_t *secrets; /* of const char *: the values of all parameters that may be
                                    secret */
    int has_timeout;             /* whether it sets connect_timeout */
} mta_sts_conninfo;

/*
 * Parses a connection string.
 *
 * @param p    pool of the result
 * @param info out
 * @return NULL, or what is wrong, without quoting any part of the text
 */
const char *mta_sts_conninfo_read(apr_pool_t *p, const char *text, mta_sts_conninfo *info);

#endif
