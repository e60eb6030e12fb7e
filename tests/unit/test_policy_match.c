/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include "table_fixture.h"
#include "tlsrpt/advice/policy_match.h"

static const mta_sts_policy *served(apr_pool_t *p, mta_sts_mode mode)
{
    mta_sts_policy *policy = apr_pcalloc(p, sizeof(*policy));

    policy->mode = mode;
    policy->max_age = 604800;
    policy->mx = apr_array_make(p, 2, sizeof(const char *));
    APR_ARRAY_PUSH(policy->mx, const char *) = "mx1.example.com";
    APR_ARRAY_PUSH(policy->mx, const char *) = "*.example.net";
    return policy;
}

#define POLICY(mode, mx, age) "version: STSv1\nmode: " mode "\n" mx "max_age: " age
#define BOTH "mx: *.example.net\nmx: MX1.example.com\n"

static void test_the_policy_of_a_sender_is_compared_with_the_one_served(void **state)
{
    static const struct {
        const char *type, *policy;
        mta_sts_mode served;
        tlsrpt_policy_match matches; /* without a history */
    } matches[] = {
        {"sts", POLICY("enforce", BOTH, "604800"), MTA_STS_MODE_ENFORCE, TLSRPT_MATCH_CURRENT},
        {"sts", POLICY("testing", BOTH, "604800"), MTA_STS_MODE_ENFORCE, TLSRPT_MATCH_OTHER},
        {"sts", POLICY("enforce", BOTH, "86400"), MTA_STS_MODE_ENFORCE, TLSRPT_MATCH_OTHER},
        {"sts", POLICY("enforce", "mx: *.example.net\n", "604800"), MTA_STS_MODE_ENFORCE,
         TLSRPT_MATCH_OTHER},
        {"sts", POLICY("enforce", BOTH "mx: mx3.example.com\n", "604800"), MTA_STS_MODE_ENFORCE,
         TLSRPT_MATCH_OTHER},
        {"sts", "rubbish", MTA_STS_MODE_ENFORCE, TLSRPT_MATCH_OTHER},
        {"sts", "", MTA_STS_MODE_ENFORCE, TLSRPT_MATCH_UNSPECIFIED},
        {"new", "x", MTA_STS_MODE_ENFORCE, TLSRPT_MATCH_UNSPECIFIED},
        {"no-policy-found", "", MTA_STS_MODE_ENFORCE, TLSRPT_MATCH_NOT_FOUND},
        {"no-policy-found", "", MTA_STS_MODE_NONE, TLSRPT_MATCH_CURRENT},
        {"tlsa", "3 1 1 00", MTA_STS_MODE_ENFORCE, TLSRPT_MATCH_DANE},
        {"sts", POLICY("enforce", BOTH, "604800"), MTA_STS_MODE_UNSET, TLSRPT_MATCH_UNKNOWN},
        {"no-policy-found", "", MTA_STS_MODE_UNSET, TLSRPT_MATCH_UNKNOWN},
    };
    size_t i;

    for (i = 0; i < COUNT(matches); i++) {
        const tlsrpt_policies now = {.served = matches[i].served == MTA_STS_MODE_UNSET
                                                   ? NULL
                                                   : served(*state, matches[i].served)};

        assert_string_equal(tlsrpt_policy_match_name(tlsrpt_policy_match_compare(
                                *state, matches[i].type, matches[i].policy, &now)),
                            tlsrpt_policy_match_name(matches[i].matches));
        assert_non_null(tlsrpt_policy_match_text(*state, matches[i].matches, matches[i].policy,
                                                 &now, "example.com"));
    }
}

/* Served now; served until a day; never served, so it is someone else's. */
static void test_a_policy_is_compared_with_the_history(void **state)
{
    apr_pool_t *p = *state;
    const char *earlier = POLICY("testing", BOTH, "604800");
    const char *foreign = POLICY("testing", "mx: mx.elsewhere.example\n", "604800");
    tlsrpt_policies policies = {.served = served(p, MTA_STS_MODE_ENFORCE),
                                .since = apr_time_from_sec(1770000000)};
    const char *text;

    tlsrpt_policies_add(p, &policies, served(p, MTA_STS_MODE_TESTING),
                        apr_time_from_sec(1780000000));
    assert_int_equal(
        tlsrpt_policy_match_compare(p, "sts", POLICY("enforce", BOTH, "604800"), &policies),
        TLSRPT_MATCH_CURRENT);
    assert_int_equal(tlsrpt_policy_match_compare(p, "sts", earlier, &policies), TLSRPT_MATCH_OLDER);
    text = tlsrpt_policy_match_text(p, TLSRPT_MATCH_OLDER, earlier, &policies, "example.com");
    assert_non_null(strstr(text, "an older policy from its cache, served here until 2026-05-28: "));
    assert_int_equal(tlsrpt_policy_match_compare(p, "sts", foreign, &policies), TLSRPT_MATCH_NEVER);
    text = tlsrpt_policy_match_text(p, TLSRPT_MATCH_NEVER, foreign, &policies, "example.com");
    assert_non_null(strstr(text, "never served here (the history begins on 2026-02-02)"));
    assert_non_null(strstr(text, "Either the report is forged, or another server or a hosting "
                                 "provider serves mta-sts.example.com"));
    assert_null(strstr(text, "cache"));
    policies.served = NULL;
    assert_int_equal(tlsrpt_policy_match_compare(p, "sts", earlier, &policies), TLSRPT_MATCH_OLDER);
}

static void test_an_older_policy_is_shown_with_the_one_served_now(void **state)
{
    const tlsrpt_policies policies = {.served = served(*state, MTA_STS_MODE_ENFORCE)};

    assert_string_equal(
        tlsrpt_policy_match_text(*state, TLSRPT_MATCH_OLDER, POLICY("testing", BOTH, "86400"),
                                 &policies, "example.com"),
        "an older policy from its cache: mode testing, mx *.example.net mx1.example.com, max_age "
        "86400; served now: mode enforce, mx mx1.example.com *.example.net, max_age 604800. The "
        "sender fetches the new one when it sees the new id in the _mta-sts record, at the latest "
        "1 day after fetching it. If it does not: mta-sts check example.com");
}

static void test_text_that_is_not_a_policy_is_quoted(void **state)
{
    assert_string_equal(tlsrpt_policy_summary(*state, "\x1b[31m"), "\"\\x1b[31m\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_the_policy_of_a_sender_is_compared_with_the_one_served),
        POOL_TEST(test_a_policy_is_compared_with_the_history),
        POOL_TEST(test_an_older_policy_is_shown_with_the_one_served_now),
        POOL_TEST(test_text_that_is_not_a_policy_is_quoted),
    };

    return RUN_POOL_TESTS(tests);
}
