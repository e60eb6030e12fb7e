/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include "check_fixture.h"

static void dead_policy_host(apr_pool_t *p, mta_sts_check_facts *facts)
{
    facts->host_a = one(p, NULL);
    facts->host_a.status = MTA_STS_ANSWER_NXDOMAIN;
    facts->host_a.alias = "gone.provider.example";
    facts->fetches->nelts = 0;
}

static void dead_record(apr_pool_t *p, mta_sts_check_facts *facts)
{
    facts->record = one(p, NULL);
    facts->record.status = MTA_STS_ANSWER_NXDOMAIN;
    facts->record.alias = "_mta-sts.gone.provider.example";
}

static void empty_target(apr_pool_t *p, mta_sts_check_facts *facts)
{
    facts->record = one(p, NULL);
    facts->record.alias = "_mta-sts.provider.example";
}

static void dead_tlsrpt(apr_pool_t *p, mta_sts_check_facts *facts)
{
    facts->tlsrpt = one(p, NULL);
    facts->tlsrpt.status = MTA_STS_ANSWER_NXDOMAIN;
    facts->tlsrpt.alias = "gone.provider.example";
}

static void dead_domain(apr_pool_t *p, mta_sts_check_facts *facts)
{
    facts->mx = one(p, NULL);
    facts->mx.status = MTA_STS_ANSWER_NXDOMAIN;
    facts->mx.alias = "gone.provider.example";
    facts->mxs->nelts = 0;
}

static void dead_tlsa(apr_pool_t *p, mta_sts_check_facts *facts)
{
    mx_of(facts, 0)->tlsa = one(p, NULL);
    mx_of(facts, 0)->tlsa.status = MTA_STS_ANSWER_NXDOMAIN;
    mx_of(facts, 0)->tlsa.alias = "gone.provider.example";
}

static void dead_mx(apr_pool_t *p, mta_sts_check_facts *facts)
{
    mx_of(facts, 0)->a = one(p, NULL);
    mx_of(facts, 0)->a.status = MTA_STS_ANSWER_NXDOMAIN;
    mx_of(facts, 0)->a.alias = "gone.provider.example";
    mx_of(facts, 0)->probes->nelts = 0;
}

static void test_aliases_that_lead_to_nothing_are_found(void **state)
{
    static const row rows[] = {
        {"dead policy host", NULL, dead_policy_host, "error alias-dangling; unprotected, no"},
        {"dead record", NULL, dead_record, "error alias-dangling; unprotected, no"},
        {"dead MX", NULL, dead_mx, "warning alias-dangling; delivers, yes"},
        {"target without a record", NULL, empty_target, "error alias-dangling; unprotected, no"},
        {"dead TLSRPT record", NULL, dead_tlsrpt, "warning alias-dangling; delivers, yes"},
        {"dead domain", NULL, dead_domain, "error alias-dangling; no-mail, no"},
        {"dead TLSA name", NULL, dead_tlsa, "warning alias-dangling; delivers, yes"},
    };

    check_rows(*state, rows, COUNT(rows));
}

static void test_the_target_of_a_dangling_alias_is_named_and_no_alias_is_advised(void **state)
{
    static void (*const breaks[])(apr_pool_t *, mta_sts_check_facts *) = {
        dead_policy_host, dead_record, dead_mx, dead_tlsrpt, dead_tlsa, dead_domain};
    size_t i;

    for (i = 0; i < COUNT(breaks); i++) {
        mta_sts_check_facts *facts = healthy(*state, ENFORCE);
        const mta_sts_finding *finding;

        breaks[i](*state, facts);
        finding = find(mta_sts_check_judge(*state, facts, &limits), "alias-dangling");
        assert_non_null(strstr(finding->message, "gone.provider.example"));
        assert_non_null(strstr(finding->message, "anyone who registers that name"));
        assert_null(strstr(finding->fix, "or a CNAME"));
        assert_null(strstr(finding->fix, "have the record published"));
    }
}

static void test_a_target_that_exists_cannot_be_taken_over(void **state)
{
    mta_sts_check_facts *facts = healthy(*state, ENFORCE);
    const mta_sts_finding *finding;

    empty_target(*state, facts);
    finding = find(mta_sts_check_judge(*state, facts, &limits), "alias-dangling");
    assert_non_null(
        strstr(finding->message, "_mta-sts.provider.example\", which has no such record"));
    assert_null(strstr(finding->message, "anyone"));
    assert_non_null(strstr(finding->fix, "by the operator of that zone"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_aliases_that_lead_to_nothing_are_found),
        POOL_TEST(test_the_target_of_a_dangling_alias_is_named_and_no_alias_is_advised),
        POOL_TEST(test_a_target_that_exists_cannot_be_taken_over),
    };

    return RUN_POOL_TESTS(tests);
}
