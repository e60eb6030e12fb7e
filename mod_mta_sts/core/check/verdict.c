/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <apr_strings.h>

#include "core/check/judge.h"

static void set(mta_sts_judge *judge, mta_sts_outcome outcome, const char *summary)
{
    judge->result->verdict.outcome = outcome;
    judge->result->verdict.summary = summary;
}

static void advise(mta_sts_judge *judge, mta_sts_safety safety, const char *advice)
{
    judge->result->verdict.enforce = safety;
    judge->result->verdict.advice = advice;
}

/* Handles domains whose MX hosts are not known, and those that cannot receive mail at all, with or
 * without a policy. Returns whether the domain is one of these. */
static int judge_delivery(mta_sts_judge *judge)
{
    const mta_sts_check_facts *facts = judge->facts;

    if (facts->mxs->nelts) {
        return 0;
    }
    advise(judge, MTA_STS_SAFETY_NO, "mode enforce has no effect: the domain receives no mail");
    switch (facts->mx.status) {
    case MTA_STS_ANSWER_TIMEOUT:
    case MTA_STS_ANSWER_NOT_QUERIED:
        set(judge, MTA_STS_OUTCOME_UNKNOWN, "may or may not deliver: the MX lookup timed out");
        advise(judge, MTA_STS_SAFETY_UNKNOWN, "could not determine whether mode enforce is safe");
        break;
    case MTA_STS_ANSWER_BOGUS:
    case MTA_STS_ANSWER_SERVFAIL:
        set(judge, MTA_STS_OUTCOME_REFUSES, "cannot deliver, in any mode: the MX lookup fails");
        advise(judge, MTA_STS_SAFETY_UNKNOWN,
               "could not determine whether mode enforce is safe: the MX hosts are not known, so "
               "fix their lookup first");
        break;
    case MTA_STS_ANSWER_NXDOMAIN:
        set(judge, MTA_STS_OUTCOME_NO_MAIL,
            facts->mx.alias ? "cannot deliver: the domain is an alias (CNAME) of a name that does "
                              "not exist"
                            : "cannot deliver: the domain does not exist in DNS");
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

/* The outcome, depending on whether there are MX hosts that are valid, lost in mode enforce, or
 * unknown. Hosts that accept no mail in any mode count only if there are no others. */
static const struct {
    mta_sts_outcome outcome;
    mta_sts_safety enforce;
} ends[2][2][2] = {
    [0][0][0] = {MTA_STS_OUTCOME_REFUSES, MTA_STS_SAFETY_UNKNOWN},
    [0][0][1] = {MTA_STS_OUTCOME_UNKNOWN, MTA_STS_SAFETY_UNKNOWN},
    [0][1][0] = {MTA_STS_OUTCOME_REFUSES, MTA_STS_SAFETY_NO},
    [0][1][1] = {MTA_STS_OUTCOME_PARTLY, MTA_STS_SAFETY_NO},
    [1][0][0] = {MTA_STS_OUTCOME_DELIVERS, MTA_STS_SAFETY_YES},
    [1][0][1] = {MTA_STS_OUTCOME_PARTLY, MTA_STS_SAFETY_UNKNOWN},
    [1][1][0] = {MTA_STS_OUTCOME_PARTLY, MTA_STS_SAFETY_NO},
    [1][1][1] = {MTA_STS_OUTCOME_PARTLY, MTA_STS_SAFETY_NO},
};

static const char *summarize(const mta_sts_judge *judge, mta_sts_outcome outcome, const char *why)
{
    apr_pool_t *p = judge->p;

    switch (outcome) {
    case MTA_STS_OUTCOME_DELIVERS:
        return judge->mx_undeliverable
                   ? apr_psprintf(p,
                                  "delivers over verified TLS to every MX host that "
                                  "accepts mail; in any mode it skips %s",
                                  why)
                   : "delivers over verified TLS to every MX host";
    case MTA_STS_OUTCOME_PARTLY:
        return judge->mx_lost
                   ? apr_psprintf(p, "delivers to some MX hosts at most: %s", why)
                   : apr_psprintf(p,
                                  "delivers over verified TLS to some MX hosts; could not "
                                  "determine what it does at %s",
                                  judge->unknown);
    case MTA_STS_OUTCOME_UNKNOWN:
        return apr_psprintf(p, "may or may not deliver: the MX hosts %s",
                            judge->facts->smtp == MTA_STS_CHECK_SMTP_SKIPPED
                                ? "were not probed"
                                : "could not be probed");
    default:
        return judge->mx_lost
                   ? apr_psprintf(p, "refuses to deliver: %s", why)
                   : apr_psprintf(p, "cannot deliver: no MX host accepts mail, in any mode: %s",
                                  why);
    }
}

/* What mode enforce changes at the first host that it makes senders skip. */
static const char *describe_change(const mta_sts_judge *judge)
{
    return apr_psprintf(judge->p, "at %s, a sender in mode testing %s; in mode enforce it %s%s",
                        judge->bad, mta_sts_mx_effect_in_testing(judge->bad_effect),
                        mta_sts_mx_effect_in_enforce(judge->bad_effect),
                        judge->mx_good || judge->mx_unknown ? ""
                                                            : ", and there is none that works");
}

static const char *advise_against(const mta_sts_judge *judge, int on)
{
    return apr_psprintf(judge->p, "%s: %s",
                        !on ? "do not change to mode enforce yet"
                        : judge->mx_good || judge->mx_unknown
                            ? "mode enforce is on, and may hold up mail: fix this, or "
                              "go back to mode testing"
                            : "mode enforce is on, and holds up mail: go back to mode "
                              "testing, or fix this",
                        describe_change(judge));
}

static const char *advise_unknown(const mta_sts_judge *judge, int on)
{
    const char *why = judge->facts->smtp == MTA_STS_CHECK_SMTP_BLOCKED
                          ? ": check from a machine that can open connections to port 25"
                      : judge->mx_undeliverable && !judge->mx_unknown && !judge->mx_good
                          ? ": no MX host accepts mail now, in any mode, so fix that first"
                          : "";

    return apr_pstrcat(judge->p,
                       on ? "mode enforce is on; could not determine whether it is safe"
                          : "could not determine whether mode enforce is safe",
                       why, NULL);
}

static void judge_mxs(mta_sts_judge *judge)
{
    int good = judge->mx_good > 0, lost = judge->mx_lost > 0, unknown = judge->mx_unknown > 0;
    mta_sts_outcome outcome = ends[good][lost][unknown].outcome;
    mta_sts_safety enforce = ends[good][lost][unknown].enforce;
    int on = judge->policy->mode == MTA_STS_MODE_ENFORCE;
    const char *why =
        judge->bad ? apr_psprintf(judge->p, "%s: %s", judge->bad, judge->bad_reason) : NULL;

    set(judge, outcome, summarize(judge, outcome, why));
    advise(judge, enforce,
           enforce == MTA_STS_SAFETY_YES
               ? on ? "mode enforce is on, and safe" : "it is safe to change to mode enforce"
           : enforce == MTA_STS_SAFETY_NO ? advise_against(judge, on)
                                          : advise_unknown(judge, on));
}

void mta_sts_judge_verdict(mta_sts_judge *judge)
{
    const char *gap = find_gap(judge);

    if (judge_delivery(judge)) {
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
}
