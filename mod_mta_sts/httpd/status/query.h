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

typedef enum mts_status_format {
    MTS_STATUS_HTML,
    MTS_STATUS_JSON,
    MTS_STATUS_PROMETHEUS,
} mts_status_format;

/* A range of reports that can be chosen. */
typedef struct mts_status_range {
    const char *name;  /* "7d" */
    const char *title; /* "7 days" */
    const char *words; /* "in the last 7 days" */
    int days;          /* whole days, today being the last; 0: all there are */
} mts_status_range;

#define MTS_STATUS_RANGES 5
extern const mts_status_range mts_status_ranges[MTS_STATUS_RANGES];

typedef struct mts_status_query {
    const char *domain; /* lower case; NULL: all. "": reports that name none */
    const char *search; /* part of a domain's name, lower case; NULL: all */
    const mts_status_range *range;
    int page; /* from 1 */
    mts_status_format format;
} mts_status_query;

/* The range if none is told. */
#define MTS_STATUS_RANGE_DEFAULT (&mts_status_ranges[1])

/*
 * Reads a query string.
 *
 * @param p     pool of the result and of the error text
 * @param args  without its question mark; NULL if there is none
 * @param query out
 * @return NULL, or a sentence: what is wrong and what is allowed. It may quote what was sent,
 *         which is then escaped as by mta_sts_text_quote
 */
const char *mts_status_query_read(apr_pool_t *p, const char *args, mts_status_query *query);

/*
 * The query string for what is asked, with "?" in front; "?" alone for what everybody sees who asks
 * for nothing. Allocated from p.
 */
const char *mts_status_query_render(apr_pool_t *p, const mts_status_query *query);

#endif
