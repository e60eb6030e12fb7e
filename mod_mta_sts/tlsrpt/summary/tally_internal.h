/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SUMMARY_TALLY_INTERNAL_H
#define TLSRPT_SUMMARY_TALLY_INTERNAL_H

#include <apr_hash.h>

#include "tlsrpt/summary/summary.h"

/* Shared by tally.c, which copies what is needed of each report, and tally_sum.c, which sums it up.
 * Reports are stored until then, since each may still be replaced by a better one.
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

typedef struct tlsrpt_stored_report {
    const char *organization;
    apr_time_t begin, end;
    int verified;
    const tlsrpt_stored_policy *policies;
    int policy_count;
} tlsrpt_stored_report;

struct tlsrpt_tally {
    apr_pool_t *p;
    apr_pool_t *ptemp; /* cleared after each report */
    const tlsrpt_filter *filter;
    apr_hash_t *texts;           /* text -> itself */
    apr_hash_t *digests;         /* digest -> tlsrpt_stored_report * */
    apr_hash_t *identities;      /* identity -> tlsrpt_stored_report * */
    apr_array_header_t *reports; /* of tlsrpt_stored_report * */
    apr_int64_t duplicates, conflicts;
};

#endif
