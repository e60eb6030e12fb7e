/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_READINESS_FIXTURE_H
#define TESTS_UNIT_READINESS_FIXTURE_H

#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "core/policy/text.h"
#include "findings_fixture.h"
#include "table_fixture.h"
#include "tlsrpt/advice/evidence.h"
#include "tlsrpt/advice/readiness.h"
#include "tlsrpt/summary/tally.h"

/* A domain that may be ready for mode enforce, and a summary of the assessment. */

#define DAY apr_time_from_sec(24 * 60 * 60)
#define NOW apr_time_from_sec(APR_INT64_C(1767268800)) /* 2026-01-01 12:00:00 UTC */
#define TODAY (NOW - DAY / 2)

#define POLICY(mode, mx) "version: STSv1\nmode: " mode "\nmx: " mx "\nmax_age: 604800"
#define TESTING POLICY("testing", "*.example.com")
#define ENFORCE POLICY("enforce", "*.example.com")
#define ONE_MX POLICY("testing", "mx1.example.com")
#define OLDER POLICY("testing", "old.example.com")

static const tlsrpt_readiness_limits limits = {.now = NOW, .days = 14, .senders = 2};

/* --- a situation: a policy, the result of a check, reports; each test changes something --- */

typedef struct situation {
    apr_pool_t *p;
    mta_sts_check_facts deployment;
    mta_sts_check_result result;
    tlsrpt_filter filter;
    tlsrpt_tally *all, *evidence;
    tlsrpt_readiness_facts facts;
} situation;

static inline const mta_sts_policy *policy_of(apr_pool_t *p, const char *text)
{
    return mta_sts_policy_text_read(p, text, strlen(text), mta_sts_findings_make(p));
}

static inline mta_sts_check_section *add_section(situation *s, mta_sts_check_part part,
                                                 const char *subject)
{
    mta_sts_check_section *section = apr_array_push(s->result.sections);

    memset(section, 0, sizeof(*section));
    section->part = part;
    section->subject = subject;
    section->findings = mta_sts_findings_make(s->p);
    section->enforce = MTA_STS_SAFETY_UNKNOWN;
    return section;
}

static inline void add_mx(situation *s, const char *host)
{
    APR_ARRAY_PUSH(s->deployment.mxs, const char *) = host; /* only the number of hosts matters */
    add_section(s, MTA_STS_CHECK_MX, host)->enforce = MTA_STS_SAFETY_YES;
}

static inline mta_sts_check_section *section_of(situation *s, int i)
{
    return &APR_ARRAY_IDX(s->result.sections, i, mta_sts_check_section);
}

/* What one sender reports about one day, under one policy. */
typedef struct day {
    const char *sender;
    int days_ago;
    const char *type;   /* NULL: "sts" */
    const char *policy; /* its lines, or NULL */
    int good, failed;
    const char *failure; /* result type of the failed sessions; NULL: not specified */
    const char *mx;
    const char *reason;
    int verified;
} day;

static inline void add_report(situation *s, const day *reported)
{
    static int number;
    apr_pool_t *p = s->p;
    tlsrpt_policy policy = {.type = reported->type ? reported->type : "sts",
                            .domain = "example.com",
                            .mx = apr_array_make(p, 1, sizeof(const char *)),
                            .policy = lines_of(p, reported->policy ? reported->policy : ""),
                            .successful = reported->good,
                            .failed = reported->failed,
                            .failures = apr_array_make(p, 1, sizeof(tlsrpt_failure))};
    tlsrpt_report report = {.organization = reported->sender,
                            .id = apr_psprintf(p, "%d", number++),
                            .begin = TODAY - reported->days_ago * DAY,
                            .end = TODAY - reported->days_ago * DAY + DAY - APR_USEC_PER_SEC,
                            .policies = apr_array_make(p, 1, sizeof(tlsrpt_policy))};

    if (reported->failure) {
        tlsrpt_failure failure = {.result_type = reported->failure,
                                  .sessions = reported->failed,
                                  .receiving_mx = reported->mx,
                                  .reason = reported->reason};

        APR_ARRAY_PUSH(policy.failures, tlsrpt_failure) = failure;
    }
    APR_ARRAY_PUSH(report.policies, tlsrpt_policy) = policy;
    if (tlsrpt_evidence_is_mta_sts(policy.type)) {
        tlsrpt_tally_add(s->all, &report, report.id, 0,
                         reported->verified ? reported->sender : NULL, 0);
    }
    if (tlsrpt_evidence_is_about_enforce(&policy, reported->verified)) {
        tlsrpt_tally_add(s->evidence, &report, report.id, 0,
                         reported->verified ? reported->sender : NULL, 0);
    }
}

