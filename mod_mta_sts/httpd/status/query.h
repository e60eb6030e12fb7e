/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_QUERY_H
#define HTTPD_STATUS_QUERY_H

#include <apr_pools.h>

/*
 * The query string of the status page. Does not depend on httpd.
 *
 *   domain=example.com   one policy domain instead of the overview
 *   since=7d             reports about the last 7, 30, 90 or 400 days, or "all"
 *   show=failing         the list of policy domains: all, failing, no-certificate, hosted or wrong
 *   q=text, page=2       substring of domain names, and the page of the list
 *   format=json          html, json or prometheus
 *   report=ab12...       the report with this digest, as received; excludes all others
 */

typedef enum mts_status_format {
    MTS_STATUS_HTML,
    MTS_STATUS_JSON,
    MTS_STATUS_PROMETHEUS,
} mts_status_format;

/* Which policy domains are listed. */
typedef enum mts_status_show {
    MTS_STATUS_SHOW_WORST, /* the overview, with only the worst ones */
    MTS_STATUS_SHOW_ALL,
    MTS_STATUS_SHOW_FAILING,        /* those with failed sessions in the range */
    MTS_STATUS_SHOW_NO_CERTIFICATE, /* those without a certificate, or with an expired one */
    MTS_STATUS_SHOW_HOSTED,         /* hosted domains */
    MTS_STATUS_SHOW_WRONG,          /* hosted domains whose rows are not valid */
} mts_status_show;

/* A range of reports. */
typedef struct mts_status_range {
    const char *name;  /* "7d" */
    const char *title; /* "7 days" */
    const char *text;  /* "in the last 7 days" */
    int days;          /* whole days (UTC) including today; 0: no limit */
} mts_status_range;

#define MTS_STATUS_RANGES 5
extern const mts_status_range mts_status_ranges[MTS_STATUS_RANGES];

typedef struct mts_status_query {
    const char *domain; /* lower case; NULL: no domain; "": reports that name no domain */
    const char *search; /* substring of the names of domains, lower case; NULL: no restriction */
    const mts_status_range *range;
    mts_status_show show;
    int page;           /* from 1 */
    const char *report; /* the digest of a report: 64 lower-case hex digits; NULL: no report is
                           requested */
    mts_status_format format;
    int is_in_path; /* whether the domain is in the path of the URL instead of the query string: the
                       page of a customer, which contains nothing about other domains or about the
                       machine */
} mts_status_query;

/* The range that applies without since=. */
#define MTS_STATUS_RANGE_DEFAULT (&mts_status_ranges[1])

/*
 * Parses a query string.
 *
 * @param p     pool of the result and of the error text
 * @param args  the query string without the question mark, or NULL
 * @param query out; after an error, the values that could be parsed
 * @return NULL, or a sentence that says what is wrong and what is allowed. It quotes values with
 *         mta_sts_text_quote
 */
const char *mts_status_query_read(apr_pool_t *p, const char *args, mts_status_query *query);

/*
 * Converts the query to that of a customer's page (handler mta-sts-domain-status).
 *
 * @param name the last segment of the path: must be a policy domain in canonical form, so that each
 *             domain has only one path, to which the admin restricts access
 * @return NULL, or a sentence as above, also if the query string contains anything that is not
 *         allowed there
 */
const char *mts_status_query_own(apr_pool_t *p, const char *name, mts_status_query *query);

/* Whether the query asks for the list of policy domains instead of the overview. */
int mts_status_query_is_list(const mts_status_query *query);

/* Whether the query asks for the list of hosted domains. */
int mts_status_query_is_hosted(const mts_status_query *query);

/* The value of show=, or NULL for the overview. */
const char *mts_status_query_show_name(const mts_status_query *query);

/* The query string, beginning with "?"; only "?" for the overview. Allocated from p. */
const char *mts_status_query_render(apr_pool_t *p, const mts_status_query *query);

#endif
