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

static void test_mail_servers_that_are_wrong(void **state)
{
    static const row rows[] = {
        {"one", NULL, refuse_smtp, "error smtp-refused; partly, no"},
        {"one, testing", TESTING, refuse_smtp, "warning smtp-refused; partly, no"},
        {"all", NULL, refuse_smtp_everywhere,
         "error smtp-refused, error smtp-refused; refuses, no"},
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

static void test_port_25_is_blocked_only_if_every_connection_is_too_late(void **state)
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

static void test_each_mx_tells_whether_enforce_reaches_it_whatever_the_mode(void **state)
{
    static const struct {
        void (*change)(apr_pool_t *p, mta_sts_check_facts *facts);
        const char *expected; /* for the first and the second MX: enforce, trouble */
        int has_policy;
    } rows[] = {
        {NULL, "yes -, yes -", 1},
        {refuse_smtp, "no smtp-refused, yes -", 1},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_mail_servers_that_are_wrong),
        POOL_TEST(test_port_25_is_blocked_only_if_every_connection_is_too_late),
        POOL_TEST(test_each_mx_tells_whether_enforce_reaches_it_whatever_the_mode),
    };

    return RUN_POOL_TESTS(tests);
}
