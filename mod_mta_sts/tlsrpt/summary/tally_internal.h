/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SUMMARY_TALLY_INTERNAL_H
#define TLSRPT_SUMMARY_TALLY_INTERNAL_H

#include <apr_hash.h>

#include "tlsrpt/summary/allowance.h"
#include "tlsrpt/summary/summary.h"

/* Shared by tally.c, which copies the needed parts of each report, and tally_sum.c, which adds them
 * up. Until then reports are only stored, because a verified one may still replace others with its
 * identity.
 *
 * Strings are interned: equal strings have the same pointer. */

typedef struct tlsrpt_stored_failure {
    const char *result_type, *mx, *reason, *receiving_ip,
        *sending_ip; /* all except the first may be NULL */
    apr_int64_t sessions;
} tlsrpt_stored_failure;

typedef struct tlsrpt_stored_policy {
    const char *domain, *type, *policy; /* never NULL */
    apr_int64_t successful, failed;
    const tlsrpt_stored_failure *failures;
    int failure_count;
} tlsrpt_stored_policy;

/* The reports of one identity. */
typedef struct tlsrpt_stored_identity {
    struct tlsrpt_stored_report *verified; /* the first verified one, or NULL */
    int reports;                           /* number of reports that were stored */
} tlsrpt_stored_identity;

typedef struct tlsrpt_stored_report {
    const tlsrpt_stored_identity *identity;
    const char *organization;
    apr_time_t begin, end;
    int verified;
    int is_repeated; /* whether a verified report has the same contents */
    int is_folded;   /* whether names in it were replaced by TLSRPT_OTHER */
    const tlsrpt_stored_policy *policies;
    int policy_count;
} tlsrpt_stored_report;

struct tlsrpt_tally {
    apr_pool_t *p;
    apr_pool_t *ptemp; /* cleared after each report */
    const tlsrpt_filter *filter;
    apr_hash_t *texts;           /* string -> itself */
    apr_hash_t *digests;         /* digest -> tlsrpt_stored_report * */
    apr_hash_t *identities;      /* identity -> tlsrpt_stored_identity * */
    apr_hash_t *variants;        /* tlsrpt_report_key -> tlsrpt_stored_report * */
    apr_array_header_t *reports; /* of tlsrpt_stored_report * */
    apr_int64_t duplicates, conflicts, earlier;
    tlsrpt_allowance allowance; /* for the memory of the tally */
};

/* --- tally_apart.c --- */

/* Sums that are set apart: a hash of tlsrpt_apart_key -> tlsrpt_apart. */
typedef struct tlsrpt_apart_key {
    const char *domain, *organization; /* interned */
    apr_int64_t last_day;
} tlsrpt_apart_key;

tlsrpt_apart_key tlsrpt_apart_key_of(const tlsrpt_stored_report *report,
                                     const tlsrpt_stored_policy *policy);

/* Finds the sums to set apart in all reports of a tally. NULL: there are none. */
apr_hash_t *tlsrpt_tally_find_apart(const struct tlsrpt_tally *tally, apr_pool_t *p);

/* Adds these sums to a summary. */
void tlsrpt_tally_list_apart(apr_hash_t *apart, apr_pool_t *p, tlsrpt_summary *summary);

#endif
