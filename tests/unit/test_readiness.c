/* SPDX-License-Identifier: Apache-2.0 */
#include "readiness_fixture.h"

/* How the current state of a domain decides whether it is ready, and how that is reported. */

/* --- the deployment --- */

static void end_soon(situation *s)
{
    mta_sts_finding_add(section_of(s, 0)->findings, MTA_STS_WARNING, "certificate-expires-soon",
                        "mx1.example.com", "renew it", "the certificate ends in 5 days");
}

static void unprobed(situation *s)
{
    s->deployment.smtp = MTA_STS_CHECK_SMTP_SKIPPED;
    section_of(s, 0)->enforce = section_of(s, 1)->enforce = MTA_STS_SAFETY_UNKNOWN;
}

static void unprobed_single(situation *s)
{
    unprobed(s);
    s->deployment.mxs->nelts = 1;
}

/* The second host takes no mail in any mode, and what the first one does is not known. */
static void unprobed_beside_closed(situation *s)
{
    static mta_sts_finding closed = {MTA_STS_ERROR,
                                     "smtp-refused",
                                     "mx2.example.com",
                                     "192.0.2.2 refuses connections",
                                     "start it",
                                     NULL,
                                     0};

    section_of(s, 0)->enforce = section_of(s, 1)->enforce = MTA_STS_SAFETY_UNKNOWN;
    section_of(s, 1)->trouble = &closed;
    s->result.verdict.outcome = MTA_STS_OUTCOME_UNKNOWN;
    s->result.verdict.enforce = MTA_STS_SAFETY_UNKNOWN;
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

static void unknown_in_dns(situation *s)
{
    mta_sts_finding_add(section_of(s, 2)->findings, MTA_STS_UNKNOWN, "dns-timeout", "example.com",
                        "ask again", "no answer came in time");
}

static void nonexistent(situation *s)
{
    mta_sts_finding_add(section_of(s, 2)->findings, MTA_STS_ERROR, "domain-unknown", "example.com",
                        "check the spelling", "the domain does not exist in DNS");
    s->deployment.mxs->nelts = 0;
    s->result.policy = NULL;
    s->facts.served = NULL;
    s->result.verdict.outcome = MTA_STS_OUTCOME_NO_MAIL;
}

static void without_mail(situation *s)
{
    s->deployment.mxs->nelts = 0;
    s->result.verdict.outcome = MTA_STS_OUTCOME_NO_MAIL;
}

static void mode_none(situation *s)
{
    s->facts.served = policy_of(s->p, POLICY("none", "*.example.com"));
}

static void test_the_live_check_determines_what_blocks_mail_now(void **state)
{
    static const row rows[] = {
        {"well", NULL, "yes: "},
        {"an MX is broken", break_mx, "no: error certificate-expired"},
        {"ends soon", end_soon, "not-yet: warning certificate-expires-soon"},
        {"unprobed", unprobed, "unknown: unknown mx-unprobed, unknown mx-unprobed"},
        {"unprobed beside closed", unprobed_beside_closed,
         "unknown: unknown mx-unprobed, info smtp-refused"},
        {"one MX, unprobed", unprobed_single, "yes: "},
        {"no record", unannounced, "not-yet: warning record-missing"},
        {"no policy", unexplained, "not-yet: warning deployment-incomplete"},
        {"DNS is silent", unknown_in_dns, "unknown: unknown dns-timeout"},
        {"no mail", without_mail, "not-yet: warning deployment-incomplete"},
        {"none", mode_none, "not-yet: warning mode-none, warning sender-policy-older"},
    };

    check_rows(*state, make_good, TESTING, rows, COUNT(rows));
}

static void do_not_look(situation *s)
{
    s->facts.deployment = NULL;
    s->facts.check = NULL;
}

static void know_nothing(situation *s)
{
    do_not_look(s);
    s->facts.served = NULL;
}

static void forged_unchecked(situation *s)
{
    do_not_look(s);
    forged_well(s);
}

static void forged_single(situation *s)
{
    unprobed_single(s);
    forged_well(s);
}

static void test_without_a_check_verified_reports_are_needed(void **state)
{
    static const row good[] = {
        {"verified", do_not_look, "yes: "},
        {"unknown policy", know_nothing, "unknown: unknown policy-unknown, unknown mx-unprobed"},
    };
    static const row silent[] = {
        {"forged", forged_unchecked,
         "not-yet: unknown mx-unprobed, warning reports-inconclusive, info sender-policy-older"},
        {"forged, one MX", forged_single,
         "not-yet: unknown mx-unprobed, warning reports-inconclusive, info sender-policy-older"},
    };

    check_rows(*state, make_good, ONE_MX, good, COUNT(good));
    check_rows(*state, make_silent, ONE_MX, silent, COUNT(silent));
}

static const mta_sts_finding *finding_of(const tlsrpt_readiness *readiness, const char *id)
{
    const mta_sts_findings *findings = readiness->parts[TLSRPT_READINESS_REPORTS];
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        if (strcmp(mta_sts_findings_at(findings, i)->id, id) == 0) {
            return mta_sts_findings_at(findings, i);
        }
    }
    fail_msg("no %s", id);
    return NULL;
}

