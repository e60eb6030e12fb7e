/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "tlsrpt/summary/summary.h"
#include "tlsrpt/summary/tally.h"

#define DAY (86400 * APR_USEC_PER_SEC)
#define MONDAY (20583 * DAY) /* 2026-05-10 */

/* A report of one policy, which the caller completes. */
typedef struct made {
    tlsrpt_report report;
    tlsrpt_policy *policy;
} made;

static tlsrpt_policy *add_policy(apr_pool_t *p, tlsrpt_report *report, const char *domain,
                                 apr_int64_t successful, apr_int64_t failed)
{
    tlsrpt_policy *policy = apr_array_push(report->policies);

    memset(policy, 0, sizeof(*policy));
    policy->type = "sts";
    policy->domain = domain;
    policy->mx = apr_array_make(p, 1, sizeof(const char *));
    policy->policy = apr_array_make(p, 1, sizeof(const char *));
    policy->successful = successful;
    policy->failed = failed;
    policy->failures = apr_array_make(p, 1, sizeof(tlsrpt_failure));
    return policy;
}

static made make_report(apr_pool_t *p, const char *organization, const char *id, int day,
                        apr_int64_t successful, apr_int64_t failed)
{
    made one = {{.organization = organization, .id = id, .begin = MONDAY + day * DAY}, NULL};

    one.report.end = one.report.begin + DAY - APR_USEC_PER_SEC;
    one.report.policies = apr_array_make(p, 4, sizeof(tlsrpt_policy));
    one.policy = add_policy(p, &one.report, "example.com", successful, failed);
    return one;
}

static void add_failure(const made *one, const char *type, const char *mx, const char *reason,
                        apr_int64_t sessions)
{
    tlsrpt_failure *failure = apr_array_push(one->policy->failures);

    memset(failure, 0, sizeof(*failure));
    failure->result_type = type;
    failure->receiving_mx = mx;
    failure->reason = reason;
    failure->receiving_ip = reason;
    failure->sending_ip = reason;
    failure->sessions = sessions;
}

/* In tests, a digest may be any text. */
static void add(tlsrpt_tally *tally, const made *one, const char *digest, int verified,
                tlsrpt_counted expected)
{
    assert_int_equal(
        tlsrpt_tally_add(tally, &one->report, digest, 0, verified ? "signer.example" : NULL, 0),
        expected);
}

static const tlsrpt_domain *domain_at(const tlsrpt_summary *sum, int i)
{
    assert_true(i < sum->domains->nelts);
    return APR_ARRAY_IDX(sum->domains, i, tlsrpt_domain *);
}

static const tlsrpt_cause *cause_at(const tlsrpt_domain *domain, int i)
{
    assert_true(i < domain->causes->nelts);
    return &APR_ARRAY_IDX(domain->causes, i, tlsrpt_cause);
}

static void assert_names(const apr_array_header_t *names, const char *expected)
{
    assert_string_equal(apr_array_pstrcat(names->pool, names, ' '), expected);
}

static void test_no_reports_give_an_empty_summary(void **state)
{
    const tlsrpt_summary *sum = tlsrpt_tally_sum(tlsrpt_tally_make(*state, NULL));

    assert_int_equal(sum->domains->nelts, 0);
    assert_true(sum->reports == 0 && sum->successful == 0 && sum->failed == 0);
}

static void test_reports_of_one_domain_are_added_up_by_day_and_sender(void **state)
{
    tlsrpt_tally *tally = tlsrpt_tally_make(*state, NULL);
    const made big = make_report(*state, "Big", "1", 0, 100, 3);
    const made next = make_report(*state, "Big", "2", 2, 50, 0);
    const made small = make_report(*state, "Small", "1", 2, 5, 1);
    const tlsrpt_summary *sum;
    const tlsrpt_domain *domain;
    const tlsrpt_sender *senders;
    const tlsrpt_day *days;

    add(tally, &next, "b", 0, TLSRPT_COUNTED);
    add(tally, &small, "c", 1, TLSRPT_COUNTED);
    add(tally, &big, "a", 0, TLSRPT_COUNTED);
    sum = tlsrpt_tally_sum(tally);
    assert_true(sum->reports == 3 && sum->unverified == 2);
    assert_true(sum->successful == 155 && sum->failed == 4);
    assert_int_equal(sum->domains->nelts, 1);
    domain = domain_at(sum, 0);
    assert_string_equal(domain->domain, "example.com");
    assert_true(domain->reports == 3 && domain->successful == 155 && domain->failed == 4);
    assert_true(domain->begin == MONDAY && domain->end == MONDAY + 3 * DAY - APR_USEC_PER_SEC);
    assert_int_equal(domain->days->nelts, 2);
    days = (const tlsrpt_day *)domain->days->elts;
    assert_true(days[0].day == MONDAY && days[0].successful == 100 && days[0].failed == 3);
    assert_true(days[1].day == MONDAY + 2 * DAY && days[1].successful == 55 && days[1].failed == 1);
    senders = (const tlsrpt_sender *)domain->senders->elts;
    assert_int_equal(domain->senders->nelts, 2);
    assert_true(domain->verified == 1 && domain->verified_successful == 5);
    assert_true(days[1].verified_successful == 5 && days[1].verified_failed == 1);
    assert_string_equal(senders[0].organization, "Small");
    assert_true(senders[0].is_verified);
    assert_string_equal(senders[1].organization, "Big");
    assert_true(senders[1].reports == 2 && senders[1].successful == 150 && senders[1].failed == 3);
    assert_false(senders[1].is_verified);
}

