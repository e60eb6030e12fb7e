/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include "check_fixture.h"

static void test_a_healthy_domain_has_no_problem(void **state)
{
    static const row rows[] = {
        {"enforce", ENFORCE, NULL, "; delivers, yes"},
        {"testing", TESTING, NULL, "; delivers, yes"},
        {"none", NONE, NULL, "; unprotected, no"},
    };

    check_rows(*state, rows, COUNT(rows));
}

static void lose_record(apr_pool_t *p, mta_sts_check_facts *facts)
{
    facts->record = one(p, NULL);
}

static void forge_record(apr_pool_t *p, mta_sts_check_facts *facts)
{
    (void)p;
    facts->record.status = MTA_STS_ANSWER_BOGUS; /* the value is there, but must not be used */
}

static void fail_record(apr_pool_t *p, mta_sts_check_facts *facts)
{
    (void)p;
    facts->record.status = MTA_STS_ANSWER_SERVFAIL;
}

static void wait_for_record(apr_pool_t *p, mta_sts_check_facts *facts)
{
    (void)p;
    facts->record.status = MTA_STS_ANSWER_TIMEOUT;
}

static void set_long_ttl(apr_pool_t *p, mta_sts_check_facts *facts)
{
    (void)p;
    facts->record.ttl = 90000;
}

static void old_id(apr_pool_t *p, mta_sts_check_facts *facts)
{
    publish_id(p, facts, TESTING);
}

static void own_id(apr_pool_t *p, mta_sts_check_facts *facts)
{
    facts->record = one(p, "v=STSv1; id=20260101;");
}

static void null_mx(apr_pool_t *p, mta_sts_check_facts *facts)
{
    facts->mx = one(p, ".");
    facts->mxs->nelts = 0;
}

static void no_domain(apr_pool_t *p, mta_sts_check_facts *facts)
{
    facts->mx = one(p, NULL);
    facts->mx.status = MTA_STS_ANSWER_NXDOMAIN;
    facts->mxs->nelts = 0;
}

static void never_registered(apr_pool_t *p, mta_sts_check_facts *facts)
{
    mta_sts_answer *const answers[] = {&facts->mx, &facts->record, &facts->tlsrpt, &facts->host_a,
                                       &facts->host_aaaa};
    size_t i;

    for (i = 0; i < COUNT(answers); i++) {
        *answers[i] = one(p, NULL);
        answers[i]->status = MTA_STS_ANSWER_NXDOMAIN;
    }
    facts->mxs->nelts = 0;
    facts->fetches->nelts = 0;
}

static void misplace(apr_pool_t *p, mta_sts_check_facts *facts, const char *name, int is_tlsrpt)
{
    mta_sts_check_misplaced *one_of = apr_pcalloc(p, sizeof(*one_of));

    one_of->name = name;
    one_of->is_tlsrpt = is_tlsrpt;
    one_of->answer = is_tlsrpt ? facts->tlsrpt : facts->record;
    *(is_tlsrpt ? &facts->tlsrpt : &facts->record) = one(p, NULL);
    facts->misplaced = apr_array_make(p, 1, sizeof(mta_sts_check_misplaced *));
    APR_ARRAY_PUSH(facts->misplaced, mta_sts_check_misplaced *) = one_of;
}

static void misplaced_record(apr_pool_t *p, mta_sts_check_facts *facts)
{
    misplace(p, facts, "_mta_sts.example.com", 0);
}

static void misplaced_tlsrpt(apr_pool_t *p, mta_sts_check_facts *facts)
{
    misplace(p, facts, "_tlsrpt.example.com", 1);
}

static void test_problems_in_dns_are_found(void **state)
{
    static const row rows[] = {
        {"no record", NULL, lose_record, "error record-missing; unprotected, no"},
        {"bogus", NULL, forge_record, "error dns-bogus; unprotected, no"},
        {"servfail", NULL, fail_record, "error dns-servfail; unprotected, no"},
        {"timeout", NULL, wait_for_record, "unknown dns-timeout; unknown, unknown"},
        {"long TTL", NULL, set_long_ttl, "info ttl-long; delivers, yes"},
        {"old id", NULL, old_id, "warning id-differs; delivers, yes"},
        {"own id", NULL, own_id, "info id-custom; delivers, yes"},
        {"null MX", NULL, null_mx, "warning mx-null; no-mail, no"},
        {"no domain", NULL, no_domain, "error domain-unknown; no-mail, no"},
        {"never registered", NULL, never_registered, "error domain-unknown; no-mail, no"},
        {"misplaced", NULL, misplaced_record, "error record-misplaced; unprotected, no"},
        {"misplaced TLSRPT", NULL, misplaced_tlsrpt, "warning record-misplaced; delivers, yes"},
        {"no TLSRPT", NULL, no_tlsrpt, "info tlsrpt-missing; delivers, yes"},
        {"no TLSRPT, testing", TESTING, no_tlsrpt, "warning tlsrpt-missing; delivers, yes"},
    };

    check_rows(*state, rows, COUNT(rows));
}

