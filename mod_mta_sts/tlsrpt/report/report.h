/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_REPORT_REPORT_H
#define TLSRPT_REPORT_REPORT_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

/*
 * One TLS report (RFC 8460 section 4.4): what one reporter states about the sessions of one day.
 * Anyone may have sent it: its contents are bounded, but cannot be trusted. Strings are valid UTF-8
 * without NUL, but may contain anything else, so code that shows them must escape them.
 */

/* Failed sessions of one kind (RFC 8460 section 4.3). A string that is not specified is NULL. */
typedef struct tlsrpt_failure {
    const char *result_type; /* as sent; "" if not specified */
    apr_int64_t sessions;
    const char *sending_ip;
    const char *receiving_mx;
    const char *receiving_helo;
    const char *receiving_ip;
    const char *reason;      /* failure-reason-code: free text */
    const char *information; /* additional-information: should be a URI */
} tlsrpt_failure;

/* What the reporter states about one policy, which is that of one policy domain. */
typedef struct tlsrpt_policy {
    const char *type;       /* "sts", "tlsa", "no-policy-found", or as sent; "" if not specified */
    const char *domain;     /* lower case, no trailing dot; NULL if not specified */
    apr_array_header_t *mx; /* of const char * */
    apr_array_header_t *policy;   /* of const char *: policy-string, one element per line */
    apr_int64_t successful;       /* sessions, 0..2^63-1 */
    apr_int64_t failed;           /* likewise */
    apr_array_header_t *failures; /* of tlsrpt_failure; their sum may exceed `failed` */
} tlsrpt_policy;

typedef struct tlsrpt_report {
    const char *organization;     /* "" if not specified */
    const char *contact;          /* NULL if not specified */
    const char *id;               /* "" if not specified; not globally unique */
    apr_time_t begin, end;        /* 0 if not specified */
    apr_array_header_t *policies; /* of tlsrpt_policy; may be empty */
} tlsrpt_report;

/* The sum of two counts (0..2^63-1), limited to 2^63-1. */
apr_int64_t tlsrpt_count_add(apr_int64_t a, apr_int64_t b);

/* Whether a policy without a policy domain may be about the domain to which the report was sent:
 * Postfix omits the domain if it found no policy. */
int tlsrpt_policy_may_omit_domain(const tlsrpt_policy *policy);

/*
 * Returns the report with the date range by which it is added up, in order. Sessions cannot be
 * later than the report itself: a range that ends more than a day after the receipt is made to end
 * at the receipt, because otherwise the report could be part of every period for years.
 *
 * @param p        pool of the result, which shares all other members with the report
 * @param received time of receipt, in microseconds since 1970; 0: unknown, and the range is not
 *                 limited
 */
const tlsrpt_report *tlsrpt_report_limit_dates(apr_pool_t *p, const tlsrpt_report *report,
                                               apr_time_t received);

/*
 * Identifies a report independently of how it was delivered: by its organization, id, date range
 * and policy domains (in any order). Returns 64 hex digits, allocated from p.
 */
const char *tlsrpt_report_identity(apr_pool_t *p, const tlsrpt_report *report);

/*
 * Anyone can submit a report with the identity of another one. Therefore each variant of an
 * identity counts once: the verified reports of one signer, or the unverified ones with the same
 * contents. While an identity has a verified variant, unverified ones do not count.
 *
 * The key of a variant: the first TLSRPT_IDENTITY_DIGITS digits of the identity, and as many
 * characters for the variant, of which the first is TLSRPT_VARIANT_VERIFIED in verified reports and
 * a hex digit, which sorts before it, in others.
 *
 * @param signer the domain that signed the report; NULL: unverified
 */
const char *tlsrpt_report_key(apr_pool_t *p, const tlsrpt_report *report, const char *signer);

/* 128 bits are enough to distinguish identities and variants; the index stores both for each
 * report. */
#define TLSRPT_IDENTITY_DIGITS 32
#define TLSRPT_VARIANT_VERIFIED 'v'

#endif
