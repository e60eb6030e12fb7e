/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SUMMARY_SUMMARY_H
#define TLSRPT_SUMMARY_SUMMARY_H

#include <apr_hash.h>
#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "tlsrpt/report/report.h"

/* The sums of reports per policy domain, for `mta-sts report`, `mta-sts ready` and the status page.
 * A summary is computed either from reports in memory (tally.h) or from the index with SQL
 * (tlsrpt/index/index.h); both yield the same numbers. Sums are capped at 2^63-1. */

/* Selects the reports to add up; a member that is 0 or NULL selects all. */
typedef struct tlsrpt_filter {
    apr_time_t since; /* the beginning of the first day (UTC): selects reports whose date range ends
                         after it */
    const char *domain;       /* policy domain, lower case */
    const char *organization; /* compared ignoring case */
    int is_verified;          /* whether to select only verified reports, which are the evidence */
} tlsrpt_filter;

/* One day (UTC) of one policy domain. A report counts for the day on which its range begins. */
typedef struct tlsrpt_day {
    apr_time_t day; /* its beginning */
    apr_int64_t successful, failed;
    apr_int64_t verified_successful, verified_failed; /* of those, in verified reports */
} tlsrpt_day;

/* The verified reports with one organization name, or the unverified ones. Anyone can submit
 * unverified reports under any name, so the same name may have two rows. */
typedef struct tlsrpt_sender {
    const char *organization;
    int is_verified;
    apr_int64_t reports, successful, failed;
    apr_time_t last; /* end of the date range of its last report */
} tlsrpt_sender;

/* The maximum number of policies of one cause, because senders can report any number. */
#define TLSRPT_CAUSE_POLICIES_MAX 16

/* All failures with the same result type, MX host and policy type, in verified or in unverified
 * reports: one problem to fix, or to check. */
typedef struct tlsrpt_cause {
    int is_verified;
    const char *policy_type; /* as sent; "" if not specified */
    const char *result_type;
    const char *receiving_mx; /* NULL: not specified */
    apr_int64_t sessions;
    apr_time_t first, last; /* beginning of the first and end of the last report that contains such
                               a failure */
    apr_array_header_t *senders;       /* of const char *: organizations, sorted */
    apr_array_header_t *reasons;       /* of const char *: distinct reasons, sorted, at most 5 */
    apr_array_header_t *receiving_ips; /* of const char *: likewise */
    apr_array_header_t *sending_ips;   /* of const char *: likewise */
    apr_array_header_t *policies;      /* of const char *: the MTA-STS policies that its senders
                                          reported (tlsrpt_seen_policy); NULL: not known */
} tlsrpt_cause;

/* A policy as senders saw it. */
typedef struct tlsrpt_seen_policy {
    int is_verified; /* according to verified reports, or to unverified ones */
    const char *type;
    const char *policy;          /* the lines of policy-string, joined by LF; "" if none */
    apr_array_header_t *senders; /* of const char *: organizations, sorted */
    apr_int64_t sessions;        /* successful and failed */
    apr_time_t last;             /* end of the last report with it */
} tlsrpt_seen_policy;

typedef struct tlsrpt_domain {
    const char *domain;    /* "" for reports that do not specify one */
    apr_time_t begin, end; /* date range of all its reports */
    apr_int64_t reports, successful, failed;
    apr_int64_t verified, verified_successful, verified_failed; /* of those */
    apr_array_header_t *days;    /* of tlsrpt_day, by date; days without reports are left out */
    apr_array_header_t *senders; /* of tlsrpt_sender, verified ones first, then most sessions */
    apr_array_header_t *causes;  /* of tlsrpt_cause, likewise */
    apr_array_header_t *seen;    /* of tlsrpt_seen_policy, verified ones first, then last */
} tlsrpt_domain;

/* What unverified reports of one sender contain about one domain and day, if that is not plausible
 * (tlsrpt/summary/plausible.h): it is set apart, and not part of any sum or list. */
typedef struct tlsrpt_apart {
    const char *domain, *organization;
    apr_time_t day; /* the last day of the date range; -1 day: not specified */
    apr_int64_t successful, failed;
} tlsrpt_apart;

#define TLSRPT_APART_MAX 20 /* in a list */

typedef struct tlsrpt_summary {
    apr_array_header_t *domains; /* of tlsrpt_domain *: most failed sessions in verified reports
                                    first, then in all reports, then by name */
    apr_int64_t reports;         /* reports that count: one for each variant (tlsrpt_report_key) */
    apr_int64_t duplicates;      /* repeated reports that were not counted */
    apr_int64_t conflicts;       /* reports that do not count because another report with the same
                                    identity but different bytes does */
    apr_int64_t unverified;      /* of those counted */
    apr_int64_t earlier;         /* reports that do not count because they are about days before
                                    filter->since; from the index, this may be a lower bound */
    apr_int64_t folded; /* of those counted, reports in which names were replaced by TLSRPT_OTHER
                           (fold.h); from the index always 0, as this is not known */
    apr_int64_t successful, failed;
    apr_array_header_t *apart; /* of tlsrpt_apart: most sessions first, at most TLSRPT_APART_MAX */
    apr_int64_t apart_count;   /* of all */
} tlsrpt_summary;

/* The number of successful sessions after a failure: on the days after the last report that
 * contains it. For a failure in verified reports, only sessions in verified reports are counted.
 * They suggest that the failure has been fixed, but do not prove it.
 *
 * @param days of tlsrpt_day: those of the same domain
 * @return the number of sessions; 0 also if the time of the failure is unknown
 */
apr_int64_t tlsrpt_secure_since(const apr_array_header_t *days, const tlsrpt_cause *cause);

/* If only one sender reports a failure, the number of other senders that delivered without any
 * failure. For a failure in verified reports, only verified reports are considered.
 *
 * @param senders of tlsrpt_sender: all senders of the same domain
 * @return their number; 0 if other senders report the failure as well, or if there are too few to
 *         be significant
 */
int tlsrpt_others_without_failure(const apr_array_header_t *senders, const tlsrpt_cause *cause);

/* The number of failed sessions of a domain according to the failure details in verified reports,
 * or in unverified ones. Senders count details separately, so this may differ from the totals. */
apr_int64_t tlsrpt_domain_detailed(const tlsrpt_domain *domain, int is_verified);

/* Sets the policies of each cause to those that its senders reported. */
void tlsrpt_domain_join_policies(apr_pool_t *p, tlsrpt_domain *domain);

/* The orders described above, for qsort(); no two rows of a list compare equal. */
int tlsrpt_order_domains(const tlsrpt_domain *a, const tlsrpt_domain *b);
int tlsrpt_order_days(const tlsrpt_day *a, const tlsrpt_day *b);
int tlsrpt_order_senders(const tlsrpt_sender *a, const tlsrpt_sender *b);
int tlsrpt_order_causes(const tlsrpt_cause *a, const tlsrpt_cause *b);
int tlsrpt_order_apart(const tlsrpt_apart *a, const tlsrpt_apart *b);
int tlsrpt_order_seen_policies(const tlsrpt_seen_policy *a, const tlsrpt_seen_policy *b);

#endif
