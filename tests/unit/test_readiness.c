/* SPDX-License-Identifier: Apache-2.0 */
#include "readiness_fixture.h"

/* What of a domain as it is now decides whether it is ready, and the text for that. */

/* --- the look --- */

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

static void unknown_in_dns(situation *s)
{
    mta_sts_finding_add(section_of(s, 2)->findings, MTA_STS_UNKNOWN, "dns-timeout", "example.com",
                        "ask again", "no answer came in time");
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
        {"one MX, unprobed", unprobed_single, "unknown: unknown mx-unprobed"},
        {"one MX, unprobed, verified", unprobed_single_verified, "yes: "},
        {"two, verified", unprobed_verified, "unknown: unknown mx-unprobed, unknown mx-unprobed"},
        {"no record", unannounced, "not-yet: warning record-missing"},
        {"no policy", unexplained, "not-yet: warning deployment-incomplete"},
        {"DNS is silent", unknown_in_dns, "unknown: unknown dns-timeout"},
        {"no mail", without_mail, "not-yet: warning deployment-incomplete"},
        {"none", mode_none, "not-yet: warning mode-none, info sender-policy-older"},
    };

    check_rows(*state, make_good, TESTING, rows, COUNT(rows));
}

static void do_not_look(situation *s)
{
    s->facts.deployment = NULL;
    s->facts.check = NULL;
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

static void test_unverified_reports_alone_do_not_make_a_domain_ready(void **state)
{
    static const row rows[] = {
        {"unverified", do_not_look, "unknown: unknown mx-unprobed"},
        {"a verified one", do_not_look_verified, "yes: "},
        {"unknown policy", know_nothing, "unknown: unknown policy-unknown, unknown mx-unprobed"},
    };

    check_rows(*state, make_good, ONE_MX, rows, COUNT(rows));
}

static void test_reports_count_for_nothing_if_the_served_policy_is_unknown(void **state)
{
    situation *s = make_silent(*state, TESTING);

    s->served->nelts = 0;
    know_nothing(s);
    one_sender(s);
    assert_string_equal(summary(*state, assess(s)), "unknown: unknown policy-unknown, unknown "
                                                    "mx-unprobed, unknown reports-inconclusive");
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

    add_days(s, "a\x1b[2J", 1, 20, TESTING, 0);
    add_days(s, "b, verified", 1, 20, TESTING, 0);
    for (i = 0; i < 50; i++) {
        add_days(s, apr_psprintf(*state, "c%02d.example", i), 1, 2, TESTING, 0);
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
        POOL_TEST(test_unverified_reports_alone_do_not_make_a_domain_ready),
        POOL_TEST(test_reports_count_for_nothing_if_the_served_policy_is_unknown),
        POOL_TEST(test_active_mode_enforce_is_assessed_by_the_mail_it_blocks),
        POOL_TEST(test_names_from_reports_are_shown_escaped_and_limited_in_number),
        POOL_TEST(test_every_warning_and_error_says_what_to_do),
    };

    return RUN_POOL_TESTS(tests);
}
