/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include "report_fixture.h"

#include "tlsrpt/summary/allowance.h"
#include "tlsrpt/summary/fold.h"

/* What a report may cost where reports are summed up. */

#define GOOGLE                                                                                     \
    "{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"example.com\",\"policy-string\":["   \
    "\"version: STSv1\",\"mode: testing\",\"mx: mx.example.com\"]},\"summary\":{"                  \
    "\"total-successful-session-count\":7,\"total-failure-session-count\":3},"                     \
    "\"failure-details\":[%s]}"

static const tlsrpt_report *report_of(apr_pool_t *p, const char *policies)
{
    const char *text = apr_psprintf(
        p, "{\"organization-name\":\"Google\",\"report-id\":\"1\",\"policies\":[%s]}", policies);
    const tlsrpt_reading *reading = read_text(p, text);

    assert_int_equal(reading->outcome, TLSRPT_READ);
    return reading->report;
}

static const tlsrpt_policy *policy_at(const tlsrpt_report *report, int i)
{
    assert_true(i < report->policies->nelts);
    return &APR_ARRAY_IDX(report->policies, i, tlsrpt_policy);
}

static const tlsrpt_failure *failure_at(const tlsrpt_policy *policy, int i)
{
    assert_true(i < policy->failures->nelts);
    return &APR_ARRAY_IDX(policy->failures, i, tlsrpt_failure);
}

/* Failures that differ in the members that have a "#" in the format. */
static const char *failures(apr_pool_t *p, const char *format, int count)
{
    apr_array_header_t *list = apr_array_make(p, count, sizeof(const char *));
    int i;

    for (i = 0; i < count; i++) {
        const char *number = apr_psprintf(p, "%d", i), *part = format, *hash, *one = "";

        for (; (hash = strchr(part, '#')) != NULL; part = hash + 1) {
            one = apr_pstrcat(p, one, apr_pstrmemdup(p, part, (apr_size_t)(hash - part)), number,
                              NULL);
        }
        APR_ARRAY_PUSH(list, const char *) = apr_pstrcat(p, one, part, NULL);
    }
    return apr_array_pstrcat(p, list, ',');
}

#define DETAIL(type, mx, reason, receiving, sending)                                               \
    "{\"result-type\":\"" type "\",\"receiving-mx-hostname\":\"" mx                                \
    "\",\"failure-reason-code\":\"" reason "\",\"receiving-ip\":\"" receiving                      \
    "\",\"sending-mta-ip\":\"" sending "\",\"failed-session-count\":2}"

static void test_an_ordinary_report_stays_as_it_is(void **state)
{
    const char *list = failures(
        *state, DETAIL("certificate-expired", "mx#.example", "r#", "192.0.2.#", "::#"), 10);
    const tlsrpt_report *folded =
        tlsrpt_fold_report(*state, report_of(*state, apr_psprintf(*state, GOOGLE, list)), 600);
    const tlsrpt_policy *policy = policy_at(folded, 0);
    int i;

    assert_false(tlsrpt_fold_has_other(folded));
    assert_string_equal(folded->organization, "Google");
    assert_string_equal(policy->domain, "example.com");
    assert_string_equal(APR_ARRAY_IDX(policy->policy, 0, const char *),
                        "version: STSv1\nmode: testing\nmx: mx.example.com");
    assert_int_equal(policy->failures->nelts, 10);
    for (i = 0; i < 10; i++) {
        assert_string_equal(failure_at(policy, i)->receiving_mx,
                            apr_psprintf(*state, "mx%d.example", i));
        assert_true(failure_at(policy, i)->sessions == 2);
    }
}

static void test_failures_of_the_same_kind_are_added_up(void **state)
{
    const char *list = failures(*state, DETAIL("t", "mx", "r", "a", "b"), 1000);
    const tlsrpt_report *folded =
        tlsrpt_fold_report(*state, report_of(*state, apr_psprintf(*state, GOOGLE, list)), 600);

    assert_false(tlsrpt_fold_has_other(folded));
    assert_int_equal(policy_at(folded, 0)->failures->nelts, 1);
    assert_true(failure_at(policy_at(folded, 0), 0)->sessions == 2000);
}

