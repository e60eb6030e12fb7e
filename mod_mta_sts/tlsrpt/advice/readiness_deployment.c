/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/readiness_deployment.h"

#include <string.h>

#include <apr_strings.h>

/* The same fix for everything that is unknown without a check, so that it appears as one step. */
static const char *const unchecked_fix =
    "run without --no-check, or specify the policy with --policy FILE";

/* --- the policy --- */

static void add_policy(tlsrpt_assessment *a, mta_sts_findings *findings)
{
    const mta_sts_policy *served = a->facts->served;

    if (!served && !a->facts->deployment) {
        mta_sts_finding_add(
            findings, MTA_STS_UNKNOWN, "policy-unknown", a->facts->domain, unchecked_fix,
            "the policy that is served now is not known, because the check was skipped");
    }
    else if (served && served->mode == MTA_STS_MODE_NONE) {
        mta_sts_finding_add(
            findings, MTA_STS_WARNING, "mode-none", a->facts->domain,
            "switch to mode testing first: set MTASTSMode testing, then publish the new policy id",
            "the policy has mode none: senders do not apply MTA-STS, so nothing is tested");
    }
    else if (served) {
        mta_sts_finding_add(findings, MTA_STS_OK, "policy-known", a->facts->domain, NULL,
                            "mode %s, max_age %" APR_INT64_T_FMT ", mx %s",
                            mta_sts_mode_name(served->mode), served->max_age,
                            apr_array_pstrcat(a->p, served->mx, ' '));
    }
}

/* Problems in these sections never make senders refuse mail, because they would deliver without the
 * policy. A failure that occurs in every mode is not about mode enforce. */
static void copy_problems(const mta_sts_check_section *section, mta_sts_findings *findings)
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
        if (section->part == MTA_STS_CHECK_MX && mta_sts_mx_probe_fails_in_every_mode(finding.id)) {
            finding.severity = MTA_STS_INFO;
        }
        APR_ARRAY_PUSH(findings->list, mta_sts_finding) = finding;
    }
}

/* If senders find no policy or no mail server, there must be a finding even if no other one
 * explains it. */
static void add_incomplete(const tlsrpt_assessment *a, mta_sts_findings *findings)
{
    const mta_sts_check_result *result = a->facts->check;
    int is_unknown = result->verdict.outcome == MTA_STS_OUTCOME_UNKNOWN;

    if ((!result->policy || !a->facts->deployment->mxs->nelts) &&
        !mta_sts_findings_count(findings, MTA_STS_WARNING) &&
        !mta_sts_findings_count(findings, MTA_STS_UNKNOWN)) {
        mta_sts_finding_add(findings, is_unknown ? MTA_STS_UNKNOWN : MTA_STS_WARNING,
                            "deployment-incomplete", result->domain, result->verdict.advice,
                            "a sender %s", result->verdict.summary);
    }
}

void tlsrpt_readiness_assess_policy(tlsrpt_assessment *a)
{
    const mta_sts_check_result *result = a->facts->check;
    mta_sts_findings *findings = a->result->parts[TLSRPT_READINESS_POLICY];
    int i;

    add_policy(a, findings);
    for (i = 0; result && i < result->sections->nelts; i++) {
        const mta_sts_check_section *section =
            &APR_ARRAY_IDX(result->sections, i, mta_sts_check_section);

        if (section->part != MTA_STS_CHECK_MX) {
            copy_problems(section, findings);
        }
    }
    if (result) {
        add_incomplete(a, findings);
    }
}

/* --- the MX hosts --- */

/* Reports do not say which MX host accepted the sessions, unless there is only one. */
static int is_reported_working(const tlsrpt_assessment *a, int hosts)
{
    return hosts == 1 && a->facts->evidence && a->facts->evidence->successful;
}

