/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/readiness_internal.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/base/name.h"
#include "tlsrpt/advice/explain.h"

/* Kinds of failure that are told one by one; who sends reports can make up any number. */
#define TOLD_MAX 12

/* Fewer failures of an unknown kind than one in so many sessions are the network's everyday. */
#define EVERYDAY 1000

/* What a failure comes to. */
typedef enum failure_weight {
    UNCONFIRMED, /* nobody told it who weighs */
    PAST,        /* long enough ago */
    ELSEWHERE,   /* at the sender, or its network's everyday */
    UNCLEAR,     /* nobody knows where */
    HARMLESS,    /* ours, but senders deliver in spite of it */
    MENDED,      /* ours, and well by now */
    OURS,
} failure_weight;

static const struct {
    mta_sts_severity severity;
    const char *id;
    const char *note; /* behind what happened */
} weights[] = {
    [UNCONFIRMED] = {MTA_STS_INFO, "failure-unconfirmed", "; told by unverified reports alone"},
    [PAST] = {MTA_STS_INFO, "failure-past", "; not since"},
    [ELSEWHERE] = {MTA_STS_INFO, "failure-of-sender", ""},
    [UNCLEAR] = {MTA_STS_WARNING, "failure-unclear", ""},
    [HARMLESS] = {MTA_STS_WARNING, "failure-without-refusal", ""},
    [MENDED] = {MTA_STS_WARNING, "failure-mended", "; now it is well"},
    [OURS] = {MTA_STS_ERROR, "failure-ours", ""},
};

/* --- whether it is well by now --- */

static int mx_is_well(const readiness_judge *judge, const char *mx)
{
    const mta_sts_check_result *result = judge->facts->result;
    int i;

    for (i = 0; mx && i < result->sections->nelts; i++) {
        const mta_sts_check_section *section =
            &APR_ARRAY_IDX(result->sections, i, mta_sts_check_section);

        if (section->part == MTA_STS_CHECK_MX && strcasecmp(section->subject, mx) == 0) {
            return section->enforce == MTA_STS_SAFETY_YES;
        }
    }
    /* It is none any more, or was not told. */
    return result->verdict.outcome == MTA_STS_OUTCOME_DELIVERS;
}

static int is_well(const readiness_judge *judge, const tlsrpt_cause *cause,
                   const tlsrpt_explanation *explanation)
{
    const mta_sts_check_result *result = judge->facts->result;

    if (!result) {
        return 0;
    }
    if (explanation->owner == TLSRPT_OWNER_MX) {
        return mx_is_well(judge, cause->receiving_mx);
    }
    return result->verdict.outcome == MTA_STS_OUTCOME_DELIVERS;
}

/* --- the weight of one failure --- */

/* Without a policy senders deliver as ever, and DANE makes them refuse whatever the mode is: that
 * leaves what is wrong with the mail servers. */
int tlsrpt_readiness_refuses(const tlsrpt_explanation *explanation)
{
    return explanation->owner == TLSRPT_OWNER_MX ||
           strcmp(explanation->cause, "mx-not-in-policy") == 0;
}

static int is_everyday(const readiness_judge *judge, apr_int64_t sessions)
{
    const tlsrpt_domain *all = judge->facts->all;

    return sessions <= tlsrpt_count_add(all->successful, all->failed) / EVERYDAY;
}

static failure_weight weigh(const readiness_judge *judge, const tlsrpt_cause *cause,
                            const tlsrpt_explanation *explanation)
{
    if (cause->last && cause->last <= judge->limits->now - judge->limits->days * READINESS_DAY) {
        return PAST;
    }
    switch (explanation->owner) {
    case TLSRPT_OWNER_SENDER:
        return ELSEWHERE;
    case TLSRPT_OWNER_UNKNOWN:
        return is_everyday(judge, cause->sessions) ? ELSEWHERE : UNCLEAR;
    default:
        return is_well(judge, cause, explanation)      ? MENDED
               : tlsrpt_readiness_refuses(explanation) ? OURS
                                                       : HARMLESS;
    }
}

static const tlsrpt_explanation *explain(const readiness_judge *judge, apr_pool_t *p,
                                         const tlsrpt_cause *cause)
{
    const tlsrpt_facts facts = {
        .result_type = cause->result_type,
        .policy_type = cause->policy_type,
        .reason = apr_array_pstrcat(p, cause->reasons, ' '),
        .domain = judge->facts->domain,
        .mx = cause->receiving_mx,
    };

    return tlsrpt_explain(p, &facts);
}

/* --- telling it --- */

static const char *fix_of(const readiness_judge *judge, const tlsrpt_cause *cause,
                          failure_weight weight, const tlsrpt_explanation *explanation)
{
    apr_time_t until = cause->last + judge->limits->days * READINESS_DAY;

    switch (weight) {
    case OURS:
    case HARMLESS:
    case UNCLEAR:
        return explanation->command ? apr_psprintf(judge->p, "%s" TLSRPT_READINESS_SEE "%s",
                                                   explanation->action, explanation->command)
                                    : explanation->action;
    case MENDED:
        return !cause->last
                   ? "wait, to see that reports tell no more of it"
                   : apr_psprintf(judge->p, "wait until %s, to see that reports tell no more of it",
                                  readiness_date(judge->p, until));
    default:
        return NULL;
    }
}

/* A name from a report, as far as it is one. */
static const char *subject_of(const readiness_judge *judge, const tlsrpt_cause *cause)
{
    const char *host;

    return cause->receiving_mx && !mta_sts_name_parse_host(judge->p, cause->receiving_mx,
                                                           MTA_STS_NAME_ALABEL, &host)
               ? host
               : judge->facts->domain;
}

