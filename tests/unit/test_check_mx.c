/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include "check_fixture.h"

static void refuse_smtp(apr_pool_t *p, mta_sts_check_facts *facts)
{
    (void)p;
    probe_of(facts, 0)->result = MTA_STS_SMTP_REFUSED;
}

static void refuse_smtp_everywhere(apr_pool_t *p, mta_sts_check_facts *facts)
{
    refuse_smtp(p, facts);
    probe_of(facts, 1)->result = MTA_STS_SMTP_REFUSED;
}

static void be_busy(apr_pool_t *p, mta_sts_check_facts *facts)
{
    int i;

    (void)p;
    for (i = 0; i < 2; i++) {
        probe_of(facts, i)->result = MTA_STS_SMTP_REJECTED;
        probe_of(facts, i)->stage = MTA_STS_SMTP_GREETING;
        probe_of(facts, i)->code = 421;
        probe_of(facts, i)->reply = "421 later\x1b";
    }
}

static void skip_smtp(apr_pool_t *p, mta_sts_check_facts *facts)
{
    (void)p;
    facts->smtp = MTA_STS_CHECK_SMTP_SKIPPED;
}

static void block_smtp(apr_pool_t *p, mta_sts_check_facts *facts)
{
    refuse_smtp_everywhere(p, facts);
    facts->smtp = MTA_STS_CHECK_SMTP_BLOCKED;
}

static void second_mx_address(apr_pool_t *p, mta_sts_check_facts *facts)
{
    add_probe(p, mx_of(facts, 0), "2001:db8::1")->result = MTA_STS_SMTP_REFUSED;
}

static void dane(apr_pool_t *p, mta_sts_check_facts *facts)
{
    mx_of(facts, 0)->tlsa = one(p, "3 1 1 00");
}

static void unsigned_dane(apr_pool_t *p, mta_sts_check_facts *facts)
{
    dane(p, facts);
    mx_of(facts, 0)->tlsa.dnssec = MTA_STS_DNSSEC_INSECURE;
}

static void broken_dane(apr_pool_t *p, mta_sts_check_facts *facts)
{
    dane(p, facts);
    mx_of(facts, 0)->tlsa.status = MTA_STS_ANSWER_BOGUS;
}

static void test_problems_of_mail_servers_are_found(void **state)
{
    static const row rows[] = {
        {"one", NULL, refuse_smtp, "warning smtp-refused; delivers, yes"},
        {"one, testing", TESTING, refuse_smtp, "warning smtp-refused; delivers, yes"},
        {"all", NULL, refuse_smtp_everywhere,
         "error smtp-refused, error smtp-refused; refuses, unknown"},
        {"all, testing", TESTING, refuse_smtp_everywhere,
         "error smtp-refused, error smtp-refused; refuses, unknown"},
        {"busy", NULL, be_busy,
         "warning smtp-not-available, warning smtp-not-available; unknown, unknown"},
        {"not covered", ONE_MX, NULL, "error mx-not-in-policy; partly, no"},
        {"skipped", NULL, skip_smtp, "info smtp-skipped; unknown, unknown"},
        {"blocked", NULL, block_smtp, "unknown smtp-blocked; unknown, unknown"},
        {"half", NULL, second_mx_address, "warning smtp-refused; delivers, yes"},
        {"DANE", NULL, dane, "info dane-present; delivers, yes"},
        {"DANE, not signed", NULL, unsigned_dane, "info tlsa-insecure; delivers, yes"},
        {"DANE, bogus", NULL, broken_dane, "warning dns-bogus; delivers, yes"},
    };

    check_rows(*state, rows, COUNT(rows));
}

static void test_port_25_is_blocked_only_if_every_connection_times_out(void **state)
{
    apr_array_header_t *all = apr_array_make(*state, 2, sizeof(mta_sts_check_facts *));
    mta_sts_check_facts *facts = healthy(*state, ENFORCE);
    int i;

    assert_false(mta_sts_check_smtp_is_blocked(all));
    APR_ARRAY_PUSH(all, mta_sts_check_facts *) = facts;
    assert_false(mta_sts_check_smtp_is_blocked(all));
    for (i = 0; i < 2; i++) {
        probe_of(facts, i)->result = MTA_STS_SMTP_TIMEOUT;
        probe_of(facts, i)->stage = MTA_STS_SMTP_CONNECT;
    }
    assert_true(mta_sts_check_smtp_is_blocked(all));
    probe_of(facts, 0)->result = MTA_STS_SMTP_NO_ROUTE;
    assert_true(mta_sts_check_smtp_is_blocked(all));
    probe_of(facts, 0)->result = MTA_STS_SMTP_NOT_TRIED;
    assert_true(mta_sts_check_smtp_is_blocked(all));
    probe_of(facts, 1)->stage = MTA_STS_SMTP_GREETING;
    assert_false(mta_sts_check_smtp_is_blocked(all));
}

