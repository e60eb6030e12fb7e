/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/report/report.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "tlsrpt/report/digest.h"

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

int tlsrpt_policy_may_omit_domain(const tlsrpt_policy *policy)
{
    return strcmp(policy->type, "no-policy-found") == 0;
}

apr_int64_t tlsrpt_count_add(apr_int64_t a, apr_int64_t b)
{
    return a > APR_INT64_MAX - b ? APR_INT64_MAX : a + b;
}
