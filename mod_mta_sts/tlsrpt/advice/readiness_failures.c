/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/readiness_failures.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "core/base/name.h"
#include "tlsrpt/advice/evidence.h"
#include "tlsrpt/advice/explain.h"

/* The maximum number of kinds of failure with a finding of their own; reports can make up any
 * number of kinds. */
#define SHOWN_MAX 12

/* Failures with an unknown cause are normal up to one in NORMAL_SHARE sessions. */
#define NORMAL_SHARE 1000

/* What a failure means for mode enforce. */
typedef enum failure_impact {
    UNCONFIRMED,  /* only unverified reports contain it */
    PAST,         /* it has not occurred for long enough */
    AT_SENDER,    /* its cause is at the sender, or it is a normal network problem */
    UNCLEAR,      /* its cause is not known */
    NOT_BLOCKING, /* its cause is at the domain's servers, but senders deliver anyway */
    FIXED,        /* its cause is at the domain's servers, but has been fixed */
    BLOCKING,     /* its cause is at the domain's servers, and senders refuse to deliver */
} failure_impact;

static const struct {
    mta_sts_severity severity;
    const char *id;
    const char *note; /* appended to the description of the failure */
} impacts[] = {
    [UNCONFIRMED] = {MTA_STS_INFO, "failure-unconfirmed",
                     "; only unverified reports contain it: check it before you change anything"},
    [PAST] = {MTA_STS_INFO, "failure-past", "; not since then"},
    [AT_SENDER] = {MTA_STS_INFO, "failure-at-sender", ""},
    [UNCLEAR] = {MTA_STS_WARNING, "failure-unclear", ""},
    [NOT_BLOCKING] = {MTA_STS_WARNING, "failure-not-blocking", ""},
    [FIXED] = {MTA_STS_WARNING, "failure-fixed", "; fixed by now"},
    [BLOCKING] = {MTA_STS_ERROR, "failure-blocking", ""},
};

/* --- whether a failure has been fixed --- */

static int is_mx_fixed(const tlsrpt_assessment *a, const char *mx)
{
    const mta_sts_check_result *result = a->facts->check;
    int i;

    for (i = 0; mx && i < result->sections->nelts; i++) {
        const mta_sts_check_section *section =
            &APR_ARRAY_IDX(result->sections, i, mta_sts_check_section);

        if (section->part == MTA_STS_CHECK_MX && strcasecmp(section->subject, mx) == 0) {
            return section->enforce == MTA_STS_SAFETY_YES;
        }
    }
    /* The host is no longer an MX host, or not specified. */
    return result->verdict.outcome == MTA_STS_OUTCOME_DELIVERS;
}

static int is_fixed(const tlsrpt_assessment *a, const tlsrpt_cause *cause,
                    const tlsrpt_explanation *explanation)
{
    const mta_sts_check_result *result = a->facts->check;

    if (!result) {
        return 0;
    }
    if (explanation->owner == TLSRPT_OWNER_MX || explanation->owner == TLSRPT_OWNER_PROVIDER) {
        return is_mx_fixed(a, cause->receiving_mx);
    }
    return result->verdict.outcome == MTA_STS_OUTCOME_DELIVERS;
}

/* --- the impact of one failure --- */

static int is_normal(const tlsrpt_assessment *a, apr_int64_t sessions)
{
    const tlsrpt_domain *all = a->facts->reports;

    return sessions <=
           tlsrpt_count_add(all->verified_successful, all->verified_failed) / NORMAL_SHARE;
}

static failure_impact assess(const tlsrpt_assessment *a, const tlsrpt_cause *cause,
                             const tlsrpt_explanation *explanation)
{
    if (!tlsrpt_evidence_counts(cause->is_verified)) {
        return UNCONFIRMED;
    }
    if (cause->last && cause->last <= a->limits->now - a->limits->days * TLSRPT_READINESS_DAY) {
        return PAST;
    }
    switch (explanation->owner) {
    case TLSRPT_OWNER_SENDER:
        return AT_SENDER;
    case TLSRPT_OWNER_UNKNOWN:
        return is_normal(a, cause->sessions) ? AT_SENDER : UNCLEAR;
    default:
        return is_fixed(a, cause, explanation)            ? FIXED
               : tlsrpt_evidence_blocks_mail(explanation) ? BLOCKING
                                                          : NOT_BLOCKING;
    }
}

/* If the reasons of a cause have several explanations, one that blocks mail takes precedence. */
static const tlsrpt_explanation *explain(const tlsrpt_assessment *a, apr_pool_t *p,
                                         const tlsrpt_cause *cause)
{
    const tlsrpt_explanation *refusal = tlsrpt_evidence_refusal(p, a->facts->domain, cause);

    return refusal ? refusal
                   : APR_ARRAY_IDX(tlsrpt_explain_cause(p, a->facts->domain, cause), 0,
                                   const tlsrpt_explanation *);
}

/* --- findings --- */

static const char *fix_of(const tlsrpt_assessment *a, const tlsrpt_cause *cause,
                          failure_impact impact, const tlsrpt_explanation *explanation)
{
    apr_time_t until = cause->last + a->limits->days * TLSRPT_READINESS_DAY;

    switch (impact) {
    case BLOCKING:
    case NOT_BLOCKING:
    case UNCLEAR:
        return explanation->command ? apr_psprintf(a->p, "%s" TLSRPT_READINESS_COMMAND "%s",
                                                   explanation->action, explanation->command)
                                    : explanation->action;
    case FIXED:
        return !cause->last
                   ? "wait until reports confirm it"
                   : apr_psprintf(a->p,
                                  "wait until %s, to confirm that reports no longer contain it",
                                  mta_sts_format_date(a->p, until));
    case UNCONFIRMED:
        return explanation->command
                   ? apr_pstrcat(a->p, "check whether it is true." TLSRPT_READINESS_COMMAND,
                                 explanation->command, NULL)
                   : "check whether it is true";
    default:
        return NULL;
    }
}