static void html(apr_pool_t *p, mta_sts_check_facts *facts)
{
    (void)p;
    fetch_of(facts, 0)->content_type = "text/plainer";
}

static void misname(apr_pool_t *p, mta_sts_check_facts *facts)
{
    fetch_of(facts, 0)->peer = peer(p, "www.example.com");
}

static void refuse_fetch(apr_pool_t *p, mta_sts_check_facts *facts)
{
    (void)p;
    fetch_of(facts, 0)->status = MTA_STS_FETCH_REFUSED;
    fetch_of(facts, 0)->peer.version = NULL;
}

static void lack_ipv6(apr_pool_t *p, mta_sts_check_facts *facts)
{
    mta_sts_policy_fetch *fetch = add_fetch(p, facts, "2001:db8::80", "");

    fetch->status = MTA_STS_FETCH_NO_ROUTE;
    fetch->peer.version = NULL;
}

static void lack_network(apr_pool_t *p, mta_sts_check_facts *facts)
{
    refuse_fetch(p, facts);
    fetch_of(facts, 0)->status = MTA_STS_FETCH_NO_ROUTE;
}

static void second_address_refuses(apr_pool_t *p, mta_sts_check_facts *facts)
{
    lack_ipv6(p, facts);
    fetch_of(facts, 1)->status = MTA_STS_FETCH_REFUSED;
}

static void second_address_differs(apr_pool_t *p, mta_sts_check_facts *facts)
{
    add_fetch(p, facts, "2001:db8::80", ONE_MX);
}

static void test_problems_of_the_policy_host_are_found(void **state)
{
    static const row rows[] = {
        {"redirect", NULL, redirect, "error fetch-redirect; unprotected, no"},
        {"type", NULL, html, "error content-type; unprotected, no"},
        {"name", NULL, misname, "error certificate-name-missing; unprotected, no"},
        {"refused", NULL, refuse_fetch, "error fetch-refused; unprotected, no"},
        {"no IPv6 here", NULL, lack_ipv6, "info fetch-no-route; delivers, yes"},
        {"no network here", NULL, lack_network, "unknown fetch-no-route; unknown, unknown"},
        {"half", NULL, second_address_refuses, "warning fetch-refused; delivers, yes"},
        {"two policies", NULL, second_address_differs, "error answers-differ; delivers, yes"},
    };

    check_rows(*state, rows, COUNT(rows));
}

static void test_every_result_of_a_probe_and_of_a_fetch_has_a_message(void **state)
{
    mta_sts_check_facts *facts = healthy(*state, ENFORCE);
    int result, stage;

    for (result = MTA_STS_SMTP_NOT_TRIED; result <= MTA_STS_SMTP_TLS_FAILED; result++) {
        for (stage = MTA_STS_SMTP_CONNECT; stage <= MTA_STS_SMTP_HANDSHAKE; stage++) {
            int impossible = result == MTA_STS_SMTP_REJECTED &&
                             (stage == MTA_STS_SMTP_CONNECT || stage == MTA_STS_SMTP_HANDSHAKE);

            probe_of(facts, 0)->result = (mta_sts_smtp_result)result;
            probe_of(facts, 0)->stage = (mta_sts_smtp_stage)stage;
            if (!impossible) {
                summary(*state, mta_sts_check_judge(*state, facts, &limits));
            }
        }
    }
    for (result = MTA_STS_FETCH_NOT_TRIED; result <= MTA_STS_FETCH_BROKEN; result++) {
        fetch_of(facts, 0)->status = (mta_sts_fetch_status)result;
        summary(*state, mta_sts_check_judge(*state, facts, &limits));
    }
}

