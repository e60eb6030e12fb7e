/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/report/report.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "tlsrpt/report/digest.h"

#define DAY (86400 * APR_USEC_PER_SEC)

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The policy domains, sorted, each once. */
static apr_array_header_t *list_domains(apr_pool_t *p, const tlsrpt_report *report)
{
    apr_array_header_t *all = apr_array_make(p, report->policies->nelts, sizeof(const char *));
    apr_array_header_t *once = apr_array_make(p, report->policies->nelts, sizeof(const char *));
    int i;

    for (i = 0; i < report->policies->nelts; i++) {
        const char *domain = APR_ARRAY_IDX(report->policies, i, tlsrpt_policy).domain;

        APR_ARRAY_PUSH(all, const char *) = domain ? domain : "";
    }
    qsort(all->elts, (size_t)all->nelts, (size_t)all->elt_size, compare_strings);
    for (i = 0; i < all->nelts; i++) {
        const char *domain = APR_ARRAY_IDX(all, i, const char *);

        if (i == 0 || strcmp(domain, APR_ARRAY_IDX(all, i - 1, const char *)) != 0) {
            APR_ARRAY_PUSH(once, const char *) = domain;
        }
    }
    return once;
}

/* Hashes a text with its final NUL, which separates it from the next one. */
static void add_text(EVP_MD_CTX *digest, const char *text)
{
    tlsrpt_digest_add(digest, text, strlen(text) + 1);
}

const char *tlsrpt_report_identity(apr_pool_t *p, const tlsrpt_report *report)
{
    apr_pool_t *ptemp;
    apr_array_header_t *domains;
    EVP_MD_CTX *digest;
    const char *identity;
    int i;

    apr_pool_create(&ptemp, p);
    domains = list_domains(ptemp, report);
    digest = tlsrpt_digest_start(ptemp);
    add_text(digest, report->organization);
    add_text(digest, report->id);
    add_text(digest, apr_psprintf(ptemp, "%" APR_TIME_T_FMT, report->begin));
    add_text(digest, apr_psprintf(ptemp, "%" APR_TIME_T_FMT, report->end));
    for (i = 0; i < domains->nelts; i++) {
        add_text(digest, APR_ARRAY_IDX(domains, i, const char *));
    }
    identity = tlsrpt_digest_end(p, digest);
    apr_pool_destroy(ptemp);
    return identity;
}

static void add_optional(EVP_MD_CTX *digest, const char *text)
{
    add_text(digest, text ? "=" : "-");
    add_text(digest, text ? text : "");
}

static void add_number(EVP_MD_CTX *digest, apr_int64_t number)
{
    char text[32];

    apr_snprintf(text, sizeof(text), "%" APR_INT64_T_FMT, number);
    add_text(digest, text);
}

static void add_failure(EVP_MD_CTX *digest, const tlsrpt_failure *failure)
{
    add_text(digest, failure->result_type);
    add_optional(digest, failure->receiving_mx);
    add_optional(digest, failure->reason);
    add_optional(digest, failure->receiving_ip);
    add_optional(digest, failure->sending_ip);
    add_number(digest, failure->sessions);
}

static void add_policy(EVP_MD_CTX *digest, const tlsrpt_policy *policy)
{
    int i;

    add_optional(digest, policy->domain);
    add_text(digest, policy->type);
    add_number(digest, policy->policy->nelts);
    for (i = 0; i < policy->policy->nelts; i++) {
        add_text(digest, APR_ARRAY_IDX(policy->policy, i, const char *));
    }
    add_number(digest, policy->successful);
    add_number(digest, policy->failed);
    add_number(digest, policy->failures->nelts);
    for (i = 0; i < policy->failures->nelts; i++) {
        add_failure(digest, &APR_ARRAY_IDX(policy->failures, i, tlsrpt_failure));
    }
}

/* A digest of what a report states about sessions, independent of its encoding. */
static const char *content_of(apr_pool_t *p, const tlsrpt_report *report)
{
    EVP_MD_CTX *digest = tlsrpt_digest_start(p);
    int i;

    for (i = 0; i < report->policies->nelts; i++) {
        add_policy(digest, &APR_ARRAY_IDX(report->policies, i, tlsrpt_policy));
    }
    return tlsrpt_digest_end(p, digest);
}

const char *tlsrpt_report_key(apr_pool_t *p, const tlsrpt_report *report, const char *signer)
{
    const char *identity = tlsrpt_report_identity(p, report);
    const char *variant =
        signer ? tlsrpt_digest_of(p, signer, strlen(signer)) : content_of(p, report);
    char *key = apr_psprintf(p, "%.*s%.*s", TLSRPT_IDENTITY_DIGITS, identity,
                             TLSRPT_IDENTITY_DIGITS, variant);

    if (signer) {
        key[TLSRPT_IDENTITY_DIGITS] = TLSRPT_VARIANT_VERIFIED;
    }
    return key;
}

int tlsrpt_policy_may_omit_domain(const tlsrpt_policy *policy)
{
    return strcmp(policy->type, "no-policy-found") == 0;
}

apr_int64_t tlsrpt_count_add(apr_int64_t a, apr_int64_t b)
{
    return a > APR_INT64_MAX - b ? APR_INT64_MAX : a + b;
}

const tlsrpt_report *tlsrpt_report_limit_dates(apr_pool_t *p, const tlsrpt_report *report,
                                               apr_time_t received)
{
    tlsrpt_report *limited = apr_pmemdup(p, report, sizeof(*limited));

    if (report->begin && report->end && report->end < report->begin) {
        limited->begin = report->end;
        limited->end = report->begin;
    }
    if (!received || limited->end <= received + DAY) {
        return limited;
    }
    limited->end = received;
    if (limited->begin >= received) {
        limited->begin = (received - 1) / DAY * DAY;
    }
    return limited;
}
