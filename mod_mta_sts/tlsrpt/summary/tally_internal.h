/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SUMMARY_TALLY_INTERNAL_H
#define TLSRPT_SUMMARY_TALLY_INTERNAL_H

#include <apr_hash.h>

#include "tlsrpt/summary/allowance.h"
#include "tlsrpt/summary/summary.h"

/* Shared by tally.c, which copies what is needed of each report, and tally_sum.c, which sums it up.
 * Reports are stored until then, since a verified one may still replace those of its identity.
 *
 * Texts are interned: equal texts are the same pointer. */

typedef struct tlsrpt_stored_failure {
    const char *result_type, *mx, *reason, *receiving_ip, *sending_ip; /* all but the first may be
                                                                          NULL */
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
    int reports;                           /* that were stored */
} tlsrpt_stored_identity;

typedef struct tlsrpt_stored_report {
    const tlsrpt_stored_identity *identity;
    const char *organization;
    apr_time_t begin, end;
    int verified;
    int is_repeated; /* a verified report has the same content */
    int is_folded;   /* names of it are summed up as TLSRPT_OTHER */
    const tlsrpt_stored_policy *policies;
    int policy_count;
} tlsrpt_stored_report;

struct tlsrpt_tally {
    apr_pool_t *p;
    apr_pool_t *ptemp; /* cleared after each report */
    const tlsrpt_filter *filter;
    apr_hash_t *texts;           /* text -> itself */
    apr_hash_t *digests;         /* digest -> tlsrpt_stored_report * */
    apr_hash_t *identities;      /* identity -> tlsrpt_stored_identity * */
    apr_hash_t *variants;        /* tlsrpt_report_key -> tlsrpt_stored_report * */
    apr_array_header_t *reports; /* of tlsrpt_stored_report * */
    apr_int64_t duplicates, conflicts, earlier;
    tlsrpt_allowance allowance; /* of memory */
};

/* --- tally_apart.c --- */

/* What is set apart: hash of tlsrpt_apart_key -> tlsrpt_apart. */
typedef struct tlsrpt_apart_key {
    const char *domain, *organization; /* interned */
    apr_int64_t last_day;
} tlsrpt_apart_key;

tlsrpt_apart_key tlsrpt_apart_key_of(const tlsrpt_stored_report *report,
                                     const tlsrpt_stored_policy *policy);

/* Finds it in all reports of a tally. NULL: nothing is set apart. */
apr_hash_t *tlsrpt_tally_find_apart(const struct tlsrpt_tally *tally, apr_pool_t *p);

/* Adds it to a summary. */
void tlsrpt_tally_list_apart(apr_hash_t *apart, apr_pool_t *p, tlsrpt_summary *summary);

#endif
