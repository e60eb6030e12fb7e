/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "core/policy_text.h"
#include "findings_fixture.h"
#include "tlsrpt/readiness.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define DAY apr_time_from_sec(24 * 60 * 60)
#define NOW apr_time_from_sec(APR_INT64_C(1767268800)) /* 2026-01-01 12:00:00 UTC */
#define TODAY (NOW - DAY / 2)

#define POLICY(mode, mx) "version: STSv1\nmode: " mode "\nmx: " mx "\nmax_age: 604800"
#define TESTING POLICY("testing", "*.example.com")
#define ENFORCE POLICY("enforce", "*.example.com")
#define ONE_MX POLICY("testing", "mx1.example.com")
#define OLDER POLICY("testing", "old.example.com")

static const tlsrpt_readiness_limits limits = {.now = NOW, .days = 14, .senders = 2};

/* --- a situation: a policy, what a look shows, reports; each test changes something --- */

typedef struct situation {
    apr_pool_t *p;
    apr_array_header_t *served; /* of const mta_sts_policy *; the first is that of now */
    mta_sts_check_facts looked;
    mta_sts_check_result result;
    tlsrpt_filter filter;
    tlsrpt_tally *all, *weighed;
    tlsrpt_readiness_facts facts;
} situation;

static const mta_sts_policy *policy_of(apr_pool_t *p, const char *text)
{
    return mta_sts_policy_text_read(p, text, strlen(text), mta_sts_findings_make(p));
}

