/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_LIST_H
#define CORE_HOSTING_LIST_H

#include "core/hosting/lookup.h"

/* The domains in the snapshot, page by page: there may be a million of them. */
typedef struct mta_sts_list_row {
    const char *domain;
    const char *text, *id;   /* the policy that is served; NULL: none */
    const char *wrong, *fix; /* why the row is wrong, and what to do; NULL: it is right */
} mta_sts_list_row;

typedef struct mta_sts_list_query {
    const char *part; /* of the domain's name, in lower case; NULL: all */
    int only_wrong;   /* only wrong rows */
} mta_sts_list_query;

/*
 * Reads a page of the list, sorted by domain.
 *
 * @param skip  how many rows come before the page
 * @param limit at most so many rows
 * @param p     pool of the rows
 * @param rows  out: array of mta_sts_list_row
 * @return NULL, or why the snapshot cannot be read; valid until its next use
 */
const char *mta_sts_list_page(mta_sts_lookup *lookup, const mta_sts_list_query *query,
                              apr_int64_t skip, int limit, apr_pool_t *p,
                              apr_array_header_t **rows);

/* Counts the rows of the whole list. */
const char *mta_sts_list_count(mta_sts_lookup *lookup, const mta_sts_list_query *query,
                               apr_int64_t *count);

/* Reads one row; row->domain is NULL if there is none. */
const char *mta_sts_list_find(mta_sts_lookup *lookup, const char *domain, apr_pool_t *p,
                              mta_sts_list_row *row);

#endif