/* Fifteen days under two well-known names, and one more report with failures. */
static void test_forged_reports_change_no_verdict_and_lead_to_a_check(void **state)
{
    situation *s = make_silent(*state, TESTING);
    day failing = {.sender = "Google Inc.",
                   .days_ago = 1,
                   .policy = TESTING,
                   .failed = 50,
                   .failure = "certificate-expired",
                   .mx = "mx1.example.com"};
    const tlsrpt_readiness *readiness;

    forged_well(s);
    add_report(s, &failing);
    readiness = assess(s);
    assert_string_equal(summary(*state, readiness),
                        "not-yet: info failure-unconfirmed, warning reports-inconclusive");
    assert_non_null(strstr(finding_of(readiness, "failure-unconfirmed")->message,
                           "; only unverified reports contain it: check it"));
    assert_non_null(strstr(finding_of(readiness, "failure-unconfirmed")->fix, "openssl s_client"));
    assert_non_null(strstr(finding_of(readiness, "reports-inconclusive")->message,
                           "41 reports were received, but none is verified"));
    assert_non_null(strstr(finding_of(readiness, "reports-inconclusive")->fix, "--authserv-id"));
    assert_non_null(strstr(finding_of(readiness, "reports-inconclusive")->fix, "--verify-dkim"));
}

/* --- where enforce is on --- */

static void test_active_mode_enforce_is_assessed_by_the_mail_it_blocks(void **state)
{
    static const row rows[] = {
        {"no reports", NULL, "yes: info reports-missing"},
        {"few reports", one_sender, "yes: info senders-few, info sender-policy-older"},
        {"broken", break_mx, "no: error certificate-expired, info reports-missing"},
        {"unprobed", unprobed,
         "unknown: unknown mx-unprobed, unknown mx-unprobed, info reports-missing"},
        {"ends soon", end_soon, "not-yet: warning certificate-expires-soon, info reports-missing"},
        {"does not exist", nonexistent, "not-yet: warning domain-unknown"},
    };
    static const struct {
        void (*change)(situation *s);
        const char *summary;
    } texts[] = {
        {NULL, "mode enforce is on and safe"},
        {break_mx, "mode enforce is on and blocks mail: 1 problem has to be fixed"},
        {unprobed, "mode enforce is on; could not determine whether that is safe"},
        {end_soon, "mode enforce is on and blocks no mail, but 1 item is still open"},
    };
    size_t i;

    check_rows(*state, make_silent, ENFORCE, rows, COUNT(rows));
    for (i = 0; i < COUNT(texts); i++) {
        situation *s = make_silent(*state, ENFORCE);

        if (texts[i].change) {
            texts[i].change(s);
        }
        assert_string_equal(assess(s)->summary, texts[i].summary);
    }
}

/* --- texts --- */

static void test_names_from_reports_are_shown_escaped_and_limited_in_number(void **state)
{
    situation *s = make_silent(*state, TESTING);
    const tlsrpt_readiness *readiness;
    int i, found = 0;

    add_days(s, "a\x1b[2J", 1, 20, TESTING, 1);
    add_days(s, "b, verified", 1, 20, TESTING, 1);
    for (i = 0; i < 50; i++) {
        add_days(s, apr_psprintf(*state, "c%02d.example", i), 1, 2, TESTING, 1);
    }
    readiness = assess(s);
    for (i = 0; i < readiness->parts[TLSRPT_READINESS_REPORTS]->list->nelts; i++) {
        const mta_sts_finding *finding =
            mta_sts_findings_at(readiness->parts[TLSRPT_READINESS_REPORTS], i);

        if (strcmp(finding->id, "senders-enough") == 0) {
            assert_string_equal(finding->message, "52 senders report (required: 2): \"a\\x1b[2J\", "
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
                                                     other_policy,
                                                     expired_now_well,
                                                     break_mx,
                                                     many_of_unknown_kind,
                                                     without_details,
                                                     fetch_error_unchecked,
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
        readiness = assess(s);
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
        POOL_TEST(test_the_live_check_determines_what_blocks_mail_now),
        POOL_TEST(test_without_a_check_verified_reports_are_needed),
        POOL_TEST(test_forged_reports_change_no_verdict_and_lead_to_a_check),
        POOL_TEST(test_active_mode_enforce_is_assessed_by_the_mail_it_blocks),
        POOL_TEST(test_names_from_reports_are_shown_escaped_and_limited_in_number),
        POOL_TEST(test_every_warning_and_error_says_what_to_do),
    };

    return RUN_POOL_TESTS(tests);
}