static void uncover_second(apr_pool_t *p, mta_sts_check_facts *facts)
{
    facts->fetches->nelts = 0;
    add_fetch(p, facts, "192.0.2.80",
              "version: STSv1\r\nmode: testing\r\nmx: mx1.example.com\r\nmax_age: 604800\r\n");
}

static void test_each_mx_is_marked_deliverable_under_enforce_in_any_mode(void **state)
{
    static const struct {
        void (*change)(apr_pool_t *p, mta_sts_check_facts *facts);
        const char *expected; /* for the first and the second MX: enforce, trouble */
        int has_policy;
    } rows[] = {
        {NULL, "yes -, yes -", 1},
        {refuse_smtp, "unknown smtp-refused, yes -", 1},
        {uncover_second, "yes -, no mx-not-in-policy", 1},
        {second_mx_address, "yes -, yes -", 1}, /* a sender goes to the other one */
        {be_busy, "unknown -, unknown -", 1},
        {skip_smtp, "unknown -, unknown -", 1},
        {block_smtp, "unknown -, unknown -", 1},
        {redirect, "yes -, yes -", 0},
    };
    apr_pool_t *p = *state;
    size_t i;
    int j;

    for (i = 0; i < COUNT(rows); i++) {
        mta_sts_check_facts *facts = healthy(p, TESTING);
        const mta_sts_check_result *result;
        const char *got = NULL;

        if (rows[i].change) {
            rows[i].change(p, facts);
        }
        result = mta_sts_check_judge(p, facts, &limits);
        for (j = 0; j < result->sections->nelts; j++) {
            const mta_sts_check_section *section =
                &APR_ARRAY_IDX(result->sections, j, mta_sts_check_section);

            if (section->part == MTA_STS_CHECK_MX && strcmp(section->subject, "example.com") != 0) {
                got = apr_psprintf(p, "%s%s%s %s", got ? got : "", got ? ", " : "",
                                   mta_sts_safety_name(section->enforce),
                                   section->trouble ? section->trouble->id : "-");
            }
        }
        assert_string_equal(got, rows[i].expected);
        assert_int_equal(result->policy != NULL, rows[i].has_policy);
    }
}

/* --- every way in which one or all MX hosts can fail --- */

static void close_handshake(mta_sts_check_facts *facts, int i)
{
    probe_of(facts, i)->result = MTA_STS_SMTP_CLOSED;
    probe_of(facts, i)->stage = MTA_STS_SMTP_HANDSHAKE;
}

static void close_at_once(mta_sts_check_facts *facts, int i)
{
    probe_of(facts, i)->result = MTA_STS_SMTP_CLOSED;
    probe_of(facts, i)->stage = MTA_STS_SMTP_GREETING;
}

static void be_unavailable(mta_sts_check_facts *facts, int i)
{
    probe_of(facts, i)->result = MTA_STS_SMTP_REJECTED;
    probe_of(facts, i)->stage = MTA_STS_SMTP_GREETING;
    probe_of(facts, i)->code = 421;
}

static void answer_451(mta_sts_check_facts *facts, int i)
{
    be_unavailable(facts, i);
    probe_of(facts, i)->code = 451;
}

static void answer_450_to_ehlo(mta_sts_check_facts *facts, int i)
{
    be_unavailable(facts, i);
    probe_of(facts, i)->stage = MTA_STS_SMTP_EHLO;
    probe_of(facts, i)->code = 450;
}

static void answer_554(mta_sts_check_facts *facts, int i)
{
    be_unavailable(facts, i);
    probe_of(facts, i)->code = 554;
}

static void answer_454_to_starttls(mta_sts_check_facts *facts, int i)
{
    be_unavailable(facts, i);
    probe_of(facts, i)->stage = MTA_STS_SMTP_STARTTLS;
    probe_of(facts, i)->code = 454;
}