/* The MX host of a report, if it is a host name; else the domain. */
static const char *subject_of(const tlsrpt_assessment *a, const tlsrpt_cause *cause)
{
    const char *host;

    return cause->receiving_mx &&
                   !mta_sts_name_parse_host(a->p, cause->receiving_mx, MTA_STS_NAME_ALABEL, &host)
               ? host
               : a->facts->domain;
}

/* The sentence without its full stop, so that it can be continued. */
static const char *phrase(apr_pool_t *p, const char *sentence)
{
    apr_size_t len = strlen(sentence);

    return len && sentence[len - 1] == '.' ? apr_pstrmemdup(p, sentence, len - 1) : sentence;
}

static void add_failure(const tlsrpt_assessment *a, mta_sts_findings *findings,
                        const tlsrpt_cause *cause, failure_impact impact,
                        const tlsrpt_explanation *explanation)
{
    apr_pool_t *p = a->p;

    mta_sts_finding_add(findings, impacts[impact].severity, impacts[impact].id,
                        subject_of(a, cause), fix_of(a, cause, impact, explanation),
                        "%s (%" APR_INT64_T_FMT " %s from %s%s, last on %s%s)",
                        phrase(p, explanation->what), cause->sessions,
                        cause->sessions == 1 ? "session" : "sessions",
                        mta_sts_format_names(p, cause->senders, TLSRPT_READINESS_NAMES),
                        tlsrpt_policy_type_text(p, cause->policy_type),
                        mta_sts_format_last_date(p, cause->last), impacts[impact].note);
}

static void add_more(const tlsrpt_assessment *a, mta_sts_findings *findings, const int *more)
{
    static const mta_sts_severity severities[] = {MTA_STS_ERROR, MTA_STS_WARNING, MTA_STS_INFO};
    size_t i;

    for (i = 0; i < sizeof(severities) / sizeof(severities[0]); i++) {
        if (more[severities[i]]) {
            mta_sts_finding_add(
                findings, severities[i], "failures-more", a->facts->domain,
                apr_pstrcat(a->p, "see all of them: ", tlsrpt_assessment_report(a), NULL),
                "%d more kinds of failure were reported", more[severities[i]]);
        }
    }
}

/* --- all of them --- */

/* A cause for failed sessions without details in reports that count; or NULL. */
static const tlsrpt_cause *find_without_details(const tlsrpt_assessment *a)
{
    const tlsrpt_domain *evidence = a->facts->evidence;
    tlsrpt_cause *cause = apr_pcalloc(a->p, sizeof(*cause));
    apr_int64_t detailed = 0;
    int i;

    cause->is_verified = 1;
    cause->policy_type = "";
    cause->senders = apr_array_make(a->p, 1, sizeof(const char *));
    for (i = 0; i < evidence->causes->nelts; i++) {
        detailed =
            tlsrpt_count_add(detailed, APR_ARRAY_IDX(evidence->causes, i, tlsrpt_cause).sessions);
    }
    for (i = 0; i < evidence->senders->nelts; i++) {
        const tlsrpt_sender *sender = &APR_ARRAY_IDX(evidence->senders, i, tlsrpt_sender);

        if (sender->failed) {
            APR_ARRAY_PUSH(cause->senders, const char *) = sender->organization;
        }
    }
    for (i = 0; i < evidence->days->nelts; i++) {
        if (APR_ARRAY_IDX(evidence->days, i, tlsrpt_day).failed) {
            cause->last = APR_ARRAY_IDX(evidence->days, i, tlsrpt_day).day + TLSRPT_READINESS_DAY;
        }
    }
    cause->sessions = evidence->failed - detailed;
    return cause->sessions > 0 ? cause : NULL;
}

static void add_without_details(tlsrpt_assessment *a, mta_sts_findings *findings)
{
    const tlsrpt_explanation *explanation = tlsrpt_explain_no_details(a->p, a->facts->domain);
    const tlsrpt_cause *cause = a->facts->evidence ? find_without_details(a) : NULL;

    if (cause) {
        add_failure(a, findings, cause, assess(a, cause, explanation), explanation);
    }
}

void tlsrpt_readiness_assess_failures(tlsrpt_assessment *a)
{
    const tlsrpt_domain *all = a->facts->reports;
    mta_sts_findings *findings = a->result->parts[TLSRPT_READINESS_REPORTS];
    int more[MTA_STS_UNKNOWN + 1] = {0}, i;
    apr_pool_t *scratch;

    apr_pool_create(&scratch, a->p);
    for (i = 0; all && i < all->causes->nelts; i++) {
        const tlsrpt_cause *cause = &APR_ARRAY_IDX(all->causes, i, tlsrpt_cause);
        const tlsrpt_explanation *explanation = explain(a, i < SHOWN_MAX ? a->p : scratch, cause);
        failure_impact impact = assess(a, cause, explanation);

        if (i < SHOWN_MAX) {
            add_failure(a, findings, cause, impact, explanation);
        }
        else {
            more[impacts[impact].severity]++;
        }
        apr_pool_clear(scratch);
    }
    apr_pool_destroy(scratch);
    add_more(a, findings, more);
    add_without_details(a, findings);
}