static inline void add_days(situation *s, const char *sender, int from, int to, const char *policy,
                            int verified)
{
    day reported = {.sender = sender, .policy = policy, .good = 40, .verified = verified};

    for (reported.days_ago = from; reported.days_ago <= to; reported.days_ago++) {
        add_report(s, &reported);
    }
}

/* Two MX hosts without problems; no reports yet. */
static inline situation *make_silent(apr_pool_t *p, const char *policy)
{
    situation *s = apr_pcalloc(p, sizeof(*s));

    s->p = p;
    s->deployment.smtp = MTA_STS_CHECK_SMTP_PROBED;
    s->deployment.mxs = apr_array_make(p, 2, sizeof(const char *));
    s->result.domain = "example.com";
    s->result.sections = apr_array_make(p, 4, sizeof(mta_sts_check_section));
    s->result.policy = policy_of(p, policy);
    s->result.verdict.outcome = MTA_STS_OUTCOME_DELIVERS;
    s->result.verdict.summary = "delivers";
    s->result.verdict.advice = "do";
    add_mx(s, "mx1.example.com");
    add_mx(s, "mx2.example.com");
    add_section(s, MTA_STS_CHECK_DNS, "example.com");
    s->filter.domain = "example.com";
    s->all = tlsrpt_tally_make(p, &s->filter);
    s->evidence = tlsrpt_tally_make(p, &s->filter);
    s->facts.domain = "example.com";
    s->facts.served = s->result.policy;
    tlsrpt_policies_add(p, &s->facts.policies, policy_of(p, TESTING), NOW - 5 * DAY);
    tlsrpt_policies_add(p, &s->facts.policies, policy_of(p, OLDER), NOW - 10 * DAY);
    s->facts.policies.since = NOW - 100 * DAY;
    s->facts.deployment = &s->deployment;
    s->facts.check = &s->result;
    return s;
}

/* A situation without problems: two senders, twenty days. */
static inline situation *make_good(apr_pool_t *p, const char *policy)
{
    situation *s = make_silent(p, policy);

    add_days(s, "a.example", 1, 20, policy, 1);
    add_days(s, "b.example", 1, 20, policy, 1);
    return s;
}

/* --- the verdict: "READY: SEVERITY ID, ...", without findings that are ok --- */

static inline const tlsrpt_domain *sum_of(tlsrpt_tally *tally)
{
    const tlsrpt_summary *summary = tlsrpt_tally_sum(tally);

    return summary->domains->nelts ? APR_ARRAY_IDX(summary->domains, 0, tlsrpt_domain *) : NULL;
}

static inline const tlsrpt_readiness *assess(situation *s)
{
    s->facts.reports = sum_of(s->all);
    s->facts.evidence = sum_of(s->evidence);
    return tlsrpt_readiness_assess(s->p, &s->facts, &limits);
}

static inline const char *summary(apr_pool_t *p, const tlsrpt_readiness *readiness)
{
    const char *text = "";
    int i, j;

    for (i = 0; i < TLSRPT_READINESS_PARTS; i++) {
        assert_findings_are_printable(readiness->parts[i]);
        for (j = 0; j < readiness->parts[i]->list->nelts; j++) {
            const mta_sts_finding *finding = mta_sts_findings_at(readiness->parts[i], j);

            if (finding->severity != MTA_STS_OK) {
                text = apr_psprintf(p, "%s%s%s %s", text, *text ? ", " : "",
                                    mta_sts_severity_name(finding->severity), finding->id);
            }
        }
    }
    return apr_psprintf(p, "%s: %s", tlsrpt_ready_name(readiness->ready), text);
}