static void test_if_https_may_be_missing_the_certbot_command_is_shown(void **state)
{
    static const mta_sts_fetch_status cases[] = {MTA_STS_FETCH_REFUSED, MTA_STS_FETCH_TLS_FAILED};
    static const char *const ids[] = {"fetch-refused", "fetch-tls-failed"};
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mta_sts_check_facts *facts = healthy(*state, ENFORCE);

        fetch_of(facts, 0)->status = cases[i];
        fetch_of(facts, 0)->peer.version = NULL;
        assert_non_null(strstr(find(mta_sts_check_judge(*state, facts, &limits), ids[i])->fix,
                               "certbot --apache -d mta-sts.example.com"));
    }
}

static void test_a_policy_that_arrives_after_the_timeout_of_senders_is_a_warning(void **state)
{
    mta_sts_check_facts *facts = healthy(*state, ENFORCE);

    fetch_of(facts, 0)->took = apr_time_from_sec(4);
    assert_judged(*state, facts, "just in time", "; delivers, yes");
    fetch_of(facts, 0)->took++;
    assert_judged(*state, facts, "late", "warning fetch-slow; delivers, yes");
}

static void test_if_known_the_newer_of_text_and_id_is_reported(void **state)
{
    static const struct {
        const char *configured, *message, *fix;
        int is_hosted;
    } cases[] = {
        {NULL, "do not fetch the new policy", "publish \"v=STSv1; id=", 0},
        {TESTING, "the id in DNS is newer", "reload httpd: sudo apachectl graceful", 0},
        {ENFORCE, "the served policy is newer", "publish \"v=STSv1; id=", 0},
        {TESTING, "a different server answered", "point the addresses of mta-sts.example.com", 1},
        {ENFORCE, "it is the one in the database", "publish \"v=STSv1; id=", 1},
    };
    mta_sts_check_facts *facts = healthy(*state, ENFORCE);
    size_t i;

    publish_id(*state, facts, TESTING);
    for (i = 0; i < COUNT(cases); i++) {
        const char *configured = cases[i].configured;
        const mta_sts_finding *finding;

        facts->configured_id =
            configured ? mta_sts_policy_id(*state, configured, strlen(configured)) : NULL;
        facts->is_hosted = cases[i].is_hosted;
        finding = find(mta_sts_check_judge(*state, facts, &limits), "id-differs");
        assert_non_null(strstr(finding->message, cases[i].message));
        assert_non_null(strstr(finding->fix, cases[i].fix));
    }
}

static void test_a_wrong_row_of_a_hosted_domain_is_a_warning(void **state)
{
    mta_sts_check_facts *facts = healthy(*state, ENFORCE);
    const mta_sts_finding *finding;

    facts->row_wrong = "mx: there is no mx pattern";
    finding = find(mta_sts_check_judge(*state, facts, &limits), "row-wrong");
    assert_int_equal(finding->severity, MTA_STS_WARNING);
    assert_non_null(strstr(finding->message, "there is no mx pattern"));
}

static void test_certificates_are_judged_by_the_requested_number_of_days(void **state)
{
    static const struct {
        int days, warning, error;
        mta_sts_severity expected;
    } cases[] = {
        {60, 14, 0, MTA_STS_OK},   {13, 14, 0, MTA_STS_WARNING}, {14, 14, 0, MTA_STS_OK},
        {6, 14, 7, MTA_STS_ERROR}, {7, 14, 7, MTA_STS_WARNING},  {5, 0, 7, MTA_STS_ERROR},
        {-1, 0, 0, MTA_STS_ERROR}, {14, -1, 0, MTA_STS_OK},      {13, -1, 0, MTA_STS_WARNING},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mta_sts_check_limits asked = {NOW, cases[i].warning, cases[i].error};
        mta_sts_check_facts *facts = healthy(*state, ENFORCE);

        probe_of(facts, 1)->peer.certificate->not_after = NOW + cases[i].days * DAY;
        assert_int_equal(mta_sts_check_judge(*state, facts, &asked)->severity, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_healthy_domain_has_no_problem),
        POOL_TEST(test_problems_in_dns_are_found),
        POOL_TEST(test_problems_of_the_policy_host_are_found),
        POOL_TEST(test_every_result_of_a_probe_and_of_a_fetch_has_a_message),
        POOL_TEST(test_if_https_may_be_missing_the_certbot_command_is_shown),
        POOL_TEST(test_a_policy_that_arrives_after_the_timeout_of_senders_is_a_warning),
        POOL_TEST(test_if_known_the_newer_of_text_and_id_is_reported),
        POOL_TEST(test_a_wrong_row_of_a_hosted_domain_is_a_warning),
        POOL_TEST(test_certificates_are_judged_by_the_requested_number_of_days),
    };

    return RUN_POOL_TESTS(tests);
}