static void test_failures_of_one_type_at_one_mx_are_one_cause(void **state)
{
    tlsrpt_tally *tally = tlsrpt_tally_make(*state, NULL);
    const made first = make_report(*state, "B", "1", 0, 0, 9);
    const made second = make_report(*state, "A", "2", 4, 0, 4);
    const tlsrpt_domain *domain;

    add_failure(&first, "certificate-expired", "mx1.example.com", "z", 2);
    add_failure(&first, "certificate-expired", NULL, NULL, 3);
    add_failure(&first, "starttls-not-supported", "mx1.example.com", NULL, 4);
    add_failure(&second, "certificate-expired", "mx1.example.com", "a", 4);
    add(tally, &first, "a", 0, TLSRPT_COUNTED);
    add(tally, &second, "b", 0, TLSRPT_COUNTED);
    domain = domain_at(tlsrpt_tally_sum(tally), 0);
    assert_int_equal(domain->causes->nelts, 3);
    assert_string_equal(cause_at(domain, 0)->result_type, "certificate-expired");
    assert_string_equal(cause_at(domain, 0)->receiving_mx, "mx1.example.com");
    assert_true(cause_at(domain, 0)->sessions == 6);
    assert_true(cause_at(domain, 0)->first == MONDAY);
    assert_true(cause_at(domain, 0)->last == MONDAY + 5 * DAY - APR_USEC_PER_SEC);
    assert_names(cause_at(domain, 0)->senders, "A B");
    assert_names(cause_at(domain, 0)->reasons, "a z");
    assert_string_equal(cause_at(domain, 1)->result_type, "starttls-not-supported");
    assert_null(cause_at(domain, 2)->receiving_mx);
    assert_int_equal(cause_at(domain, 2)->reasons->nelts, 0);
}

static void test_one_failure_under_two_types_of_policy_is_two_causes(void **state)
{
    static const char *const types[] = {"sts", "tlsa", "sts", "no-policy-found"};
    tlsrpt_tally *tally = tlsrpt_tally_make(*state, NULL);
    const tlsrpt_domain *domain;
    int i;

    for (i = 0; i < 4; i++) {
        const char *id = apr_psprintf(*state, "%d", i);
        const made one = make_report(*state, "A", id, 0, 0, 4);

        one.policy->type = types[i];
        add_failure(&one, "certificate-not-trusted", "mx1.example.com", NULL, 4);
        add(tally, &one, id, 0, TLSRPT_COUNTED);
    }
    domain = domain_at(tlsrpt_tally_sum(tally), 0);
    assert_int_equal(domain->causes->nelts, 3);
    assert_string_equal(cause_at(domain, 0)->policy_type, "sts");
    assert_true(cause_at(domain, 0)->sessions == 8);
    /* Equal numbers: sorted by the type of policy. */
    assert_string_equal(cause_at(domain, 1)->policy_type, "no-policy-found");
    assert_string_equal(cause_at(domain, 2)->policy_type, "tlsa");
    assert_string_equal(cause_at(domain, 2)->result_type, "certificate-not-trusted");
    assert_true(cause_at(domain, 2)->sessions == 4);
}

static void test_the_first_five_of_many_reasons_are_listed(void **state)
{
    tlsrpt_tally *tally = tlsrpt_tally_make(*state, NULL);
    const made one = make_report(*state, "A", "1", 0, 0, 9);
    const char *reasons = "gcaehbdfca";
    const tlsrpt_cause *cause;

    for (; *reasons; reasons++) {
        add_failure(&one, "validation-failure", NULL, apr_pstrmemdup(*state, reasons, 1), 1);
    }
    add(tally, &one, "a", 0, TLSRPT_COUNTED);
    cause = cause_at(domain_at(tlsrpt_tally_sum(tally), 0), 0);
    assert_names(cause->reasons, "a b c d e");
    assert_names(cause->receiving_ips, "a b c d e");
    assert_names(cause->sending_ips, "a b c d e");
}

