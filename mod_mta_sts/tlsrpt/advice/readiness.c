/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/readiness_internal.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/name.h"
#include "tlsrpt/advice/explain.h"

const char *tlsrpt_ready_name(tlsrpt_ready ready)
{
    static const char *const names[] = {
        [TLSRPT_READY_YES] = "yes",
        [TLSRPT_READY_NOT_YET] = "not-yet",
        [TLSRPT_READY_NO] = "no",
        [TLSRPT_READY_UNKNOWN] = "unknown",
    };

    return names[ready];
}

const char *tlsrpt_readiness_part_name(tlsrpt_readiness_part part)
{
    static const char *const names[] = {
        [TLSRPT_READINESS_POLICY] = "policy",
        [TLSRPT_READINESS_MX] = "mx",
        [TLSRPT_READINESS_REPORTS] = "reports",
    };

    return names[part];
}

mta_sts_severity readiness_missing(const readiness_judge *judge)
{
    return judge->is_enforced ? MTA_STS_INFO : MTA_STS_WARNING;
}

/* --- what of a report weighs --- */

int tlsrpt_readiness_concerns(const char *policy_type)
{
    return strcmp(policy_type, "tlsa") != 0;
}

/* Whether a sender had this policy, in mode testing or enforce. */
static int is_policy(apr_pool_t *p, const char *type, const char *lines, const mta_sts_policy *ours)
{
    static const mta_sts_mode modes[] = {MTA_STS_MODE_TESTING, MTA_STS_MODE_ENFORCE};
    mta_sts_policy policy = *ours;
    size_t i;

    for (i = 0; i < sizeof(modes) / sizeof(modes[0]) && ours->mode != MTA_STS_MODE_NONE; i++) {
        policy.mode = modes[i];
        if (tlsrpt_policy_match_compare(p, type, lines, &policy) == TLSRPT_MATCH_CURRENT) {
            return 1;
        }
    }
    return 0;
}

static int is_one_of(apr_pool_t *p, const tlsrpt_policy *policy, const apr_array_header_t *served)
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

int tlsrpt_readiness_weighs(apr_pool_t *p, const tlsrpt_policy *policy, int verified,
                            const apr_array_header_t *served)
{
    if (!tlsrpt_readiness_concerns(policy->type)) {
        return 0;
    }
    /* Successes without any policy are no evidence of what mode testing would find. */
    if (verified &&
        (strcmp(policy->type, "sts") == 0 || policy->failed || policy->failures->nelts)) {
        return 1;
    }
    return is_one_of(p, policy, served);
}

int readiness_has_verified_sender(const readiness_judge *judge)
{
    const tlsrpt_domain *weighed = judge->facts->weighed;
    int i;

    for (i = 0; weighed && i < weighed->senders->nelts; i++) {
        if (APR_ARRAY_IDX(weighed->senders, i, tlsrpt_sender).verified) {
            return 1;
        }
    }
    return 0;
}

/* --- the policy --- */

static void add_policy(readiness_judge *judge, mta_sts_findings *findings)
{
    const mta_sts_policy *served = judge->facts->served;

    if (!served && !judge->facts->looked) {
        mta_sts_finding_add(findings, MTA_STS_UNKNOWN, "policy-unknown", judge->facts->domain,
                            "leave out --no-check, or tell it with --policy FILE",
                            "which policy is served now is not known, since nobody looked");
    }
    else if (served && served->mode == MTA_STS_MODE_NONE) {
        mta_sts_finding_add(findings, MTA_STS_WARNING, "mode-none", judge->facts->domain,
                            "go to mode testing first: MTASTSMode testing, then publish the new id",
                            "the policy has mode none: senders do without MTA-STS, and nothing is "
                            "tried out");
    }
    else if (served) {
        mta_sts_finding_add(findings, MTA_STS_OK, "policy-known", judge->facts->domain, NULL,
                            "mode %s, max_age %" APR_INT64_T_FMT ", mx %s",
                            mta_sts_mode_name(served->mode), served->max_age,
                            apr_array_pstrcat(judge->p, served->mx, ' '));
    }
}

