/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_REPORTS_H
#define HTTPD_STATUS_REPORTS_H

#include <httpd.h>
#include <apr_hash.h>

#include "core/policy/rollout.h"
#include "httpd/policy/domains.h"
#include "httpd/status/query.h"
#include "tlsrpt/advice/fetch_answer.h"
#include "tlsrpt/advice/policy_match.h"
#include "tlsrpt/index/index.h"

/*
 * The data from the database for the status page: sums of the reports, and the history of served
 * policies. Only child processes read it, as their own user. If that fails, the page says why, and
 * shows everything else.
 */

/* The failures of a domain with the same result type, MX host and policy type. */
typedef struct mts_status_cause {
    const char *domain;
    const tlsrpt_cause *cause;
    int others; /* number of other senders without failures, if only one sender reports this cause;
                   0 on the overview */
    apr_array_header_t *fetches; /* of tlsrpt_fetch_answer: what the fetch log says about the
                                    senders; NULL on the overview */
} mts_status_cause;

#define MTS_STATUS_CAUSES_MAX 50
#define MTS_STATUS_SENDERS_MAX 50
#define MTS_STATUS_RECEIPTS_MAX 10

typedef struct mts_status_reports {
    const char *problem; /* why the rest is unknown, and what to do; NULL if it is known */
    apr_int64_t reports, unverified, successful, failed; /* in the range of the query */
    apr_int64_t verified_successful, verified_failed;    /* of those, in verified reports */
    apr_int64_t unspecified[2];  /* failed sessions without failure details, in verified reports
                                    and in unverified ones */
    apr_int64_t detailed[2];     /* failed sessions by failure details, likewise; senders may
                                    report more of them than in total */
    apr_int64_t earlier_reports; /* number of reports about days before the range; may be a lower
                                    bound */
    apr_array_header_t *apart; /* of tlsrpt_apart: sums that are not plausible, and not part of any
                                  other number */
    apr_int64_t apart_count;   /* of all */
    apr_time_t received;       /* when the latest of all reports arrived; 0: there are no reports */
    apr_array_header_t *days;  /* of tlsrpt_day */
    apr_array_header_t *senders;  /* of tlsrpt_sender; these three in the order of tlsrpt_domain */
    apr_array_header_t *causes;   /* of mts_status_cause */
    apr_array_header_t *seen;     /* of tlsrpt_seen_policy; empty on the overview */
    apr_array_header_t *receipts; /* of tlsrpt_index_report, latest first */
    apr_array_header_t *losses;   /* of mts_status_loss; not restricted to the range */
    apr_array_header_t *failing;  /* of tlsrpt_index_failing: domains with failed sessions, most
                                     failed  sessions first; empty on the page of a domain */
    mta_sts_findings *findings;   /* what is wrong with the database as a whole; empty on the page
                                     of a domain */
    tlsrpt_policies policies;     /* of the domain of the query */
    const mta_sts_rollout *rollout; /* of the policy of this domain; NULL: it has no policy, or
                                       nothing is known */
    const struct tlsrpt_readiness
        *readiness; /* of this domain for mode enforce (readiness.h); NULL: it has no policy or one
                       in mode none, or the page is that of a customer */
    int omitted_senders, omitted_causes; /* numbers of elements beyond the limits above */
    int verified_senders;                /* number of verified senders in total; they come first */
} mts_status_reports;

/* The filter of the index that corresponds to a query. */
tlsrpt_filter mts_status_filter_of(const mts_status_query *query, apr_time_t now);

/* Reads all data for a query, allocated from r->pool; never NULL. */
const mts_status_reports *mts_status_reports_of(request_rec *r, const mts_domains *domains,
                                                const mts_status_query *query, apr_time_t now);

/*
 * Reads the sessions of some domains, in the range of a query.
 *
 * @param names of const char *
 * @return name -> tlsrpt_domain with its totals, without domains for which the time budget was used
 *         up. NULL if the database cannot be read
 */
apr_hash_t *mts_status_shares_of(request_rec *r, const apr_array_header_t *names,
                                 const mts_status_query *query, apr_time_t now);

void mts_status_reports_register_hooks(void);

#endif