static void test_policies_are_listed_with_the_senders_that_saw_them(void **state)
{
    tlsrpt_tally *tally = tlsrpt_tally_make(*state, NULL);
    const made old = make_report(*state, "B", "1", 0, 5, 1);
    const made none = make_report(*state, "A", "2", 1, 2, 0);
    const made same = make_report(*state, "A", "3", 0, 1, 0);
    const tlsrpt_seen_policy *seen;
    const tlsrpt_domain *domain;

    APR_ARRAY_PUSH(old.policy->policy, const char *) = "version: STSv1";
    APR_ARRAY_PUSH(old.policy->policy, const char *) = "mode: testing";
    APR_ARRAY_PUSH(same.policy->policy, const char *) = "version: STSv1\nmode: testing";
    none.policy->type = "no-policy-found";
    add(tally, &old, "a", 0, TLSRPT_COUNTED);
    add(tally, &none, "b", 0, TLSRPT_COUNTED);
    add(tally, &same, "c", 0, TLSRPT_COUNTED);
    domain = domain_at(tlsrpt_tally_sum(tally), 0);
    assert_int_equal(domain->seen->nelts, 2);
    seen = (const tlsrpt_seen_policy *)domain->seen->elts;
    assert_string_equal(seen[0].type, "no-policy-found");
    assert_string_equal(seen[0].policy, "");
    assert_string_equal(seen[1].policy, "version: STSv1\nmode: testing");
    assert_names(seen[1].senders, "A B");
    assert_true(seen[1].sessions == 7);
}

static void test_the_domain_that_fails_most_comes_first(void **state)
{
    tlsrpt_tally *tally = tlsrpt_tally_make(*state, NULL);
    made one = make_report(*state, "A", "1", 0, 1, 1);
    const tlsrpt_summary *sum;

    add_policy(*state, &one.report, "b.example", 0, 7);
    add_policy(*state, &one.report, "a.example", 0, 1);
    add_policy(*state, &one.report, NULL, 4, 0);
    add_policy(*state, &one.report, "b.example", 2, 1);
    add(tally, &one, "a", 0, TLSRPT_COUNTED);
    sum = tlsrpt_tally_sum(tally);
    assert_int_equal(sum->domains->nelts, 4);
    assert_string_equal(domain_at(sum, 0)->domain, "b.example");
    assert_true(domain_at(sum, 0)->reports == 1 && domain_at(sum, 0)->failed == 8);
    assert_true(APR_ARRAY_IDX(domain_at(sum, 0)->senders, 0, tlsrpt_sender).reports == 1);
    assert_string_equal(domain_at(sum, 1)->domain, "a.example");
    assert_string_equal(domain_at(sum, 3)->domain, "");
    assert_true(sum->reports == 1);
}

static void test_a_report_counts_once_whichever_way_it_arrived(void **state)
{
    tlsrpt_tally *tally = tlsrpt_tally_make(*state, NULL);
    const made one = make_report(*state, "A", "1", 0, 5, 1);
    const tlsrpt_summary *sum;

    add(tally, &one, "a", 0, TLSRPT_COUNTED);
    add(tally, &one, "a", 1, TLSRPT_COUNTED_TOO);
    add(tally, &one, "a", 0, TLSRPT_DUPLICATE);
    add(tally, &one, "written otherwise", 0, TLSRPT_DUPLICATE);
    sum = tlsrpt_tally_sum(tally);
    assert_true(sum->reports == 1 && sum->duplicates == 3 && sum->conflicts == 0);
    assert_true(sum->unverified == 0 && sum->successful == 5);
}

static void test_the_verified_one_of_two_conflicting_reports_counts(void **state)
{
    static const struct {
        int verified[2];
        tlsrpt_counted second;
        apr_int64_t reports, successful;
    } cases[] = {{{0, 0}, TLSRPT_COUNTED_TOO, 2, 95},
                 {{1, 0}, TLSRPT_CONFLICT, 1, 5},
                 {{0, 1}, TLSRPT_COUNTED_TOO, 1, 90},
                 {{1, 1}, TLSRPT_CONFLICT, 1, 5}};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tlsrpt_tally *tally = tlsrpt_tally_make(*state, NULL);
        const made one = make_report(*state, "A", "1", 0, 5, 0);
        const made other = make_report(*state, "A", "1", 0, 90, 0);
        const tlsrpt_summary *sum;

        add(tally, &one, "a", cases[i].verified[0], TLSRPT_COUNTED);
        add(tally, &other, "b", cases[i].verified[1], cases[i].second);
        add(tally, &other, "b", cases[i].verified[1], TLSRPT_DUPLICATE);
        sum = tlsrpt_tally_sum(tally);
        assert_true(sum->reports == cases[i].reports && sum->duplicates == 1);
        assert_true(sum->reports + sum->conflicts == 2);
        assert_true(sum->successful == cases[i].successful);
    }
}