/* Nothing of these sections makes senders refuse: they would do without the policy. */
static void carry(const mta_sts_check_section *section, mta_sts_findings *findings)
{
    int i;

    for (i = 0; i < section->findings->list->nelts; i++) {
        mta_sts_finding finding = *mta_sts_findings_at(section->findings, i);

        if (finding.severity == MTA_STS_OK || finding.severity == MTA_STS_INFO) {
            continue;
        }
        if (finding.severity == MTA_STS_ERROR) {
            finding.severity = MTA_STS_WARNING;
        }
        APR_ARRAY_PUSH(findings->list, mta_sts_finding) = finding;
    }
}

/* That senders see no policy, or no mail server, is told even if nothing was found that explains
 * it. */
static void tell_unseen(const readiness_judge *judge, mta_sts_findings *findings)
{
    const mta_sts_check_result *result = judge->facts->result;
    int is_unknown = result->verdict.outcome == MTA_STS_OUTCOME_UNKNOWN;

    if ((!result->policy || !judge->facts->looked->mxs->nelts) &&
        !mta_sts_findings_count(findings, MTA_STS_WARNING) &&
        !mta_sts_findings_count(findings, MTA_STS_UNKNOWN)) {
        mta_sts_finding_add(findings, is_unknown ? MTA_STS_UNKNOWN : MTA_STS_WARNING,
                            "nothing-seen", result->domain, result->verdict.advice, "a sender %s",
                            result->verdict.summary);
    }
}

static void judge_policy(readiness_judge *judge)
{
    const mta_sts_check_result *result = judge->facts->result;
    mta_sts_findings *findings = judge->result->parts[TLSRPT_READINESS_POLICY];
    int i;

    add_policy(judge, findings);
    for (i = 0; result && i < result->sections->nelts; i++) {
        const mta_sts_check_section *section =
            &APR_ARRAY_IDX(result->sections, i, mta_sts_check_section);

        if (section->part != MTA_STS_CHECK_MX) {
            carry(section, findings);
        }
    }
    if (result) {
        tell_unseen(judge, findings);
    }
}

/* --- the mail servers --- */

/* Reports do not tell which MX host took the sessions, but where there is one only. */
static int is_seen_working(const readiness_judge *judge, int hosts)
{
    return hosts == 1 && judge->facts->weighed && judge->facts->weighed->successful &&
           readiness_has_verified_sender(judge);
}

static void judge_unprobed(readiness_judge *judge, const char *host, int hosts, const char *fix)
{
    mta_sts_findings *findings = judge->result->parts[TLSRPT_READINESS_MX];

    if (is_seen_working(judge, hosts)) {
        mta_sts_finding_add(
            findings, MTA_STS_OK, "mx-reported", host, NULL,
            "not probed, but it is the only one, and verified senders report %" APR_INT64_T_FMT
            " secure sessions",
            judge->facts->weighed->successful);
        return;
    }
    mta_sts_finding_add(findings, MTA_STS_UNKNOWN, "mx-unprobed", host, fix, "%s",
                        hosts == 1 ? "not probed, and no verified sender reports secure sessions"
                                   : "not probed, and reports do not tell which mail server took "
                                     "the sessions");
}

static const char *why_unprobed(const readiness_judge *judge)
{
    switch (judge->facts->looked->smtp) {
    case MTA_STS_CHECK_SMTP_SKIPPED:
        return "leave out --no-smtp";
    case MTA_STS_CHECK_SMTP_BLOCKED:
        return "this network lets nobody out to port 25: run this on a machine that it lets out";
    default:
        return apr_psprintf(judge->p, "see what is the matter: mta-sts check %s",
                            judge->facts->domain);
    }
}

static void judge_mx(readiness_judge *judge, const mta_sts_check_section *section)
{
    mta_sts_findings *findings = judge->result->parts[TLSRPT_READINESS_MX];

    switch (section->enforce) {
    case MTA_STS_SAFETY_YES:
        mta_sts_finding_add(findings, MTA_STS_OK, "mx-probed", section->subject, NULL,
                            "probed now: it encrypts, with a certificate that senders accept");
        carry(section, findings);
        break;
    case MTA_STS_SAFETY_NO:
        APR_ARRAY_PUSH(findings->list, mta_sts_finding) = *section->trouble;
        break;
    case MTA_STS_SAFETY_UNKNOWN:
        judge_unprobed(judge, section->subject, judge->facts->looked->mxs->nelts,
                       why_unprobed(judge));
        break;
    }
}