static void assess_unprobed(tlsrpt_assessment *a, const char *host, int hosts, const char *fix)
{
    mta_sts_findings *findings = a->result->parts[TLSRPT_READINESS_MX];

    if (is_reported_working(a, hosts)) {
        mta_sts_finding_add(
            findings, MTA_STS_OK, "mx-reported", host, NULL,
            "not probed, but it is the only MX host, and verified reports contain %" APR_INT64_T_FMT
            " secure sessions",
            a->facts->evidence->successful);
        return;
    }
    mta_sts_finding_add(findings, MTA_STS_UNKNOWN, "mx-unprobed", host, fix, "%s",
                        hosts == 1 ? "not probed, and no verified report contains secure sessions"
                                   : "not probed, and reports do not say which MX host accepted "
                                     "the sessions");
}

static const char *why_unprobed(const tlsrpt_assessment *a)
{
    switch (a->facts->deployment->smtp) {
    case MTA_STS_CHECK_SMTP_SKIPPED:
        return "run without --no-smtp";
    case MTA_STS_CHECK_SMTP_BLOCKED:
        return "this network blocks outgoing connections to port 25: run this on a machine that "
               "can open them";
    default:
        return apr_psprintf(a->p, "find out why: mta-sts check %s", a->facts->domain);
    }
}

/* A host that accepts mail from nobody: mode enforce makes no difference there, but without another
 * host its effect is unknown. */
static void assess_undeliverable(tlsrpt_assessment *a, const mta_sts_check_section *section)
{
    mta_sts_findings *findings = a->result->parts[TLSRPT_READINESS_MX];
    const mta_sts_verdict *verdict = &a->facts->check->verdict;
    mta_sts_finding finding = *section->trouble;

    if (verdict->enforce != MTA_STS_SAFETY_UNKNOWN || verdict->outcome != MTA_STS_OUTCOME_REFUSES) {
        finding.severity = MTA_STS_INFO;
        finding.message =
            apr_psprintf(a->p, "%s; senders go to the next MX host in any mode", finding.message);
        finding.fix = NULL;
    }
    APR_ARRAY_PUSH(findings->list, mta_sts_finding) = finding;
}

static void assess_mx(tlsrpt_assessment *a, const mta_sts_check_section *section)
{
    mta_sts_findings *findings = a->result->parts[TLSRPT_READINESS_MX];

    switch (section->enforce) {
    case MTA_STS_SAFETY_YES:
        mta_sts_finding_add(findings, MTA_STS_OK, "mx-probed", section->subject, NULL,
                            "probed now: offers STARTTLS with a certificate that senders accept");
        copy_problems(section, findings);
        break;
    case MTA_STS_SAFETY_NO:
        APR_ARRAY_PUSH(findings->list, mta_sts_finding) = *section->trouble;
        break;
    case MTA_STS_SAFETY_UNKNOWN:
        if (section->trouble) {
            assess_undeliverable(a, section);
            break;
        }
        assess_unprobed(a, section->subject, a->facts->deployment->mxs->nelts, why_unprobed(a));
        break;
    }
}

/* Assesses the MX hosts without a check: the host is known if the policy names exactly one. */
static void assess_unchecked(tlsrpt_assessment *a)
{
    const mta_sts_policy *served = a->facts->served;
    const char *pattern =
        served && served->mx->nelts == 1 ? APR_ARRAY_IDX(served->mx, 0, const char *) : "*";

    const char *fix = served ? "run without --no-check" : unchecked_fix;

    if (*pattern == '*') {
        assess_unprobed(a, a->facts->domain, 2, fix);
    }
    else {
        assess_unprobed(a, pattern, 1, fix);
    }
}

void tlsrpt_readiness_assess_mxs(tlsrpt_assessment *a)
{
    const mta_sts_check_facts *deployment = a->facts->deployment;
    const mta_sts_check_result *result = a->facts->check;
    int i, hosts = 0;

    if (!deployment) {
        assess_unchecked(a);
        return;
    }
    for (i = 0; i < result->sections->nelts && hosts < deployment->mxs->nelts; i++) {
        const mta_sts_check_section *section =
            &APR_ARRAY_IDX(result->sections, i, mta_sts_check_section);

        if (section->part == MTA_STS_CHECK_MX) {
            assess_mx(a, section);
            hosts++;
        }
    }
}