static mta_sts_check_section *add_section(situation *s, mta_sts_check_part part,
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

static void add_mx(situation *s, const char *host)
{
    APR_ARRAY_PUSH(s->looked.mxs, const char *) = host; /* only their number is looked at */
    add_section(s, MTA_STS_CHECK_MX, host)->enforce = MTA_STS_SAFETY_YES;
}

static mta_sts_check_section *section_of(situation *s, int i)
{
    return &APR_ARRAY_IDX(s->result.sections, i, mta_sts_check_section);
}

/* One sender's day, under one policy. */
typedef struct day {
    const char *sender;
    int days_ago;
    const char *type;   /* NULL: "sts" */
    const char *policy; /* its lines, or NULL */
    int good, failed;
    const char *failure; /* result type of those that failed; NULL: not told */
    const char *mx;
    const char *reason;
    int verified;
} day;

static apr_array_header_t *lines_of(apr_pool_t *p, const char *policy)
{
    apr_array_header_t *lines = apr_array_make(p, 4, sizeof(const char *));
    char *last, *text = apr_pstrdup(p, policy ? policy : ""), *line;

    for (line = apr_strtok(text, "\n", &last); line; line = apr_strtok(NULL, "\n", &last)) {
        APR_ARRAY_PUSH(lines, const char *) = line;
    }
    return lines;
}

static void add_report(situation *s, const day *told)
{
    static int number;
    apr_pool_t *p = s->p;
    tlsrpt_policy policy = {.type = told->type ? told->type : "sts",
                            .domain = "example.com",
                            .mx = apr_array_make(p, 1, sizeof(const char *)),
                            .policy = lines_of(p, told->policy),
                            .successful = told->good,
                            .failed = told->failed,
                            .failures = apr_array_make(p, 1, sizeof(tlsrpt_failure))};
    tlsrpt_report report = {.organization = told->sender,
                            .id = apr_psprintf(p, "%d", number++),
                            .begin = TODAY - told->days_ago * DAY,
                            .end = TODAY - told->days_ago * DAY + DAY - APR_USEC_PER_SEC,
                            .policies = apr_array_make(p, 1, sizeof(tlsrpt_policy))};

    if (told->failure) {
        tlsrpt_failure failure = {.result_type = told->failure,
                                  .sessions = told->failed,
                                  .receiving_mx = told->mx,
                                  .reason = told->reason};

        APR_ARRAY_PUSH(policy.failures, tlsrpt_failure) = failure;
    }
    APR_ARRAY_PUSH(report.policies, tlsrpt_policy) = policy;
    if (tlsrpt_readiness_concerns(policy.type)) {
        tlsrpt_tally_add(s->all, &report, report.id, told->verified);
    }
    if (tlsrpt_readiness_weighs(p, &policy, told->verified, s->served)) {
        tlsrpt_tally_add(s->weighed, &report, report.id, told->verified);
    }
}

static void add_days(situation *s, const char *sender, int from, int to, const char *policy,
                     int verified)
{
    day told = {.sender = sender, .policy = policy, .good = 40, .verified = verified};

    for (told.days_ago = from; told.days_ago <= to; told.days_ago++) {
        add_report(s, &told);
    }
}

/* Two MX hosts that are all right; no reports yet. */
static situation *make_silent(apr_pool_t *p, const char *policy)
{
    situation *s = apr_pcalloc(p, sizeof(*s));

    s->p = p;
    s->served = apr_array_make(p, 1, sizeof(const mta_sts_policy *));
    APR_ARRAY_PUSH(s->served, const mta_sts_policy *) = policy_of(p, policy);
    s->looked.smtp = MTA_STS_CHECK_SMTP_PROBED;
    s->looked.mxs = apr_array_make(p, 2, sizeof(const char *));
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
    s->weighed = tlsrpt_tally_make(p, &s->filter);
    s->facts.domain = "example.com";
    s->facts.served = s->result.policy;
    s->facts.looked = &s->looked;
    s->facts.result = &s->result;
    return s;
}

/* All is well: two senders, twenty days. */
static situation *make_good(apr_pool_t *p, const char *policy)
{
    situation *s = make_silent(p, policy);

    add_days(s, "a.example", 1, 20, policy, 0);
    add_days(s, "b.example", 1, 20, policy, 0);
    return s;
}

/* --- the verdict: "READY: SEVERITY ID, ...", leaving out what is ok and what is always told --- */

static const tlsrpt_domain *sum_of(tlsrpt_tally *tally)
{
    const tlsrpt_summary *summary = tlsrpt_tally_sum(tally);

    return summary->domains->nelts ? APR_ARRAY_IDX(summary->domains, 0, tlsrpt_domain *) : NULL;
}

static const tlsrpt_readiness *judge(situation *s)
{
    s->facts.all = sum_of(s->all);
    s->facts.weighed = sum_of(s->weighed);
    return tlsrpt_readiness_judge(s->p, &s->facts, &limits);
}

static const char *summary(apr_pool_t *p, const tlsrpt_readiness *readiness)
{
    const char *text = "";
    int i, j;

    for (i = 0; i < TLSRPT_READINESS_PARTS; i++) {
        assert_findings_are_showable(readiness->parts[i]);
        for (j = 0; j < readiness->parts[i]->list->nelts; j++) {
            const mta_sts_finding *finding = mta_sts_findings_at(readiness->parts[i], j);

            if (finding->severity != MTA_STS_OK && strcmp(finding->id, "senders-unverified") != 0) {
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

static void check_rows(apr_pool_t *p, situation *make(apr_pool_t *, const char *),
                       const char *policy, const row *rows, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        situation *s = make(p, policy);
        const char *got;

        if (rows[i].change) {
            rows[i].change(s);
        }
        got = summary(p, judge(s));
        if (strcmp(got, rows[i].expected) != 0) {
            fail_msg("%s: \"%s\" instead of \"%s\"", rows[i].name, got, rows[i].expected);
        }
    }
}

/* --- enough reports --- */

static void one_sender(situation *s)
{
    add_days(s, "a.example", 1, 20, TESTING, 0);
}

static void thirteen_days(situation *s)
{
    add_days(s, "a.example", 1, 13, TESTING, 0);
    add_days(s, "b.example", 1, 13, TESTING, 0);
}

static void fourteen_days(situation *s)
{
    thirteen_days(s);
    add_days(s, "b.example", 14, 14, TESTING, 0);
}

static void days_of_the_future(situation *s)
{
    add_days(s, "a.example", -20, 5, TESTING, 0);
    add_days(s, "b.example", -20, 5, TESTING, 0);
}

static void days_without_sessions(situation *s)
{
    day told = {.sender = "a.example", .policy = TESTING};

    thirteen_days(s);
    for (told.days_ago = 14; told.days_ago < 20; told.days_ago++) {
        add_report(s, &told);
    }
}

static void old_reports(situation *s)
{
    add_days(s, "a.example", 9, 28, TESTING, 0);
    add_days(s, "b.example", 9, 28, TESTING, 0);
}

static void foreign_policy(situation *s)
{
    add_days(s, "a.example", 1, 20, POLICY("testing", "elsewhere.example"), 0);
    add_days(s, "b.example", 1, 20, POLICY("testing", "elsewhere.example"), 0);
}

static void no_policy(situation *s)
{
    day told = {.sender = "a.example", .type = "no-policy-found", .good = 40};

    for (told.days_ago = 1; told.days_ago < 20; told.days_ago++) {
        add_report(s, &told);
    }
}

static void verified_no_policy(situation *s)
{
    day told = {.sender = "a.example", .type = "no-policy-found", .good = 40, .verified = 1};

    for (told.days_ago = 1; told.days_ago < 20; told.days_ago++) {
        add_report(s, &told);
    }
}

static void test_so_many_days_and_senders_are_wanted(void **state)
{
    static const row rows[] = {
        {"none", NULL, "not-yet: warning reports-missing"},
        {"one sender", one_sender, "not-yet: warning senders-few"},
        {"13 days", thirteen_days, "not-yet: warning days-few"},
        {"14 days", fourteen_days, "yes: "},
        {"future", days_of_the_future, "not-yet: warning days-few"},
        {"no sessions", days_without_sessions, "not-yet: warning days-few"},
        {"old", old_reports, "not-yet: warning reports-old"},
        {"another policy", foreign_policy,
         "not-yet: warning reports-unfounded, info policy-held-other"},
        {"no policy", no_policy, "not-yet: warning reports-unfounded, info policy-held-none"},
        {"verified, no policy", verified_no_policy,
         "not-yet: warning reports-unfounded, warning policy-held-none"},
    };

    check_rows(*state, make_silent, TESTING, rows, COUNT(rows));
}

/* --- failures in reports --- */

static void fail_as(situation *s, const char *type, const char *mx, int days_ago, int failed)
{
    day told = {.sender = "a.example",
                .days_ago = days_ago,
                .policy = TESTING,
                .good = 10,
                .failed = failed,
                .failure = type,
                .mx = mx};

    add_report(s, &told);
}

static void expired_now_well(situation *s)
{
    fail_as(s, "certificate-expired", "mx1.example.com", 3, 5);
}

static void break_mx(situation *s)
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

static void expired_and_still(situation *s)
{
    expired_now_well(s);
    break_mx(s);
}

static void expired_unlooked(situation *s)
{
    expired_now_well(s);
    s->facts.looked = NULL;
    s->facts.result = NULL;
}

static void expired_long_ago(situation *s)
{
    fail_as(s, "certificate-expired", "mx1.example.com", 16, 5);
}

static void expired_at_nobody_s_mx(situation *s)
{
    fail_as(s, "certificate-expired", "gone.example.net", 3, 5);
}

static void mx_of_no_name(situation *s)
{
    fail_as(s, "certificate-expired", "\x1b[2J$(reboot)", 3, 5);
}

static void timeouts(situation *s)
{
    day told = {.sender = "a.example",
                .days_ago = 2,
                .policy = TESTING,
                .failed = 5,
                .failure = "validation-failure",
                .mx = "mx1.example.com",
                .reason = "connection timed out"};

    add_report(s, &told);
}

static void one_of_unknown_kind(situation *s)
{
    fail_as(s, "unheard-of\x1b", "mx1.example.com", 2, 1);
}

static void many_of_unknown_kind(situation *s)
{
    fail_as(s, "unheard-of\x1b", "mx1.example.com", 2, 100);
}

static void without_details(situation *s)
{
    fail_as(s, NULL, NULL, 2, 100);
}

static void fetch_error_unverified(situation *s)
{
    day told = {
        .sender = "c.example", .days_ago = 2, .failed = 5, .failure = "sts-policy-fetch-error"};

    add_report(s, &told);
}

static void fetch_error_verified(situation *s)
{
    day told = {.sender = "a.example",
                .days_ago = 2,
                .failed = 5,
                .failure = "sts-policy-fetch-error",
                .verified = 1};

    add_report(s, &told);
}

static void fetch_error_unlooked(situation *s)
{
    fetch_error_verified(s);
    s->facts.looked = NULL;
    s->facts.result = NULL;
}

static void forged(situation *s)
{
    day told = {.sender = "c.example",
                .days_ago = 1,
                .policy = OLDER,
                .failed = 30,
                .failure = "starttls-not-supported",
                .mx = "mx1.example.com"};

    add_report(s, &told);
}

static void dane_failures(situation *s)
{
    day told = {.sender = "a.example",
                .days_ago = 1,
                .type = "tlsa",
                .failed = 30,
                .failure = "tlsa-invalid",
                .mx = "mx1.example.com",
                .verified = 1};

    add_report(s, &told);
}

static void countless(situation *s)
{
    int i;

    for (i = 0; i < 40; i++) {
        fail_as(s, apr_psprintf(s->p, "kind-%d", i), "mx1.example.com", 3, 50);
    }
}

static void test_failures_count_where_they_are_ours_and_recent_and_told_by_somebody(void **state)
{
    static const row rows[] = {
        {"well again", expired_now_well, "not-yet: warning failure-mended"},
        {"still", expired_and_still, "no: error certificate-expired, error failure-ours"},
        {"unlooked", expired_unlooked, "no: unknown mx-unprobed, error failure-ours"},
        {"long ago", expired_long_ago, "yes: info failure-past"},
        {"former MX", expired_at_nobody_s_mx, "not-yet: warning failure-mended"},
        {"hostile MX", mx_of_no_name, "not-yet: warning failure-mended"},
        {"timeouts", timeouts, "yes: info failure-of-sender"},
        {"one unknown", one_of_unknown_kind, "yes: info failure-of-sender"},
        {"many unknown", many_of_unknown_kind, "not-yet: warning failure-unclear"},
        {"no details", without_details, "not-yet: warning failure-unclear"},
        {"fetch, unverified", fetch_error_unverified,
         "yes: info failure-unconfirmed, info reports-left-aside"},
        {"fetch, verified", fetch_error_verified, "not-yet: warning failure-mended"},
        {"fetch, unlooked", fetch_error_unlooked,
         "not-yet: unknown mx-unprobed, warning failure-without-refusal"},
        {"forged", forged, "yes: info failure-unconfirmed, info reports-left-aside"},
        {"DANE", dane_failures, "yes: "},
        {"countless", countless,
         "not-yet: warning failure-unclear, warning failure-unclear, warning failure-unclear, "
         "warning failure-unclear, warning failure-unclear, warning failure-unclear, "
         "warning failure-unclear, warning failure-unclear, warning failure-unclear, "
         "warning failure-unclear, warning failure-unclear, warning failure-unclear, "
         "warning failures-more"},
    };

    check_rows(*state, make_good, TESTING, rows, COUNT(rows));
}

/* --- the look --- */

static void end_soon(situation *s)
{
    mta_sts_finding_add(section_of(s, 0)->findings, MTA_STS_WARNING, "certificate-ends-soon",
                        "mx1.example.com", "renew it", "the certificate ends in 5 days");
}

static void unprobed(situation *s)
{
    s->looked.smtp = MTA_STS_CHECK_SMTP_SKIPPED;
    section_of(s, 0)->enforce = section_of(s, 1)->enforce = MTA_STS_SAFETY_UNKNOWN;
}

static void unprobed_single(situation *s)
{
    unprobed(s);
    s->looked.mxs->nelts = 1;
}

static void unprobed_single_verified(situation *s)
{
    unprobed_single(s);
    add_days(s, "v.example", 1, 2, TESTING, 1);
}

static void unprobed_verified(situation *s)
{
    unprobed(s);
    add_days(s, "v.example", 1, 2, TESTING, 1);
}

static void unannounced(situation *s)
{
    mta_sts_finding_add(section_of(s, 2)->findings, MTA_STS_ERROR, "record-missing",
                        "_mta-sts.example.com", "publish it", "there is no MTA-STS record");
    s->result.policy = NULL;
    s->facts.served = NULL;
}

static void unexplained(situation *s)
{
    s->result.policy = NULL;
    s->facts.served = NULL;
    s->result.verdict.outcome = MTA_STS_OUTCOME_UNPROTECTED;
}

static void untold_by_dns(situation *s)
{
    mta_sts_finding_add(section_of(s, 2)->findings, MTA_STS_UNKNOWN, "dns-timeout", "example.com",
                        "ask again", "no answer came in time");
}

static void without_mail(situation *s)
{
    s->looked.mxs->nelts = 0;
    s->result.verdict.outcome = MTA_STS_OUTCOME_NO_MAIL;
}

static void mode_none(situation *s)
{
    s->facts.served = policy_of(s->p, POLICY("none", "*.example.com"));
}

static void test_the_look_decides_what_holds_up_mail_now(void **state)
{
    static const row rows[] = {
        {"well", NULL, "yes: "},
        {"an MX is broken", break_mx, "no: error certificate-expired"},
        {"ends soon", end_soon, "not-yet: warning certificate-ends-soon"},
        {"unprobed", unprobed, "unknown: unknown mx-unprobed, unknown mx-unprobed"},
        {"one MX, unprobed", unprobed_single, "unknown: unknown mx-unprobed"},
        {"one MX, unprobed, verified", unprobed_single_verified, "yes: "},
        {"two, verified", unprobed_verified, "unknown: unknown mx-unprobed, unknown mx-unprobed"},
        {"no record", unannounced, "not-yet: warning record-missing"},
        {"no policy", unexplained, "not-yet: warning nothing-seen"},
        {"DNS is silent", untold_by_dns, "unknown: unknown dns-timeout"},
        {"no mail", without_mail, "not-yet: warning nothing-seen"},
        {"none", mode_none, "not-yet: warning mode-none, info policy-held-other"},
    };

    check_rows(*state, make_good, TESTING, rows, COUNT(rows));
}

static void do_not_look(situation *s)
{
    s->facts.looked = NULL;
    s->facts.result = NULL;
}

static void do_not_look_verified(situation *s)
{
    do_not_look(s);
    add_days(s, "v.example", 1, 2, ONE_MX, 1);
}

static void know_nothing(situation *s)
{
    do_not_look(s);
    s->facts.served = NULL;
}

static void test_unverified_reports_alone_make_nothing_ready(void **state)
{
    static const row rows[] = {
        {"unverified", do_not_look, "unknown: unknown mx-unprobed"},
        {"a verified one", do_not_look_verified, "yes: "},
        {"unknown policy", know_nothing, "unknown: unknown policy-unknown, unknown mx-unprobed"},
    };

    check_rows(*state, make_good, ONE_MX, rows, COUNT(rows));
}

static void test_a_policy_that_nobody_knows_leaves_reports_without_foundation(void **state)
{
    situation *s = make_silent(*state, TESTING);

    s->served->nelts = 0;
    know_nothing(s);
    one_sender(s);
    assert_string_equal(summary(*state, judge(s)), "unknown: unknown policy-unknown, unknown "
                                                   "mx-unprobed, unknown reports-unfounded");
}

/* --- what senders hold --- */

static void one_has_the_older(situation *s)
{
    add_days(s, "big.example", 1, 20, OLDER, 0);
}

static void one_verified_has_the_older(situation *s)
{
    add_days(s, "big.example", 1, 20, OLDER, 1);
}

static void one_served_earlier_has_it(situation *s)
{
    APR_ARRAY_PUSH(s->served, const mta_sts_policy *) = policy_of(s->p, OLDER);
    add_days(s, "big.example", 1, 20, OLDER, 0);
}

static void one_had_the_older(situation *s)
{
    add_days(s, "big.example", 10, 20, OLDER, 1);
    add_days(s, "big.example", 1, 10, TESTING, 1);
}

static void one_changed_on_the_last_day(situation *s)
{
    day told = {
        .sender = "big.example", .days_ago = 1, .policy = OLDER, .good = 5000, .verified = 1};

    add_report(s, &told);
    add_days(s, "big.example", 1, 1, TESTING, 1);
}

static void small_has_the_older(situation *s)
{
    day told = {
        .sender = "small.example", .days_ago = 1, .policy = OLDER, .good = 1, .verified = 1};

    add_report(s, &told);
}

static void test_the_big_senders_have_the_current_policy(void **state)
{
    static const row rows[] = {
        {"unverified", one_has_the_older, "yes: info reports-left-aside, info policy-held-other"},
        {"verified", one_verified_has_the_older, "not-yet: warning policy-held-other"},
        {"served earlier", one_served_earlier_has_it, "yes: info policy-held-other"},
        {"no more", one_had_the_older, "yes: "},
        {"both on one day", one_changed_on_the_last_day, "yes: "},
        {"small", small_has_the_older, "yes: "},
    };

    check_rows(*state, make_good, TESTING, rows, COUNT(rows));
}

/* --- where enforce is on --- */

static void test_mode_enforce_that_is_on_is_judged_by_what_it_holds_up(void **state)
{
    static const row rows[] = {
        {"no reports", NULL, "yes: info reports-missing"},
        {"few reports", one_sender, "yes: info senders-few, info policy-held-other"},
        {"broken", break_mx, "no: error certificate-expired, info reports-missing"},
        {"unprobed", unprobed,
         "unknown: unknown mx-unprobed, unknown mx-unprobed, info reports-missing"},
        {"ends soon", end_soon, "not-yet: warning certificate-ends-soon, info reports-missing"},
    };
    static const struct {
        void (*change)(situation *s);
        const char *summary;
    } texts[] = {
        {NULL, "mode enforce is on, and safe"},
        {break_mx, "mode enforce is on, and holds up mail: one thing is broken"},
        {unprobed, "mode enforce is on; whether that is safe could not be told"},
        {end_soon, "mode enforce is on and holds up no mail, but one thing wants care"},
    };
    size_t i;

    check_rows(*state, make_silent, ENFORCE, rows, COUNT(rows));
    for (i = 0; i < COUNT(texts); i++) {
        situation *s = make_silent(*state, ENFORCE);

        if (texts[i].change) {
            texts[i].change(s);
        }
        assert_string_equal(judge(s)->summary, texts[i].summary);
    }
}

/* --- words --- */

static void test_names_from_reports_are_told_escaped_and_not_without_end(void **state)
{
    situation *s = make_silent(*state, TESTING);
    const tlsrpt_readiness *readiness;
    int i, found = 0;

    add_days(s, "a\x1b[2J", 1, 20, TESTING, 0);
    add_days(s, "b, verified", 1, 20, TESTING, 0);
    for (i = 0; i < 50; i++) {
        add_days(s, apr_psprintf(*state, "c%02d.example", i), 1, 2, TESTING, 0);
    }
    readiness = judge(s);
    for (i = 0; i < readiness->parts[TLSRPT_READINESS_REPORTS]->list->nelts; i++) {
        const mta_sts_finding *finding =
            mta_sts_findings_at(readiness->parts[TLSRPT_READINESS_REPORTS], i);

        if (strcmp(finding->id, "senders-enough") == 0) {
            assert_string_equal(finding->message,
                                "52 senders report (at least 2 are wanted): \"a\\x1b[2J\", "
                                "\"b, verified\", c00.example and 49 more");
            found = 1;
        }
    }
    assert_true(found);
}

static void test_every_warning_and_error_says_what_to_do(void **state)
{
    static void (*const changes[])(situation * s) = {one_sender,
                                                     thirteen_days,
                                                     old_reports,
                                                     foreign_policy,
                                                     expired_now_well,
                                                     break_mx,
                                                     many_of_unknown_kind,
                                                     without_details,
                                                     fetch_error_unlooked,
                                                     unprobed,
                                                     mode_none,
                                                     know_nothing,
                                                     without_mail,
                                                     one_verified_has_the_older,
                                                     countless};
    size_t i;
    int part, j;

    for (i = 0; i < COUNT(changes); i++) {
        situation *s = make_silent(*state, TESTING);
        const tlsrpt_readiness *readiness;

        changes[i](s);
        readiness = judge(s);
        for (part = 0; part < TLSRPT_READINESS_PARTS; part++) {
            for (j = 0; j < readiness->parts[part]->list->nelts; j++) {
                const mta_sts_finding *finding = mta_sts_findings_at(readiness->parts[part], j);

                if (finding->severity >= MTA_STS_WARNING && !finding->fix) {
                    fail_msg("%s has no fix", finding->id);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_so_many_days_and_senders_are_wanted),
        POOL_TEST(test_failures_count_where_they_are_ours_and_recent_and_told_by_somebody),
        POOL_TEST(test_the_look_decides_what_holds_up_mail_now),
        POOL_TEST(test_unverified_reports_alone_make_nothing_ready),
        POOL_TEST(test_a_policy_that_nobody_knows_leaves_reports_without_foundation),
        POOL_TEST(test_the_big_senders_have_the_current_policy),
        POOL_TEST(test_mode_enforce_that_is_on_is_judged_by_what_it_holds_up),
        POOL_TEST(test_names_from_reports_are_told_escaped_and_not_without_end),
        POOL_TEST(test_every_warning_and_error_says_what_to_do),
    };

    return RUN_POOL_TESTS(tests);
}