/* Without a look: the policy names the MX hosts, if it names just one. */
static void judge_unseen(readiness_judge *judge)
{
    const mta_sts_policy *served = judge->facts->served;
    const char *pattern =
        served && served->mx->nelts == 1 ? APR_ARRAY_IDX(served->mx, 0, const char *) : "*";

    if (*pattern == '*') {
        judge_unprobed(judge, judge->facts->domain, 2, "leave out --no-check");
    }
    else {
        judge_unprobed(judge, pattern, 1, "leave out --no-check");
    }
}

static void judge_mxs(readiness_judge *judge)
{
    const mta_sts_check_facts *looked = judge->facts->looked;
    const mta_sts_check_result *result = judge->facts->result;
    int i, hosts = 0;

    if (!looked) {
        judge_unseen(judge);
        return;
    }
    for (i = 0; i < result->sections->nelts && hosts < looked->mxs->nelts; i++) {
        const mta_sts_check_section *section =
            &APR_ARRAY_IDX(result->sections, i, mta_sts_check_section);

        if (section->part == MTA_STS_CHECK_MX) {
            judge_mx(judge, section);
            hosts++;
        }
    }
}

/* --- the verdict --- */

static int count(const tlsrpt_readiness *result, mta_sts_severity severity)
{
    int i, sum = 0;

    for (i = 0; i < TLSRPT_READINESS_PARTS; i++) {
        sum += mta_sts_findings_count(result->parts[i], severity);
    }
    return sum;
}

static const char *things(apr_pool_t *p, int number, const char *verb, const char *verbs)
{
    return number == 1 ? apr_pstrcat(p, "one thing ", verb, NULL)
                       : apr_psprintf(p, "%d things %s", number, verbs);
}

static const char *tell(const readiness_judge *judge, int errors, int warnings)
{
    apr_pool_t *p = judge->p;

    switch (judge->result->ready) {
    case TLSRPT_READY_YES:
        return judge->is_enforced ? "mode enforce is on, and safe"
                                  : "ready: it is safe to go to mode enforce";
    case TLSRPT_READY_NOT_YET:
        return judge->is_enforced
                   ? apr_pstrcat(p, "mode enforce is on and holds up no mail, but ",
                                 things(p, warnings, "wants care", "want care"), NULL)
                   : apr_pstrcat(p, "not yet: ",
                                 things(p, warnings, "is to be done or waited for first",
                                        "are to be done or waited for first"),
                                 NULL);
    case TLSRPT_READY_NO:
        return judge->is_enforced
                   ? apr_pstrcat(p, "mode enforce is on, and holds up mail: ",
                                 things(p, errors, "is broken", "are broken"), NULL)
                   : apr_pstrcat(p, "do not go to mode enforce, it would hold up mail: ",
                                 things(p, errors, "is broken", "are broken"), NULL);
    default:
        return judge->is_enforced ? "mode enforce is on; whether that is safe could not be told"
                                  : "whether it is safe to go to mode enforce could not be told";
    }
}

static void judge_all(readiness_judge *judge)
{
    int errors = count(judge->result, MTA_STS_ERROR);
    int warnings = count(judge->result, MTA_STS_WARNING);

    judge->result->ready = errors                                      ? TLSRPT_READY_NO
                           : warnings                                  ? TLSRPT_READY_NOT_YET
                           : count(judge->result, MTA_STS_UNKNOWN) > 0 ? TLSRPT_READY_UNKNOWN
                                                                       : TLSRPT_READY_YES;
    judge->result->summary = tell(judge, errors, warnings);
}

tlsrpt_readiness *tlsrpt_readiness_judge(apr_pool_t *p, const tlsrpt_readiness_facts *facts,
                                         const tlsrpt_readiness_limits *limits)
{
    tlsrpt_readiness *result = apr_pcalloc(p, sizeof(*result));
    readiness_judge judge = {.p = p, .facts = facts, .limits = limits, .result = result};
    int i;

    judge.is_enforced = facts->served && facts->served->mode == MTA_STS_MODE_ENFORCE;
    for (i = 0; i < TLSRPT_READINESS_PARTS; i++) {
        result->parts[i] = mta_sts_findings_make(p);
    }
    judge_policy(&judge);
    judge_mxs(&judge);
    readiness_judge_failures(&judge);
    readiness_judge_reports(&judge);
    readiness_judge_held(&judge);
    judge_all(&judge);
    return result;
}
