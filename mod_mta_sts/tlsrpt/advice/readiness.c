/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/readiness.h"

#include <string.h>

#include <apr_strings.h>

#include "core/policy/record.h"
#include "core/policy/text.h"
#include "tlsrpt/advice/readiness_deployment.h"
#include "tlsrpt/advice/readiness_failures.h"
#include "tlsrpt/advice/readiness_reports.h"

static int count(const tlsrpt_readiness *result, mta_sts_severity severity)
{
    int i, sum = 0;

    for (i = 0; i < TLSRPT_READINESS_PARTS; i++) {
        sum += mta_sts_findings_count(result->parts[i], severity);
    }
    return sum;
}

/* "1 problem has to be fixed" */
static const char *count_text(apr_pool_t *p, int number, const char *one, const char *many)
{
    return apr_psprintf(p, "%d %s", number, number == 1 ? one : many);
}

static const char *summarize(const tlsrpt_assessment *a, int errors, int warnings)
{
    apr_pool_t *p = a->p;

    switch (a->result->ready) {
    case TLSRPT_READY_YES:
        return a->is_enforced ? "mode enforce is on and safe"
                              : "ready: it is safe to switch to mode enforce";
    case TLSRPT_READY_NOT_YET:
        return apr_pstrcat(
            p, a->is_enforced ? "mode enforce is on and blocks no mail, but " : "not ready yet: ",
            count_text(p, warnings, "item is still open", "items are still open"), NULL);
    case TLSRPT_READY_NO:
        return apr_pstrcat(
            p,
            a->is_enforced ? "mode enforce is on and blocks mail: "
                           : "do not switch to mode enforce, it would block mail: ",
            count_text(p, errors, "problem has to be fixed", "problems have to be fixed"), NULL);
    default:
        return a->is_enforced ? "mode enforce is on; could not determine whether that is safe"
                              : "could not determine whether it is safe to switch to mode enforce";
    }
}

static void decide(tlsrpt_assessment *a)
{
    int errors = count(a->result, MTA_STS_ERROR);
    int warnings = count(a->result, MTA_STS_WARNING);

    a->result->ready = errors                                  ? TLSRPT_READY_NO
                       : warnings                              ? TLSRPT_READY_NOT_YET
                       : count(a->result, MTA_STS_UNKNOWN) > 0 ? TLSRPT_READY_UNKNOWN
                                                               : TLSRPT_READY_YES;
    a->result->summary = summarize(a, errors, warnings);
}

/* Whether the id in DNS is that of an earlier policy in mode enforce. */
static int announces_enforce(const tlsrpt_assessment *a)
{
    const mta_sts_check_facts *deployment = a->facts->deployment;
    const apr_array_header_t *earlier = a->policies.earlier;
    const char *id =
        deployment && deployment->record.status == MTA_STS_ANSWER_OK
            ? mta_sts_record_read(a->p, deployment->record.values, mta_sts_findings_make(a->p))
            : NULL;
    int i;

    for (i = 0; id && earlier && i < earlier->nelts; i++) {
        const mta_sts_policy *policy = APR_ARRAY_IDX(earlier, i, tlsrpt_served_policy).policy;
        apr_size_t len;
        const char *text = mta_sts_policy_render(a->p, policy, &len);

        if (policy->mode == MTA_STS_MODE_ENFORCE &&
            strcmp(mta_sts_policy_id(a->p, text, len), id) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Problems of the policy and the policy host cannot block mail as long as the id has not been
 * published. */
static void ease_policy(const tlsrpt_assessment *a)
{
    const apr_array_header_t *list = a->result->parts[TLSRPT_READINESS_POLICY]->list;
    int i;

    for (i = 0; a->limits->is_before_id && i < list->nelts; i++) {
        mta_sts_finding *finding = &APR_ARRAY_IDX(list, i, mta_sts_finding);

        finding->severity = finding->severity == MTA_STS_WARNING ? MTA_STS_INFO : finding->severity;
    }
}

tlsrpt_readiness *tlsrpt_readiness_assess(apr_pool_t *p, const tlsrpt_readiness_facts *facts,
                                          const tlsrpt_readiness_limits *limits)
{
    tlsrpt_readiness *result = apr_pcalloc(p, sizeof(*result));
    tlsrpt_assessment a = {.p = p, .facts = facts, .limits = limits, .result = result};
    int i;

    a.policies = facts->policies;
    a.policies.served = facts->served;
    a.is_enforced = facts->served && facts->served->mode == MTA_STS_MODE_ENFORCE &&
                    (!limits->is_before_id || announces_enforce(&a));
    for (i = 0; i < TLSRPT_READINESS_PARTS; i++) {
        result->parts[i] = mta_sts_findings_make(p);
    }
    tlsrpt_readiness_assess_policy(&a);
    ease_policy(&a);
    tlsrpt_readiness_assess_mxs(&a);
    tlsrpt_readiness_assess_failures(&a);
    tlsrpt_readiness_assess_reports(&a);
    if (!limits->is_before_id) { /* until then, senders use the previous policy */
        tlsrpt_readiness_assess_sender_policies(&a);
    }
    decide(&a);
    return result;
}
