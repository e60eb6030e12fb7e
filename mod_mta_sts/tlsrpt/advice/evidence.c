/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/evidence.h"

#include <string.h>

#include <apr_strings.h>

#include "core/policy/policy.h"
#include "tlsrpt/advice/policy_match.h"

int tlsrpt_evidence_is_mta_sts(const char *policy_type)
{
    return strcmp(policy_type, "tlsa") != 0;
}

/* Whether a sender had this policy, in mode testing or enforce. */
static int is_policy(apr_pool_t *p, const char *type, const char *lines,
                     const mta_sts_policy *served)
{
    static const mta_sts_mode modes[] = {MTA_STS_MODE_TESTING, MTA_STS_MODE_ENFORCE};
    mta_sts_policy policy = *served;
    size_t i;

    for (i = 0; i < sizeof(modes) / sizeof(modes[0]) && served->mode != MTA_STS_MODE_NONE; i++) {
        policy.mode = modes[i];
        if (tlsrpt_policy_match_compare(p, type, lines, &policy) == TLSRPT_MATCH_CURRENT) {
            return 1;
        }
    }
    return 0;
}

static int was_served(apr_pool_t *p, const tlsrpt_policy *policy, const apr_array_header_t *served)
{
    const char *lines = apr_array_pstrcat(p, policy->policy, '\n');
    int i;

    for (i = 0; *lines && i < served->nelts; i++) {
        if (is_policy(p, policy->type, lines, APR_ARRAY_IDX(served, i, const mta_sts_policy *))) {
            return 1;
        }
    }
    return 0;
}

int tlsrpt_evidence_counts(apr_pool_t *p, const tlsrpt_policy *policy, int verified,
                           const apr_array_header_t *served)
{
    if (!tlsrpt_evidence_is_mta_sts(policy->type)) {
        return 0;
    }
    /* Successful sessions without any policy do not show what mode testing would find. */
    if (verified &&
        (strcmp(policy->type, "sts") == 0 || policy->failed || policy->failures->nelts)) {
        return 1;
    }
    return was_served(p, policy, served);
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
    return explanation->owner == TLSRPT_OWNER_MX ||
           strcmp(explanation->cause, "mx-not-in-policy") == 0;
}