/* Made-up names in each member: what remains of it and of the members before it. */
static void test_made_up_names_become_other_and_all_sessions_remain(void **state)
{
    static const struct {
        const char *format;
        int rows; /* that remain */
        const char *mx, *reason, *receiving_ip, *sending_ip;
    } cases[] = {
        {DETAIL("t", "mx", "r", "a", "b#"), 1, "mx", "r", "a", "other"},
        {DETAIL("t", "mx", "r", "a#", "b"), 1, "mx", "r", "other", "other"},
        {DETAIL("t", "mx", "r#", "a", "b"), 1, "mx", "other", "other", "other"},
        {DETAIL("t", "mx#", "r", "a", "b"), 1, "other", "other", "other", "other"},
        {DETAIL("t#", "mx", "r", "a", "b"), 64, "other", "other", "other", "other"},
        {DETAIL("t#", "m#", "r#", "a#", "b#"), 64, "other", "other", "other", "other"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const char *list = failures(*state, cases[i].format, 1000);
        const tlsrpt_report *folded =
            tlsrpt_fold_report(*state, report_of(*state, apr_psprintf(*state, GOOGLE, list)), 600);
        const tlsrpt_policy *policy = policy_at(folded, 0);
        apr_int64_t sessions = 0;
        int k;

        assert_true(tlsrpt_fold_has_other(folded));
        assert_int_in_range(policy->failures->nelts, 1, cases[i].rows);
        for (k = 0; k < policy->failures->nelts; k++) {
            const tlsrpt_failure *failure = failure_at(policy, k);

            sessions += failure->sessions;
            assert_string_equal(failure->receiving_mx, cases[i].mx);
            assert_string_equal(failure->reason, cases[i].reason);
            assert_string_equal(failure->receiving_ip, cases[i].receiving_ip);
            assert_string_equal(failure->sending_ip, cases[i].sending_ip);
        }
        assert_true(sessions == 2000);
        assert_string_equal(failure_at(policy, policy->failures->nelts - 1)->result_type,
                            cases[i].rows == 1 ? "t" : "other");
    }
}

static void test_what_is_not_specified_does_not_become_other(void **state)
{
    const char *list =
        failures(*state, "{\"result-type\":\"t#\",\"failed-session-count\":1}", 1000);
    const tlsrpt_report *folded =
        tlsrpt_fold_report(*state, report_of(*state, apr_psprintf(*state, GOOGLE, list)), 600);

    assert_null(failure_at(policy_at(folded, 0), 0)->receiving_mx);
    assert_null(failure_at(policy_at(folded, 0), 0)->sending_ip);
}

static void test_policies_beyond_the_limit_become_one(void **state)
{
    apr_pool_t *p = *state;
    apr_array_header_t *list = apr_array_make(p, 501, sizeof(const char *));
    const tlsrpt_report *folded;
    apr_int64_t successful = 0, failed = 0, details = 0;
    int i, k;

    APR_ARRAY_PUSH(list, const char *) = apr_psprintf(p, GOOGLE, "");
    for (i = 0; i < 500; i++) {
        APR_ARRAY_PUSH(list, const char *) =
            apr_psprintf(p,
                         "{\"policy\":{\"policy-type\":\"p%d\",\"policy-domain\":\"d%d.example"
                         "\",\"policy-string\":[\"s%d\"]},\"summary\":{"
                         "\"total-successful-session-count\":1,"
                         "\"total-failure-session-count\":1},\"failure-details\":["
                         "{\"result-type\":\"t%d\",\"failed-session-count\":1}]}",
                         i, i, i, i);
    }
    folded = tlsrpt_fold_report(p, report_of(p, apr_array_pstrcat(p, list, ',')), 600);
    assert_int_in_range(folded->policies->nelts, 5, 33);
    assert_string_equal(policy_at(folded, 0)->domain, "example.com");
    assert_string_equal(policy_at(folded, folded->policies->nelts - 1)->domain, "other");
    assert_string_equal(policy_at(folded, folded->policies->nelts - 1)->type, "other");
    for (i = 0; i < folded->policies->nelts; i++) {
        successful += policy_at(folded, i)->successful;
        failed += policy_at(folded, i)->failed;
        for (k = 0; k < policy_at(folded, i)->failures->nelts; k++) {
            details += failure_at(policy_at(folded, i), k)->sessions;
        }
    }
    assert_true(successful == 507 && failed == 503 && details == 500);
    assert_int_in_range(tlsrpt_cost_of_rows(folded), 10, 96);
}

static void test_the_bytes_of_a_report_allow_it_more_names(void **state)
{
    const char *list = failures(*state, DETAIL("t", "mx#.example", "r", "a", "b"), 500);
    const tlsrpt_report *report = report_of(*state, apr_psprintf(*state, GOOGLE, list));

    assert_true(tlsrpt_fold_has_other(tlsrpt_fold_report(*state, report, 4096)));
    assert_false(tlsrpt_fold_has_other(tlsrpt_fold_report(*state, report, strlen(list))));
}

static void test_long_texts_are_cut_between_characters(void **state)
{
    char *text = apr_palloc(*state, 8002);
    const tlsrpt_report *folded;
    int i;

    for (i = 0; i < 4000; i++) {
        memcpy(text + 2 * i + 1, "\xc3\xa4", 2);
    }
    text[0] = 'a';
    text[8001] = '\0';
    folded = tlsrpt_fold_report(
        *state,
        report_of(*state, apr_pstrcat(*state, "{\"policy\":{\"policy-type\":\"", text,
                                      "\",\"policy-domain\":\"a.example\"},\"summary\":{}}", NULL)),
        600);
    assert_int_equal(strlen(policy_at(folded, 0)->type), 63 + 3);
    assert_false(tlsrpt_fold_has_other(folded));
}

static int is_google(void *baton, const char *name)
{
    (void)baton;
    return strcmp(name, "example.com") == 0 || strcmp(name, "sts") == 0 || strcmp(name, "t3") == 0;
}

static void test_once_an_allowance_is_used_up_only_known_names_remain(void **state)
{
    const char *list = failures(*state, DETAIL("t#", "mx#", "r", "a", "b"), 1000);
    const tlsrpt_report *folded = tlsrpt_fold_to_known(
        *state, report_of(*state, apr_psprintf(*state, GOOGLE, list)), is_google, NULL);
    const tlsrpt_policy *policy = policy_at(folded, 0);

    assert_string_equal(folded->organization, "Google");
    assert_string_equal(policy->domain, "example.com");
    assert_string_equal(policy->type, "sts");
    assert_string_equal(APR_ARRAY_IDX(policy->policy, 0, const char *), "other");
    assert_int_equal(policy->failures->nelts, 2);
    assert_string_equal(failure_at(policy, 0)->result_type, "other");
    assert_true(failure_at(policy, 0)->sessions == 1998);
    assert_string_equal(failure_at(policy, 1)->result_type, "t3");
}

static void test_each_report_increases_an_allowance(void **state)
{
    tlsrpt_allowance allowance = {.reports = 0, .cost = 1000};

    (void)state;
    assert_false(tlsrpt_allowance_is_used_up(&allowance, 1000));
    allowance.cost++;
    assert_true(tlsrpt_allowance_is_used_up(&allowance, 1000));
    allowance.reports++;
    assert_false(tlsrpt_allowance_is_used_up(&allowance, 1000));
    assert_true(tlsrpt_cost_of_name("mx.example.com") == 1);
    assert_true(tlsrpt_cost_of_name(apr_psprintf(*state, "%640d", 1)) == 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_an_ordinary_report_stays_as_it_is),
        POOL_TEST(test_failures_of_the_same_kind_are_added_up),
        POOL_TEST(test_made_up_names_become_other_and_all_sessions_remain),
        POOL_TEST(test_what_is_not_specified_does_not_become_other),
        POOL_TEST(test_policies_beyond_the_limit_become_one),
        POOL_TEST(test_the_bytes_of_a_report_allow_it_more_names),
        POOL_TEST(test_long_texts_are_cut_between_characters),
        POOL_TEST(test_once_an_allowance_is_used_up_only_known_names_remain),
        POOL_TEST(test_each_report_increases_an_allowance),
    };

    return RUN_POOL_TESTS(tests);
}
