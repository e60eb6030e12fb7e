/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/summary/summary.h"

#include <string.h>

apr_int64_t tlsrpt_secure_since(const apr_array_header_t *days, const tlsrpt_cause *cause)
{
    apr_int64_t secure = 0;
    int i;

    for (i = 0; cause->last && i < days->nelts; i++) {
        const tlsrpt_day *day = &APR_ARRAY_IDX(days, i, tlsrpt_day);

        if (day->day >= cause->last && day->day > cause->first) {
            secure = tlsrpt_count_add(secure, cause->is_verified ? day->verified_successful
                                                                 : day->successful);
        }
    }
    return secure;
}

int tlsrpt_others_without_failure(const apr_array_header_t *senders, const tlsrpt_cause *cause)
{
    int i, count = 0;

    for (i = 0; i < senders->nelts; i++) {
        const tlsrpt_sender *sender = &APR_ARRAY_IDX(senders, i, tlsrpt_sender);

        count += sender->successful > 0 && !sender->failed &&
                 (sender->is_verified || !cause->is_verified);
    }
    return cause->senders->nelts == 1 && count > 1 ? count : 0;
}

/* Whether two lists of names have one in common. */
static int is_common(const apr_array_header_t *some, const apr_array_header_t *others)
{
    int i, j;

    for (i = 0; i < some->nelts; i++) {
        for (j = 0; j < others->nelts; j++) {
            if (strcmp(APR_ARRAY_IDX(some, i, const char *),
                       APR_ARRAY_IDX(others, j, const char *)) == 0) {
                return 1;
            }
        }
    }
    return 0;
}

apr_int64_t tlsrpt_domain_detailed(const tlsrpt_domain *domain, int is_verified)
{
    apr_int64_t sum = 0;
    int i;

    for (i = 0; i < domain->causes->nelts; i++) {
        const tlsrpt_cause *cause = &APR_ARRAY_IDX(domain->causes, i, tlsrpt_cause);

        sum = !cause->is_verified == !is_verified ? tlsrpt_count_add(sum, cause->sessions) : sum;
    }
    return sum;
}

void tlsrpt_domain_join_policies(apr_pool_t *p, tlsrpt_domain *domain)
{
    int i, j;

    for (i = 0; i < domain->causes->nelts; i++) {
        tlsrpt_cause *cause = &APR_ARRAY_IDX(domain->causes, i, tlsrpt_cause);

        cause->policies = apr_array_make(p, 1, sizeof(const char *));
        for (j = 0; j < domain->seen->nelts && cause->policies->nelts < TLSRPT_CAUSE_POLICIES_MAX;
             j++) {
            const tlsrpt_seen_policy *seen = &APR_ARRAY_IDX(domain->seen, j, tlsrpt_seen_policy);

            if (strcmp(seen->type, "sts") == 0 && *seen->policy &&
                seen->is_verified == cause->is_verified &&
                is_common(seen->senders, cause->senders)) {
                APR_ARRAY_PUSH(cause->policies, const char *) = seen->policy;
            }
        }
    }
}

#define ORDER(a, b) ((a) < (b) ? -1 : (a) > (b))

static int order_texts(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

int tlsrpt_order_domains(const tlsrpt_domain *a, const tlsrpt_domain *b)
{
    int order = ORDER(b->verified_failed, a->verified_failed);

    order = order ? order : ORDER(b->failed, a->failed);
    return order ? order : strcmp(a->domain, b->domain);
}

int tlsrpt_order_days(const tlsrpt_day *a, const tlsrpt_day *b)
{
    return ORDER(a->day, b->day);
}

int tlsrpt_order_senders(const tlsrpt_sender *a, const tlsrpt_sender *b)
{
    int order = ORDER(b->is_verified, a->is_verified);

    order = order ? order
                  : ORDER(tlsrpt_count_add(b->successful, b->failed),
                          tlsrpt_count_add(a->successful, a->failed));
    return order ? order : strcmp(a->organization, b->organization);
}

int tlsrpt_order_causes(const tlsrpt_cause *a, const tlsrpt_cause *b)
{
    int order = ORDER(b->is_verified, a->is_verified);

    order = order ? order : ORDER(b->sessions, a->sessions);
    order = order ? order : strcmp(a->result_type, b->result_type);
    order = order ? order : order_texts(a->receiving_mx, b->receiving_mx);
    return order ? order : strcmp(a->policy_type, b->policy_type);
}

int tlsrpt_order_apart(const tlsrpt_apart *a, const tlsrpt_apart *b)
{
    int order = ORDER(tlsrpt_count_add(b->successful, b->failed),
                      tlsrpt_count_add(a->successful, a->failed));

    order = order ? order : ORDER(b->day, a->day);
    order = order ? order : strcmp(a->domain, b->domain);
    return order ? order : strcmp(a->organization, b->organization);
}

int tlsrpt_order_seen_policies(const tlsrpt_seen_policy *a, const tlsrpt_seen_policy *b)
{
    int order = ORDER(b->is_verified, a->is_verified);

    order = order ? order : ORDER(b->last, a->last);
    order = order ? order : ORDER(b->sessions, a->sessions);
    order = order ? order : strcmp(a->type, b->type);
    return order ? order : strcmp(a->policy, b->policy);
}