static void test_verified_reports_of_two_signers_both_count(void **state)
{
    tlsrpt_tally *tally = tlsrpt_tally_make(*state, NULL);
    const made forged = make_report(*state, "A", "1", 0, 5, 0);
    const made real = make_report(*state, "A", "1", 0, 90, 0);
    const tlsrpt_summary *sum;

    assert_int_equal(tlsrpt_tally_add(tally, &forged.report, "a", 0, "attacker.example", 0),
                     TLSRPT_COUNTED);
    assert_int_equal(tlsrpt_tally_add(tally, &real.report, "b", 0, "a.example", 0),
                     TLSRPT_COUNTED_TOO);
    sum = tlsrpt_tally_sum(tally);
    assert_true(sum->reports == 2 && sum->conflicts == 0 && sum->successful == 95);
}

static void test_a_filter_excludes_other_reports(void **state)
{
    static const struct {
        tlsrpt_filter filter;
        tlsrpt_counted counted;
    } cases[] = {
        {{0, NULL, NULL, 0}, TLSRPT_COUNTED},
        {{MONDAY + DAY - 2 * APR_USEC_PER_SEC, NULL, NULL, 0}, TLSRPT_COUNTED},
        {{MONDAY + DAY - APR_USEC_PER_SEC, NULL, NULL, 0}, TLSRPT_EARLIER},
        {{0, "example.com", NULL, 0}, TLSRPT_COUNTED},
        {{0, "example.net", NULL, 0}, TLSRPT_FILTERED},
        {{0, NULL, "big MAIL", 0}, TLSRPT_COUNTED},
        {{0, NULL, "Big", 0}, TLSRPT_FILTERED},
        {{0, "example.com", "Other", 0}, TLSRPT_FILTERED},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tlsrpt_tally *tally = tlsrpt_tally_make(*state, &cases[i].filter);
        made one = make_report(*state, "Big Mail", "1", 0, 5, 0);
        const tlsrpt_summary *sum;

        add_policy(*state, &one.report, "example.org", 7, 0);
        add(tally, &one, "a", 0, cases[i].counted);
        sum = tlsrpt_tally_sum(tally);
        assert_true(sum->reports == (cases[i].counted == TLSRPT_COUNTED));
        if (cases[i].filter.domain && sum->reports) {
            assert_int_equal(sum->domains->nelts, 1);
            assert_true(sum->successful == 5);
        }
    }
}

static void test_sums_stop_at_the_highest_number(void **state)
{
    tlsrpt_tally *tally = tlsrpt_tally_make(*state, NULL);
    const made one = make_report(*state, "A", "1", 0, APR_INT64_MAX, APR_INT64_MAX);
    const made other = make_report(*state, "A", "2", 0, 5, 5);
    const tlsrpt_summary *sum;

    add(tally, &one, "a", 1, TLSRPT_COUNTED);
    add(tally, &other, "b", 1, TLSRPT_COUNTED);
    sum = tlsrpt_tally_sum(tally);
    assert_true(sum->successful == APR_INT64_MAX && sum->failed == APR_INT64_MAX);
    assert_true(APR_ARRAY_IDX(domain_at(sum, 0)->seen, 0, tlsrpt_seen_policy).sessions ==
                APR_INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_no_reports_give_an_empty_summary),
        POOL_TEST(test_reports_of_one_domain_are_added_up_by_day_and_sender),
        POOL_TEST(test_failures_of_one_type_at_one_mx_are_one_cause),
        POOL_TEST(test_one_failure_under_two_types_of_policy_is_two_causes),
        POOL_TEST(test_the_first_five_of_many_reasons_are_listed),
        POOL_TEST(test_policies_are_listed_with_the_senders_that_saw_them),
        POOL_TEST(test_the_domain_that_fails_most_comes_first),
        POOL_TEST(test_a_report_counts_once_whichever_way_it_arrived),
        POOL_TEST(test_the_verified_one_of_two_conflicting_reports_counts),
        POOL_TEST(test_verified_reports_of_two_signers_both_count),
        POOL_TEST(test_a_filter_excludes_other_reports),
        POOL_TEST(test_sums_stop_at_the_highest_number),
    };

    return RUN_POOL_TESTS(tests);
}
