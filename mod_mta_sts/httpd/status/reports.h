/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_REPORTS_H
#define HTTPD_STATUS_REPORTS_H

#include <httpd.h>
#include <apr_hash.h>

#include "httpd/policy/domains.h"
#include "httpd/status/query.h"
#include "tlsrpt/index/index.h"

/*
 * What the index of the reports tells the status page. It is read with the rights of the child, and
 * never in the parent. Whatever is wrong with it, the page shows the rest.
 */

/* Failures of one kind, at one MX host, under one type of policy, of one domain. */
typedef struct mts_status_cause {
    const char *domain; /* NULL: of several, or one of them */
    const tlsrpt_cause *cause;
    int others; /* senders without a failure, if one alone tells it; of one domain only, else 0 */
} mts_status_cause;

#define MTS_STATUS_CAUSES_MAX 50
#define MTS_STATUS_SENDERS_MAX 50
#define MTS_STATUS_RECEIPTS_MAX 10

typedef struct mts_status_reports {
    const char *problem; /* why nothing below is known, and what to do; NULL: all of it is */
    apr_int64_t reports, unverified, successful, failed; /* in the range that is asked for */
    apr_int64_t unspecified;       /* failed sessions of which no sender told a cause */
    apr_time_t received;           /* of the newest report of all times; 0: there is none */
    apr_array_header_t *days;      /* of tlsrpt_day */
    apr_array_header_t *senders;   /* of tlsrpt_sender, most sessions first */
    apr_array_header_t *causes;    /* of mts_status_cause, most sessions first */
    apr_array_header_t *seen;      /* of tlsrpt_seen, last first; of one domain only, else empty */
    apr_array_header_t *receipts;  /* of tlsrpt_index_report, last first */
    int more_senders, more_causes; /* how many are left out */
} mts_status_reports;

/* What is asked of the index. */
tlsrpt_filter mts_status_filter_of(const mts_status_query *query, apr_time_t now);

/* Gathers what a query asks for, in r->pool; never NULL. */
const mts_status_reports *mts_status_reports_of(request_rec *r, const mts_status_query *query,
                                                apr_time_t now);

/*
 * The sessions of some domains, in the range that a query asks for.
 *
 * @param names of const char *
 * @return name -> tlsrpt_domain with its totals; without those that would have taken too long. NULL
 *         if none are known
 */
apr_hash_t *mts_status_shares_of(request_rec *r, const apr_array_header_t *names,
                                 const mts_status_query *query, apr_time_t now);

void mts_status_reports_register_hooks(void);

#endif
