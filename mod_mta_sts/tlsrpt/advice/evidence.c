/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/evidence.h"

#include <string.h>

int tlsrpt_evidence_counts(int is_verified)
{
    return is_verified;
}

const char *tlsrpt_evidence_name(int is_verified)
{
    return tlsrpt_evidence_counts(is_verified) ? "verified" : "unverified";
}

tlsrpt_filter tlsrpt_evidence_filter(apr_time_t since, const char *domain)
{
    return (tlsrpt_filter){.since = since, .domain = domain, .is_verified = 1};
}

int tlsrpt_evidence_is_mta_sts(const char *policy_type)
{
    return strcmp(policy_type, "tlsa") != 0;
}

int tlsrpt_evidence_is_about_enforce(const tlsrpt_policy *policy, int is_verified)
{
    return tlsrpt_evidence_counts(is_verified) && tlsrpt_evidence_is_mta_sts(policy->type) &&
           (strcmp(policy->type, "sts") == 0 || policy->failed || policy->failures->nelts);
}

int tlsrpt_evidence_days(const tlsrpt_domain *evidence, apr_time_t now)
{
    int i, count = 0;

    for (i = 0; evidence && i < evidence->days->nelts; i++) {
        const tlsrpt_day *day = &APR_ARRAY_IDX(evidence->days, i, tlsrpt_day);

        count += day->day && day->day <= now && (day->successful || day->failed);
    }
    return count;
}

/* If the policy cannot be fetched, senders deliver without it, and DANE makes them refuse in any
 * mode: that leaves problems of the mail servers, and MX hosts that are not in the policy. */
int tlsrpt_evidence_blocks_mail(const tlsrpt_explanation *explanation)
{
    return explanation->owner == TLSRPT_OWNER_MX || explanation->owner == TLSRPT_OWNER_PROVIDER ||
           strcmp(explanation->cause, "mx-not-in-policy") == 0;
}

const tlsrpt_explanation *tlsrpt_evidence_refusal(apr_pool_t *p, const char *domain,
                                                  const tlsrpt_cause *cause)
{
    const apr_array_header_t *list;
    int i;

    if (!tlsrpt_evidence_is_mta_sts(cause->policy_type)) {
        return NULL;
    }
    list = tlsrpt_explain_cause(p, domain, cause);
    for (i = 0; i < list->nelts; i++) {
        const tlsrpt_explanation *explanation = APR_ARRAY_IDX(list, i, const tlsrpt_explanation *);

        if (tlsrpt_evidence_blocks_mail(explanation)) {
            return explanation;
        }
    }
    return NULL;
}
