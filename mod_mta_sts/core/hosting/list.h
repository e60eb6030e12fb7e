/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_LIST_H
#define CORE_HOSTING_LIST_H

#include "core/hosting/lookup.h"

/* Lists the domains in the snapshot page by page, because there may be a million of them. */
typedef struct mta_sts_list_row {
    const char *domain;
    const char *text, *id;   /* the policy that is served; both NULL: none */
    const char *wrong, *fix; /* why the row is not valid, and what to do; both NULL: it is valid */
} mta_sts_list_row;

typedef struct mta_sts_list_query {
    const char *part; /* substring of the domains to list, in lower case; NULL: all domains */
    int only_wrong;   /* whether to list only rows that are not valid */
} mta_sts_list_query;

/*
 * Reads a page of the list, sorted by domain.
 *
 * @param skip  number of rows before the page
 * @param limit maximum number of rows
 * @param p     pool of the rows
 * @param rows  out: array of mta_sts_list_row
 * @return NULL, or why the snapshot cannot be read; valid until the next call with this lookup
 */
const char *mta_sts_list_page(mta_sts_lookup *lookup, const mta_sts_list_query *query,
                              apr_int64_t skip, int limit, apr_pool_t *p,
                              apr_array_header_t **rows);

/* Counts the rows on all pages. Result: as for mta_sts_list_page, like that of the function
 * below. */
const char *mta_sts_list_count(mta_sts_lookup *lookup, const mta_sts_list_query *query,
                               apr_int64_t *count);

/* Reads one row, allocated from p; row->domain is NULL if there is none. */
const char *mta_sts_list_find(mta_sts_lookup *lookup, const char *domain, apr_pool_t *p,
                              mta_sts_list_row *row);

#endif
