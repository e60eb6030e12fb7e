/* SPDX-License-Identifier: Apache-2.0 */
#include "core/check/judge.h"

#include <apr_strings.h>

mta_sts_findings *mta_sts_judge_section(mta_sts_judge *judge, mta_sts_check_part part,
                                        const char *subject)
{
    mta_sts_check_section *section = apr_array_push(judge->result->sections);

    section->part = part;
    section->subject = subject;
    section->findings = mta_sts_findings_make(judge->p);
    section->enforce = MTA_STS_SAFETY_UNKNOWN;
    section->trouble = NULL;
    return section->findings;
}

const char *mta_sts_judge_answer_note(apr_pool_t *p, const mta_sts_answer *answer)
{
    static const char *const dnssec[] = {
        [MTA_STS_DNSSEC_UNKNOWN] = "",
        [MTA_STS_DNSSEC_INSECURE] = ", not signed by DNSSEC",
        [MTA_STS_DNSSEC_SECURE] = ", DNSSEC secure",
    };

    return apr_psprintf(p, "TTL %u s%s", answer->ttl, dnssec[answer->dnssec]);
}

void mta_sts_judge_lower_severity(mta_sts_findings *findings, int index, mta_sts_severity from,
                                  mta_sts_severity to)
{
    for (; index < findings->list->nelts; index++) {
        mta_sts_finding *finding = &APR_ARRAY_IDX(findings->list, index, mta_sts_finding);

        if (finding->severity == from) {
            finding->severity = to;
        }
    }
}
