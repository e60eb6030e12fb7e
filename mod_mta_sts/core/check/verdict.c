/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <apr_strings.h>

#include "core/check/judge.h"

static void set(mta_sts_judge *judge, mta_sts_outcome outcome, const char *summary)
{
    judge->result->verdict.outcome = outcome;
    judge->result->verdict.summary = summary;
}

/* Where mail goes nowhere at all, policy or not. Returns whether that is so. */
static int judge_delivery(mta_sts_judge *judge)
{
    const mta_sts_check_facts *facts = judge->facts;

    if (facts->mxs->nelts) {
        return 0;
    }
    switch (facts->mx.status) {
    case MTA_STS_ANSWER_TIMEOUT:
    case MTA_STS_ANSWER_NOT_QUERIED:
        set(judge, MTA_STS_OUTCOME_UNKNOWN, "may or may not deliver: the MX lookup timed out");
        break;
    case MTA_STS_ANSWER_BOGUS:
    case MTA_STS_ANSWER_SERVFAIL:
        set(judge, MTA_STS_OUTCOME_REFUSES, "cannot deliver: the MX lookup fails");
        break;
    case MTA_STS_ANSWER_NXDOMAIN:
        set(judge, MTA_STS_OUTCOME_NO_MAIL, "cannot deliver: the domain does not exist in DNS");
        break;
    default:
        set(judge, MTA_STS_OUTCOME_NO_MAIL, "does not deliver: the domain accepts no mail");
        break;
    }
    return 1;
}

/* Why senders see no policy, or NULL if they see one. */
static const char *find_gap(const mta_sts_judge *judge)
{
    if (judge->facts->record.status == MTA_STS_ANSWER_TIMEOUT) {
        return "the lookup of the MTA-STS record timed out";
    }
    if (!judge->record_id) {
        return "there is no valid MTA-STS record";
    }
    if (!judge->policy_reachable) {
        return "the policy cannot be fetched";
    }
    return judge->policy_valid ? NULL : "the policy is not valid";
}

static int is_unknown_gap(const mta_sts_judge *judge)
{
    return judge->facts->record.status == MTA_STS_ANSWER_TIMEOUT ||
           (judge->record_id && judge->policy_unknown);
}

static void judge_mxs(mta_sts_judge *judge)
{
    apr_pool_t *p = judge->p;
    int all = judge->facts->mxs->nelts;
    const char *why = judge->bad_mx ? apr_psprintf(p, "%s: %s", judge->bad_mx, judge->bad_reason)
                                    : "the MX hosts could not be probed";

    if (judge->mx_good == all) {
        set(judge, MTA_STS_OUTCOME_DELIVERS, "delivers over verified TLS to every MX host");
    }
    else if (judge->mx_usable || (judge->mx_unknown && judge->bad_mx)) {
        set(judge, MTA_STS_OUTCOME_PARTLY,
            apr_psprintf(p, "delivers to some MX hosts at most: %s", why));
    }
    else if (judge->mx_unknown) {
        set(judge, MTA_STS_OUTCOME_UNKNOWN,
            apr_psprintf(p, "may or may not deliver: the MX hosts %s",
                         judge->facts->smtp == MTA_STS_CHECK_SMTP_SKIPPED ? "were not probed"
                                                                          : "could not be probed"));
    }
    else {
        set(judge, MTA_STS_OUTCOME_REFUSES, apr_psprintf(p, "refuses to deliver: %s", why));
    }
}

static void advise(mta_sts_judge *judge, mta_sts_safety safety, const char *advice)
{
    judge->result->verdict.enforce = safety;
    judge->result->verdict.advice = advice;
}

static void judge_enforce(mta_sts_judge *judge)
{
    int on = judge->policy->mode == MTA_STS_MODE_ENFORCE;

    switch (judge->result->verdict.outcome) {
    case MTA_STS_OUTCOME_DELIVERS:
        advise(judge, MTA_STS_SAFETY_YES,
               on ? "mode enforce is on, and safe" : "it is safe to change to mode enforce");
        break;
    case MTA_STS_OUTCOME_UNKNOWN:
        advise(judge, MTA_STS_SAFETY_UNKNOWN,
               on ? "mode enforce is on; could not determine whether it is safe"
                  : "could not determine whether mode enforce is safe");
        break;
    case MTA_STS_OUTCOME_PARTLY:
        advise(judge, MTA_STS_SAFETY_NO,
               on ? "mode enforce is on, and may hold up mail: fix this, or go back to mode testing"
                  : "do not change to mode enforce yet");
        break;
    default:
        advise(judge, MTA_STS_SAFETY_NO,
               on ? "mode enforce is on, and holds up mail: go back to mode testing, or fix this"
                  : "do not change to mode enforce yet");
        break;
    }
}

void mta_sts_judge_verdict(mta_sts_judge *judge)
{
    const char *gap = find_gap(judge);

    if (judge_delivery(judge)) {
        advise(judge, MTA_STS_SAFETY_NO, "mode enforce has no effect: the domain receives no mail");
        return;
    }
    if (gap && is_unknown_gap(judge)) {
        set(judge, MTA_STS_OUTCOME_UNKNOWN,
            apr_psprintf(judge->p, "may or may not deliver: %s", gap));
        advise(judge, MTA_STS_SAFETY_UNKNOWN, "could not determine whether mode enforce is safe");
        return;
    }
    if (gap) {
        set(judge, MTA_STS_OUTCOME_UNPROTECTED,
            apr_psprintf(
                judge->p,
                "delivers without verified TLS, unless it has stored an earlier policy: %s", gap));
        advise(judge, MTA_STS_SAFETY_NO, "mode enforce has no effect until this is fixed");
        return;
    }
    if (judge->policy->mode == MTA_STS_MODE_NONE) {
        set(judge, MTA_STS_OUTCOME_UNPROTECTED,
            "delivers without verified TLS: the policy has mode none");
        advise(judge, MTA_STS_SAFETY_NO, "change to mode testing first");
        return;
    }
    judge_mxs(judge);
    judge_enforce(judge);
}
