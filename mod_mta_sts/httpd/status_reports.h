/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MOD_STATUS_REPORTS_H
#define MOD_STATUS_REPORTS_H

#include <httpd.h>
#include <apr_hash.h>

#include "httpd/domains.h"
#include "httpd/status_query.h"
#include "tlsrpt/summary.h"

/*
 * What the index of the reports tells the status page. It is read with the rights of the child, and
 * never in the parent. Whatever is wrong with it, the page shows the rest.
 */

/* The sessions of one policy domain. */
typedef struct mod_status_share {
    const char *domain; /* "": reports that name none */
    apr_int64_t successful, failed;
} mod_status_share;

/* Failures of one kind, at one MX host, of one domain. */
typedef struct mod_status_cause {
    const char *domain;
    const tlsrpt_cause *cause;
} mod_status_cause;

/* One report as it came. */
typedef struct mod_status_receipt {
    const char *organization;
    const char *report_id;
    apr_time_t received, begin, end;
    int verified;
    apr_int64_t successful, failed; /* of the domain that is asked for, or of all */
} mod_status_receipt;

#define MOD_STATUS_CAUSES_MAX 20
#define MOD_STATUS_SENDERS_MAX 50
#define MOD_STATUS_RECEIPTS_MAX 20

typedef struct mod_status_reports {
    const char *problem; /* why nothing below is known; NULL: all of it is */
    const char *fix;     /* what to do about it */
    apr_int64_t reports, unverified, successful, failed; /* in the range that is asked for */
    apr_time_t received;           /* of the newest report of all times; 0: there is none */
    apr_array_header_t *days;      /* of tlsrpt_day */
    apr_array_header_t *senders;   /* of tlsrpt_sender, most sessions first */
    apr_array_header_t *causes;    /* of mod_status_cause, most sessions first */
    apr_array_header_t *seen;      /* of tlsrpt_seen, last first; of one domain only, else empty */
    apr_array_header_t *receipts;  /* of mod_status_receipt, last first */
    int more_senders, more_causes; /* how many are left out */
} mod_status_reports;

/* Gathers what a query asks for, in r->pool; never NULL. */
const mod_status_reports *mod_status_reports_of(request_rec *r, const mod_status_query *query,
                                                apr_time_t now);

/*
 * The sessions of some domains.
 *
 * @param names of const char *
 * @return domain -> mod_status_share; NULL if they are not known
 */
apr_hash_t *mod_status_shares_of(request_rec *r, const apr_array_header_t *names, apr_time_t since);

/* What became of sessions: "success"; the registered result types; "other" for all other types;
 * "not-told" for failed sessions without details. */
#define MOD_STATUS_RESULTS 14
extern const char *const mod_status_results[MOD_STATUS_RESULTS];

/* The sessions of one policy domain, or ("other") of all that have no policy here, by result. */
typedef struct mod_status_series {
    const char *domain;
    apr_int64_t sessions[MOD_STATUS_RESULTS];
    apr_time_t received; /* of its last report; 0: not known */
} mod_status_series;

#define MOD_STATUS_SERIES_MAX 500 /* domains */

/*
 * The domains with most failed sessions, then those with most sessions.
 *
 * @param left_out out: how many domains with policies are not among them
 * @return array of mod_status_series; NULL if they are not known
 */
apr_array_header_t *mod_status_series_of(request_rec *r, const mod_domains *domains,
                                         const mod_status_query *query, apr_time_t now,
                                         int *left_out);

void mod_status_reports_register_hooks(void);

#endif