/* Without its full stop: more follows. */
static const char *phrase(apr_pool_t *p, const char *sentence)
{
    apr_size_t len = strlen(sentence);

    return len && sentence[len - 1] == '.' ? apr_pstrmemdup(p, sentence, len - 1) : sentence;
}

static void tell(const readiness_judge *judge, mta_sts_findings *findings,
                 const tlsrpt_cause *cause, failure_weight weight,
                 const tlsrpt_explanation *explanation)
{
    apr_pool_t *p = judge->p;

    mta_sts_finding_add(
        findings, weights[weight].severity, weights[weight].id, subject_of(judge, cause),
        fix_of(judge, cause, weight, explanation),
        "%s (%" APR_INT64_T_FMT " %s of %s%s, last on %s%s)", phrase(p, explanation->what),
        cause->sessions, cause->sessions == 1 ? "session" : "sessions",
        readiness_names(p, cause->senders), tlsrpt_under_text(p, cause->policy_type),
        readiness_last_date(p, cause->last), weights[weight].note);
}

static void tell_more(const readiness_judge *judge, mta_sts_findings *findings, const int *more)
{
    static const mta_sts_severity severities[] = {MTA_STS_ERROR, MTA_STS_WARNING, MTA_STS_INFO};
    size_t i;

    for (i = 0; i < sizeof(severities) / sizeof(severities[0]); i++) {
        if (more[severities[i]]) {
            mta_sts_finding_add(findings, severities[i], "failures-more", judge->facts->domain,
                                apr_pstrcat(judge->p, "see them all: mta-sts report --domain ",
                                            judge->facts->domain, NULL),
                                "%d more kinds of failure were reported", more[severities[i]]);
        }
    }
}

/* --- all of them --- */

static const char *key_of(apr_pool_t *p, const tlsrpt_cause *cause)
{
    return apr_pstrcat(p, cause->policy_type, "\n", cause->result_type, "\n", cause->receiving_mx,
                       NULL);
}

/* The failures that weigh, by kind. */
static apr_hash_t *hash_weighed(const readiness_judge *judge)
{
    const tlsrpt_domain *weighed = judge->facts->weighed;
    apr_hash_t *hash = apr_hash_make(judge->p);
    int i;

    for (i = 0; weighed && i < weighed->causes->nelts; i++) {
        const tlsrpt_cause *cause = &APR_ARRAY_IDX(weighed->causes, i, tlsrpt_cause);

        apr_hash_set(hash, key_of(judge->p, cause), APR_HASH_KEY_STRING, cause);
    }
    return hash;
}

/* Failed sessions that weigh and that nobody gave details of: a cause made up for them. */
static const tlsrpt_cause *find_untold(const readiness_judge *judge)
{
    const tlsrpt_domain *weighed = judge->facts->weighed;
    tlsrpt_cause *cause = apr_pcalloc(judge->p, sizeof(*cause));
    apr_int64_t told = 0;
    int i;

    cause->policy_type = "";
    cause->senders = apr_array_make(judge->p, 1, sizeof(const char *));
    for (i = 0; i < weighed->causes->nelts; i++) {
        told = tlsrpt_count_add(told, APR_ARRAY_IDX(weighed->causes, i, tlsrpt_cause).sessions);
    }
    for (i = 0; i < weighed->senders->nelts; i++) {
        const tlsrpt_sender *sender = &APR_ARRAY_IDX(weighed->senders, i, tlsrpt_sender);

        if (sender->failed) {
            APR_ARRAY_PUSH(cause->senders, const char *) = sender->organization;
        }
    }
    for (i = 0; i < weighed->days->nelts; i++) {
        if (APR_ARRAY_IDX(weighed->days, i, tlsrpt_day).failed) {
            cause->last = APR_ARRAY_IDX(weighed->days, i, tlsrpt_day).day + READINESS_DAY;
        }
    }
    cause->sessions = weighed->failed - told;
    return cause->sessions > 0 ? cause : NULL;
}

static void judge_untold(readiness_judge *judge, mta_sts_findings *findings)
{
    const tlsrpt_explanation *explanation =
        tlsrpt_explain_no_details(judge->p, judge->facts->domain);
    const tlsrpt_cause *cause = judge->facts->weighed ? find_untold(judge) : NULL;

    if (cause) {
        tell(judge, findings, cause, weigh(judge, cause, explanation), explanation);
    }
}

void readiness_judge_failures(readiness_judge *judge)
{
    const tlsrpt_domain *all = judge->facts->all;
    mta_sts_findings *findings = judge->result->parts[TLSRPT_READINESS_REPORTS];
    apr_hash_t *weighed = hash_weighed(judge);
    int more[MTA_STS_UNKNOWN + 1] = {0}, i;
    apr_pool_t *scratch;

    apr_pool_create(&scratch, judge->p);
    for (i = 0; all && i < all->causes->nelts; i++) {
        const tlsrpt_cause *cause = &APR_ARRAY_IDX(all->causes, i, tlsrpt_cause);
        const tlsrpt_cause *counted =
            apr_hash_get(weighed, key_of(scratch, cause), APR_HASH_KEY_STRING);
        const tlsrpt_explanation *explanation =
            explain(judge, i < TOLD_MAX ? judge->p : scratch, counted ? counted : cause);
        failure_weight weight = counted ? weigh(judge, counted, explanation) : UNCONFIRMED;

        if (i < TOLD_MAX) {
            tell(judge, findings, counted ? counted : cause, weight, explanation);
        }
        else {
            more[weights[weight].severity]++;
        }
        apr_pool_clear(scratch);
    }
    apr_pool_destroy(scratch);
    tell_more(judge, findings, more);
    judge_untold(judge, findings);
}