typedef struct row {
    const char *name;
    void (*change)(situation *s);
    const char *expected;
} row;

static inline void check_rows(apr_pool_t *p, situation *make(apr_pool_t *, const char *),
                              const char *policy, const row *rows, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        situation *s = make(p, policy);
        const char *got;

        if (rows[i].change) {
            rows[i].change(s);
        }
        got = summary(p, assess(s));
        if (strcmp(got, rows[i].expected) != 0) {
            fail_msg("%s: \"%s\" instead of \"%s\"", rows[i].name, got, rows[i].expected);
        }
    }
}

/* --- changes that several files make --- */

static inline void one_sender(situation *s)
{
    add_days(s, "a.example", 1, 20, TESTING, 1);
}

static inline void thirteen_days(situation *s)
{
    add_days(s, "a.example", 1, 13, TESTING, 1);
    add_days(s, "b.example", 1, 13, TESTING, 1);
}

static inline void old_reports(situation *s)
{
    add_days(s, "a.example", 9, 28, TESTING, 1);
    add_days(s, "b.example", 9, 28, TESTING, 1);
}

static inline void other_policy(situation *s)
{
    add_days(s, "a.example", 1, 20, POLICY("testing", "elsewhere.example"), 1);
    add_days(s, "b.example", 1, 20, POLICY("testing", "elsewhere.example"), 1);
}

/* Reports that anyone could submit: with the names of large senders, and the policy that is
 * served. */
static inline void forged_well(situation *s)
{
    add_days(s, "Google Inc.", 1, 20, TESTING, 0);
    add_days(s, "Microsoft Corporation", 1, 20, TESTING, 0);
}

static inline void one_verified_has_the_older(situation *s)
{
    add_days(s, "big.example", 1, 20, OLDER, 1);
}

static inline void fail_as(situation *s, const char *type, const char *mx, int days_ago, int failed)
{
    day reported = {.sender = "a.example",
                    .days_ago = days_ago,
                    .policy = TESTING,
                    .good = 10,
                    .failed = failed,
                    .failure = type,
                    .mx = mx,
                    .verified = 1};

    add_report(s, &reported);
}

static inline void expired_now_well(situation *s)
{
    fail_as(s, "certificate-expired", "mx1.example.com", 3, 5);
}

static inline void many_of_unknown_kind(situation *s)
{
    fail_as(s, "unheard-of\x1b", "mx1.example.com", 2, 100);
}

static inline void without_details(situation *s)
{
    fail_as(s, NULL, NULL, 2, 100);
}

static inline void fetch_error_verified(situation *s)
{
    day reported = {.sender = "a.example",
                    .days_ago = 2,
                    .failed = 5,
                    .failure = "sts-policy-fetch-error",
                    .verified = 1};

    add_report(s, &reported);
}

static inline void fetch_error_unchecked(situation *s)
{
    fetch_error_verified(s);
    s->facts.deployment = NULL;
    s->facts.check = NULL;
}

static inline void countless(situation *s)
{
    int i;

    for (i = 0; i < 40; i++) {
        fail_as(s, apr_psprintf(s->p, "kind-%d", i), "mx1.example.com", 3, 50);
    }
}

static inline void break_mx(situation *s)
{
    static mta_sts_finding trouble = {MTA_STS_ERROR,
                                      "certificate-expired",
                                      "mx1.example.com",
                                      "the certificate expired",
                                      "renew it",
                                      NULL,
                                      0};

    section_of(s, 0)->enforce = MTA_STS_SAFETY_NO;
    section_of(s, 0)->trouble = &trouble;
    s->result.verdict.outcome = MTA_STS_OUTCOME_PARTLY;
}

#endif
