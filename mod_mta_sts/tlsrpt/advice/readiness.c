/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/readiness.h"

#include <apr_strings.h>

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

tlsrpt_readiness *tlsrpt_readiness_assess(apr_pool_t *p, const tlsrpt_readiness_facts *facts,
                                          const tlsrpt_readiness_limits *limits)
{
    tlsrpt_readiness *result = apr_pcalloc(p, sizeof(*result));
    tlsrpt_assessment a = {.p = p, .facts = facts, .limits = limits, .result = result};
    int i;

    a.policies = facts->policies;
    a.policies.served = facts->served;
    a.is_enforced = facts->served && facts->served->mode == MTA_STS_MODE_ENFORCE;
    for (i = 0; i < TLSRPT_READINESS_PARTS; i++) {
        result->parts[i] = mta_sts_findings_make(p);
    }
    tlsrpt_readiness_assess_policy(&a);
    tlsrpt_readiness_assess_mxs(&a);
    tlsrpt_readiness_assess_failures(&a);
    tlsrpt_readiness_assess_reports(&a);
    tlsrpt_readiness_assess_sender_policies(&a);
    decide(&a);
    return result;
}