static void have_no_route(mta_sts_check_facts *facts, int i)
{
    probe_of(facts, i)->result = MTA_STS_SMTP_NO_ROUTE;
    probe_of(facts, i)->stage = MTA_STS_SMTP_CONNECT;
}

static void name_another(mta_sts_check_facts *facts, int i)
{
    APR_ARRAY_IDX(probe_of(facts, i)->peer.certificate->names, 0, const char *) = "other.example";
}

static void be_outside_the_policy(mta_sts_check_facts *facts, int i)
{
    mx_of(facts, i)->host = i ? "mx8.example.com" : "mx9.example.com";
    APR_ARRAY_IDX(probe_of(facts, i)->peer.certificate->names, 0, const char *) =
        mx_of(facts, i)->host;
}

static void be_outside_and_refused(mta_sts_check_facts *facts, int i)
{
    be_outside_the_policy(facts, i);
    be_refused(facts, i);
}

static void set_status(mta_sts_check_facts *facts, int i, mta_sts_answer_status status)
{
    mx_of(facts, i)->a.status = status;
    mx_of(facts, i)->a.values->nelts = 0;
    mx_of(facts, i)->probes->nelts = 0;
}

static void have_no_address(mta_sts_check_facts *facts, int i)
{
    set_status(facts, i, MTA_STS_ANSWER_NODATA);
}

static void be_broken_in_dns(mta_sts_check_facts *facts, int i)
{
    set_status(facts, i, MTA_STS_ANSWER_SERVFAIL);
}

static void be_late_in_dns(mta_sts_check_facts *facts, int i)
{
    set_status(facts, i, MTA_STS_ANSWER_TIMEOUT);
}

static void be_an_address(mta_sts_check_facts *facts, int i)
{
    mx_of(facts, i)->host = "192.0.2.1";
}

static void test_the_verdict_blames_mode_enforce_only_for_what_it_changes(void **state)
{
    /* One of two MX hosts fails in this way, then both; each in mode testing and in mode enforce:
     * severity, outcome, whether mode enforce is safe. */
    static const struct {
        const char *name;
        void (*breaks)(mta_sts_check_facts *facts, int i);
        const char *one_testing, *one_enforce, *all_testing, *all_enforce;
    } cases[] = {
        {"no STARTTLS", lack_starttls, "warning partly no", "error partly no", "warning refuses no",
         "error refuses no"},
        {"handshake closed", close_handshake, "warning partly no", "error partly no",
         "warning refuses no", "error refuses no"},
        {"bad name", name_another, "warning partly no", "error partly no", "warning refuses no",
         "error refuses no"},
        {"expired", be_expired, "warning partly no", "error partly no", "warning refuses no",
         "error refuses no"},
        {"untrusted", be_self_signed, "warning partly no", "error partly no", "warning refuses no",
         "error refuses no"},
        {"not in the policy", be_outside_the_policy, "warning partly no", "error partly no",
         "warning refuses no", "error refuses no"},
        {"refused (nolisting)", be_refused, "warning delivers yes", "warning delivers yes",
         "error refuses unknown", "error refuses unknown"},
        {"closed at once", close_at_once, "warning delivers yes", "warning delivers yes",
         "error refuses unknown", "error refuses unknown"},
        {"not in the policy and refused", be_outside_and_refused, "warning delivers yes",
         "warning delivers yes", "error refuses unknown", "error refuses unknown"},
        {"no address", have_no_address, "warning delivers yes", "warning delivers yes",
         "error refuses unknown", "error refuses unknown"},
        {"SERVFAIL", be_broken_in_dns, "warning delivers yes", "warning delivers yes",
         "error refuses unknown", "error refuses unknown"},
        {"not a host", be_an_address, "warning delivers yes", "warning delivers yes",
         "error refuses unknown", "error refuses unknown"},
        {"421", be_unavailable, "warning partly unknown", "warning partly unknown",
         "warning unknown unknown", "warning unknown unknown"},
        {"451 greeting", answer_451, "warning partly unknown", "warning partly unknown",
         "warning unknown unknown", "warning unknown unknown"},
        {"450 to EHLO", answer_450_to_ehlo, "warning partly unknown", "warning partly unknown",
         "warning unknown unknown", "warning unknown unknown"},
        {"554 greeting", answer_554, "warning delivers yes", "warning delivers yes",
         "error refuses unknown", "error refuses unknown"},
        {"454 to STARTTLS", answer_454_to_starttls, "warning partly no", "error partly no",
         "warning refuses no", "error refuses no"},
        {"lookup timed out", be_late_in_dns, "unknown partly unknown", "unknown partly unknown",
         "unknown unknown unknown", "unknown unknown unknown"},
        {"no route", have_no_route, "unknown partly unknown", "unknown partly unknown",
         "unknown unknown unknown", "unknown unknown unknown"},
    };
    size_t i;
    int run;

    for (i = 0; i < COUNT(cases); i++) {
        const char *const expected[] = {cases[i].one_testing, cases[i].one_enforce,
                                        cases[i].all_testing, cases[i].all_enforce};

        for (run = 0; run < 4; run++) {
            mta_sts_check_facts *facts = healthy(*state, run % 2 ? ENFORCE : TESTING);
            const mta_sts_check_result *result;
            const char *got;

            cases[i].breaks(facts, 0);
            if (run >= 2) {
                cases[i].breaks(facts, 1);
            }
            result = mta_sts_check_judge(*state, facts, &limits);
            got = apr_psprintf(*state, "%s %s %s", mta_sts_severity_name(result->severity),
                               mta_sts_outcome_name(result->verdict.outcome),
                               mta_sts_safety_name(result->verdict.enforce));
            if (strcmp(got, expected[run]) != 0) {
                fail_msg("%s, run %d: \"%s\" instead of \"%s\"", cases[i].name, run, got,
                         expected[run]);
            }
            if (result->verdict.enforce != MTA_STS_SAFETY_NO) {
                assert_null(strstr(result->verdict.advice, "hold"));
                assert_null(strstr(result->verdict.advice, "go back"));
            }
        }
    }
}

