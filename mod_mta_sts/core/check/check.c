/* SPDX-License-Identifier: Apache-2.0 */
#include "core/check/check.h"

#include <apr_strings.h>

#include "core/check/judge.h"

const char *mta_sts_check_part_name(mta_sts_check_part part)
{
    static const char *const names[] = {
        [MTA_STS_CHECK_DNS] = "dns",       [MTA_STS_CHECK_POLICY_HOST] = "policy-host",
        [MTA_STS_CHECK_POLICY] = "policy", [MTA_STS_CHECK_MX] = "mx",
        [MTA_STS_CHECK_TLSRPT] = "tlsrpt",
    };

    return names[part];
}

const char *mta_sts_outcome_name(mta_sts_outcome outcome)
{
    static const char *const names[] = {
        [MTA_STS_OUTCOME_DELIVERS] = "delivers", [MTA_STS_OUTCOME_PARTLY] = "partly",
        [MTA_STS_OUTCOME_REFUSES] = "refuses",   [MTA_STS_OUTCOME_UNPROTECTED] = "unprotected",
        [MTA_STS_OUTCOME_NO_MAIL] = "no-mail",   [MTA_STS_OUTCOME_UNKNOWN] = "unknown",
    };

    return names[outcome];
}

const char *mta_sts_safety_name(mta_sts_safety safety)
{
    static const char *const names[] = {
        [MTA_STS_SAFETY_YES] = "yes",
        [MTA_STS_SAFETY_NO] = "no",
        [MTA_STS_SAFETY_UNKNOWN] = "unknown",
    };

    return names[safety];
}

/* The worst severity of all findings. MTA_STS_WARNING and MTA_STS_ERROR outrank MTA_STS_UNKNOWN. */
static mta_sts_severity worst(const mta_sts_check_result *result)
{
    static const mta_sts_severity order[] = {MTA_STS_ERROR, MTA_STS_WARNING, MTA_STS_UNKNOWN};
    size_t i;
    int j;

    for (i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        for (j = 0; j < result->sections->nelts; j++) {
            const mta_sts_check_section *section =
                &APR_ARRAY_IDX(result->sections, j, mta_sts_check_section);

            if (mta_sts_findings_count(section->findings, order[i])) {
                return order[i];
            }
        }
    }
    return MTA_STS_OK;
}

mta_sts_check_result *mta_sts_check_judge(apr_pool_t *p, const mta_sts_check_facts *facts,
                                          const mta_sts_check_limits *limits)
{
    mta_sts_check_result *result = apr_pcalloc(p, sizeof(*result));
    mta_sts_judge judge = {.p = p, .facts = facts, .limits = limits, .result = result};

    result->domain = facts->domain;
    result->sections = apr_array_make(p, 8, sizeof(mta_sts_check_section));
    mta_sts_judge_dns(&judge);
    if (mta_sts_judge_is_unknown(facts)) {
        mta_sts_judge_verdict(&judge);
        result->severity = worst(result);
        return result;
    }
    mta_sts_judge_policy_host(&judge);
    mta_sts_judge_policy(&judge);
    mta_sts_judge_mxs(&judge);
    mta_sts_judge_tlsrpt(&judge);
    mta_sts_judge_verdict(&judge);
    result->policy = judge.policy_reachable && judge.policy_valid ? judge.policy : NULL;
    result->severity = worst(result);
    return result;
}
