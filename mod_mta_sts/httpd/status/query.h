/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_QUERY_H
#define HTTPD_STATUS_QUERY_H

#include <apr_pools.h>

/*
 * What is asked of the status page: the query string of its URL. Knows nothing of httpd.
 *
 *   domain=example.com   one policy domain instead of all
 *   since=7d             reports of the last 7, 30, 90 or 400 days, or "all"
 *   q=text, page=2       which policy domains are listed
 *   format=json          html, json or prometheus
 */

typedef enum mod_status_format {
    MOD_STATUS_HTML,
    MOD_STATUS_JSON,
    MOD_STATUS_PROMETHEUS,
} mod_status_format;

/* A range of reports that can be chosen. */
typedef struct mod_status_range {
    const char *name;  /* "7d" */
    const char *title; /* "7 days" */
    const char *words; /* "in the last 7 days" */
    int days;          /* whole days, today being the last; 0: all there are */
} mod_status_range;

#define MOD_STATUS_RANGES 5
extern const mod_status_range mod_status_ranges[MOD_STATUS_RANGES];

typedef struct mod_status_query {
    const char *domain; /* lower case; NULL: all. "": reports that name none */
    const char *search; /* part of a domain's name, lower case; NULL: all */
    const mod_status_range *range;
    int page; /* from 1 */
    mod_status_format format;
} mod_status_query;

/* The range if none is told. */
#define MOD_STATUS_RANGE_DEFAULT (&mod_status_ranges[1])

/*
 * Reads a query string.
 *
 * @param p     pool of the result and of the error text
 * @param args  without its question mark; NULL if there is none
 * @param query out
 * @return NULL, or a sentence: what is wrong and what is allowed. It may quote what was sent,
 *         which is then escaped as by mta_sts_text_quote
 */
const char *mod_status_query_read(apr_pool_t *p, const char *args, mod_status_query *query);

/*
 * The query string for what is asked, with "?" in front; "?" alone for what everybody sees who asks
 * for nothing. Allocated from p.
 */
const char *mod_status_query_render(apr_pool_t *p, const mod_status_query *query);

#endif