static void
test_where_enforce_changes_something_the_advice_says_what_and_at_which_host(void **state)
{
    mta_sts_check_facts *facts = healthy(*state, TESTING);

    be_refused(facts, 0);
    lack_starttls(facts, 1);
    assert_string_equal(mta_sts_check_judge(*state, facts, &limits)->verdict.advice,
                        "do not change to mode enforce yet: at mx2.example.com, a sender in mode "
                        "testing delivers without TLS, and reports it; in mode enforce it goes to "
                        "the next MX host, and there is none that works");
}

static void test_the_policy_is_no_reason_where_no_mode_delivers(void **state)
{
    static const struct {
        void (*breaks)(mta_sts_check_facts *facts, int i);
        const char *reason; /* of a host that the policy does not cover */
    } cases[] = {
        {be_refused, "192.0.2.1 refuses connections"},
        {lack_starttls, "the policy does not cover this host"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mta_sts_check_facts *facts = healthy(*state, TESTING);
        const char *summary;

        facts->mxs->nelts = 1;
        mx_of(facts, 0)->host = "mx9.example.org";
        cases[i].breaks(facts, 0);
        summary = mta_sts_check_judge(*state, facts, &limits)->verdict.summary;
        if (!strstr(summary, apr_pstrcat(*state, "mx9.example.org: ", cases[i].reason, NULL))) {
            fail_msg("%s", summary);
        }
    }
}

static void test_two_hosts_that_fail_in_different_ways_are_judged_together(void **state)
{
    static const struct {
        void (*first)(mta_sts_check_facts *facts, int i);
        void (*second)(mta_sts_check_facts *facts, int i);
        const char *testing, *enforce; /* severity, outcome, and the beginning of the advice */
    } cases[] = {
        {have_no_route, be_refused, "warning unknown could not determine",
         "warning unknown mode enforce is on; could not determine"},
        {lack_starttls, be_refused, "warning refuses do not change to mode enforce yet",
         "error refuses mode enforce is on, and holds up mail"},
        {lack_starttls, have_no_route, "warning partly do not change to mode enforce yet",
         "error partly mode enforce is on, and may hold up mail"},
        {lack_starttls, be_unavailable, "warning partly do not change to mode enforce yet",
         "error partly mode enforce is on, and may hold up mail"},
    };
    size_t i;
    int run;

    for (i = 0; i < COUNT(cases); i++) {
        for (run = 0; run < 2; run++) {
            mta_sts_check_facts *facts = healthy(*state, run ? ENFORCE : TESTING);
            const char *expected = run ? cases[i].enforce : cases[i].testing, *got;
            const mta_sts_check_result *result;

            cases[i].first(facts, 0);
            cases[i].second(facts, 1);
            result = mta_sts_check_judge(*state, facts, &limits);
            got =
                apr_psprintf(*state, "%s %s %s", mta_sts_severity_name(result->severity),
                             mta_sts_outcome_name(result->verdict.outcome), result->verdict.advice);
            if (strncmp(got, expected, strlen(expected)) != 0) {
                fail_msg("%d, run %d: \"%s\" instead of \"%s\"", (int)i, run, got, expected);
            }
        }
    }
}

#define EMPTY MTA_STS_ANSWER_NODATA

static void test_the_verdict_names_the_host_whose_tlsa_lookup_goes_wrong(void **state)
{
    static const struct {
        mta_sts_answer_status first, second;
        int is_first_unsigned;
        const char *dane; /* what follows "senders that support DANE", before the host; or NULL */
        const char *host;
    } cases[] = {
        {EMPTY, EMPTY, 0, NULL, NULL},
        {MTA_STS_ANSWER_NXDOMAIN, EMPTY, 0, NULL, NULL},
        {MTA_STS_ANSWER_NOT_QUERIED, EMPTY, 0, NULL, NULL},
        {MTA_STS_ANSWER_SERVFAIL, EMPTY, 0, "cannot look up the TLSA records, and defer mail to",
         "mx1.example.com"},
        {EMPTY, MTA_STS_ANSWER_BOGUS, 0, "cannot look up the TLSA records, and defer mail to",
         "mx2.example.com"},
        {MTA_STS_ANSWER_TIMEOUT, EMPTY, 0,
         "may be unable to look up the TLSA records, which timed out here, and then defer mail to",
         "mx1.example.com"},
        {EMPTY, MTA_STS_ANSWER_TIMEOUT, 0,
         "may be unable to look up the TLSA records, which timed out here, and then defer mail to",
         "mx2.example.com"},
        {MTA_STS_ANSWER_TIMEOUT, MTA_STS_ANSWER_SERVFAIL, 0,
         "cannot look up the TLSA records, and defer mail to", "mx2.example.com"},
        {MTA_STS_ANSWER_TIMEOUT, EMPTY, 1, NULL, NULL},
        {MTA_STS_ANSWER_SERVFAIL, EMPTY, 1, NULL, NULL},
        {MTA_STS_ANSWER_TIMEOUT, MTA_STS_ANSWER_TIMEOUT, 1,
         "may be unable to look up the TLSA records, which timed out here, and then defer mail to",
         "mx2.example.com"},
    };
    apr_pool_t *p = *state;
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mta_sts_check_facts *facts = healthy(p, ENFORCE);
        const char *expected = cases[i].dane
                                   ? apr_psprintf(p, "senders that support DANE %s %s, in any mode",
                                                  cases[i].dane, cases[i].host)
                                   : "nothing";
        const char *said;

        mx_of(facts, 0)->tlsa.status = cases[i].first;
        mx_of(facts, 1)->tlsa.status = cases[i].second;
        if (cases[i].is_first_unsigned) {
            mx_of(facts, 0)->a.dnssec = MTA_STS_DNSSEC_INSECURE;
        }
        said = mta_sts_check_judge(p, facts, &limits)->verdict.dane;
        assert_string_equal(said ? said : "nothing", expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_problems_of_mail_servers_are_found),
        POOL_TEST(test_port_25_is_blocked_only_if_every_connection_times_out),
        POOL_TEST(test_the_verdict_blames_mode_enforce_only_for_what_it_changes),
        POOL_TEST(test_two_hosts_that_fail_in_different_ways_are_judged_together),
        POOL_TEST(test_the_policy_is_no_reason_where_no_mode_delivers),
        POOL_TEST(test_where_enforce_changes_something_the_advice_says_what_and_at_which_host),
        POOL_TEST(test_each_mx_is_marked_deliverable_under_enforce_in_any_mode),
        POOL_TEST(test_the_verdict_names_the_host_whose_tlsa_lookup_goes_wrong),
    };

    return RUN_POOL_TESTS(tests);
}
