/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "policy_text_fixture.h"

static void test_each_missing_field_is_reported(void **state)
{
    static const text_case cases[] = {
        {BYTES(MODE MX MAX_AGE), "warning version-not-first@1, error version-missing@0"},
        {BYTES(VERSION MX MAX_AGE), "error mode-missing@0"},
        {BYTES(VERSION MODE MX), "error max-age-missing@0"},
        {BYTES(VERSION MODE MAX_AGE), "error mx-missing@0"},
        {BYTES(VERSION), "error mode-missing@0, error max-age-missing@0, error mx-missing@0"},
        {BYTES("a: b\r\n"), "error policy-other-text@0"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_an_invalid_policy_has_no_invented_values(void **state)
{
    outcome result = read_text(*state, BYTES(VERSION "mode: maybe\r\nmx: *\r\nmax_age: long\r\n"));

    assert_int_equal(result.policy->mode, MTA_STS_MODE_UNSET);
    assert_int_equal(result.policy->max_age, -1);
    assert_int_equal(result.policy->mx->nelts, 0);
}

static void test_an_empty_text_is_an_empty_policy(void **state)
{
    mta_sts_findings *findings = mta_sts_findings_make(*state);
    const mta_sts_policy *policy = mta_sts_policy_text_read(*state, NULL, 0, findings);

    assert_string_equal(findings_summary(*state, findings), "error policy-empty@0");
    assert_int_equal(policy->mode, MTA_STS_MODE_UNSET);
    assert_int_equal(policy->max_age, -1);
    assert_int_equal(policy->mx->nelts, 0);
}

static void test_the_version_is_exactly_stsv1(void **state)
{
    static const char *const versions[] = {"STSv2", "stsv1",     "STSv1;",      "STSV1", "STSv10",
                                           "STSv",  "\"STSv1\"", "STSv1 STSv1", "1"};
    size_t i;

    for (i = 0; i < COUNT(versions); i++) {
        const char *text =
            apr_pstrcat(*state, "version: ", versions[i], "\r\n", MODE MX MAX_AGE, NULL);
        outcome result = read_text(*state, text, strlen(text));

        assert_string_equal(findings_summary(*state, result.findings), "error version-unknown@1");
    }
}

static void test_the_mode_is_exactly_one_of_three(void **state)
{
    static const char *const modes[] = {"Enforce", "ENFORCE",      "enforced", "enforc",   "test",
                                        "report",  "none testing", "enforce;", "\"none\"", "0"};
    size_t i;

    for (i = 0; i < COUNT(modes); i++) {
        const char *text =
            apr_pstrcat(*state, VERSION "mode: ", modes[i], "\r\n", MX MAX_AGE, NULL);
        outcome result = read_text(*state, text, strlen(text));

        assert_string_equal(findings_summary(*state, result.findings), "error mode-unknown@2");
        assert_int_equal(result.policy->mode, MTA_STS_MODE_UNSET);
    }
}

static void test_max_age_is_1_to_10_digits_up_to_a_year(void **state)
{
    static const struct {
        const char *text;
        apr_int64_t seconds;
        const char *findings;
    } cases[] = {
        {"0", 0, "warning max-age-zero@4"},
        {"0000000000", 0, "warning max-age-zero@4"},
        {"1", 1, ""},
        {"86400", 86400, ""},
        {"0000086400", 86400, ""},
        {"0031557600", 31557600, ""},
        {"31557600", 31557600, ""},
        {"31557601", -1, "error max-age-range@4"},
        {"2147483648", -1, "error max-age-range@4"},
        {"4294967296", -1, "error max-age-range@4"},
        {"9999999999", -1, "error max-age-range@4"},
        {"00000000001", -1, "error max-age-malformed@4"},
        {"10000000000", -1, "error max-age-malformed@4"},
        {"9223372036854775808", -1, "error max-age-malformed@4"},
        {"18446744073709551617", -1, "error max-age-malformed@4"},
        {"-1", -1, "error max-age-malformed@4"},
        {"+1", -1, "error max-age-malformed@4"},
        {"1d", -1, "error max-age-malformed@4"},
        {"1.5", -1, "error max-age-malformed@4"},
        {"1e5", -1, "error max-age-malformed@4"},
        {"0x1", -1, "error max-age-malformed@4"},
        {"86400x", -1, "error max-age-malformed@4"},
        {"86 400", -1, "error max-age-malformed@4"},
        {"86,400", -1, "error max-age-malformed@4"},
        {"\"86400\"", -1, "error max-age-malformed@4"},
        {"\u0661", -1, "error max-age-malformed@4, warning not-ascii@4"}, /* an Arabic 1 */
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const char *text = apr_pstrcat(
            *state, VERSION "mode: testing\r\n" MX "max_age: ", cases[i].text, "\r\n", NULL);
        outcome result = read_text(*state, text, strlen(text));
        const char *summary = findings_summary(*state, result.findings);

        if (strcmp(summary, cases[i].findings) != 0 || result.policy->max_age != cases[i].seconds) {
            fail_msg("max_age %s is %d: %s", cases[i].text, (int)result.policy->max_age, summary);
        }
    }
}

static void test_each_malformed_mx_pattern_is_reported_with_its_line(void **state)
{
    static const char *const patterns[] = {
        "*",
        "*.",
        "*.*.example.com",
        "mx.*.example.com",
        "*mx.example.com",
        "mx1.example.com.",
        ".example.com",
        "mx..example.com",
        "-mx.example.com",
        "mx_1.example.com",
        "192.0.2.1",
        "[192.0.2.1]",
        "2001:db8::1",
        "mx1.example.com:25",
        "https://mx1.example.com",
        "postmaster@example.com",
        "mx1.example.com/",
        "mx1.example.com, mx2.example.com",
        "mx1.example.com mx2.example.com",
        "<mx1.example.com>",
        "10 mx1.example.com",
        "x23456789012345678901234567890123456789012345678901234567890123z.example.com",
    };
    size_t i;

    for (i = 0; i < COUNT(patterns); i++) {
        const char *text =
            apr_pstrcat(*state, VERSION MODE MX "mx: ", patterns[i], "\r\n", MX MAX_AGE, NULL);
        outcome result = read_text(*state, text, strlen(text));
        const char *summary = findings_summary(*state, result.findings);

        if (strcmp(summary, "error mx-invalid@4") != 0) {
            fail_msg("mx %s: %s", patterns[i], summary);
        }
        assert_string_equal(mx_summary(*state, result.policy), "mx1.example.com mx1.example.com");
    }
}

static void test_a_u_label_in_mx_is_an_error(void **state)
{
    static const text_case cases[] = {
        {BYTES(VERSION MODE "mx: mx.m\xc3\xbcnchen.example\r\n" MAX_AGE),
         "error mx-invalid@3, warning not-ascii@3"},
        {BYTES(VERSION MODE "mx: *.m\xc3\xbcnchen.example\r\n" MAX_AGE),
         "error mx-invalid@3, warning not-ascii@3"},
        {BYTES(VERSION MODE "mx: mx.xn--mnchen-3ya.example\r\n" MAX_AGE), ""},
    };

    check_findings(*state, cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_each_missing_field_is_reported),
        POOL_TEST(test_an_invalid_policy_has_no_invented_values),
        POOL_TEST(test_an_empty_text_is_an_empty_policy),
        POOL_TEST(test_the_version_is_exactly_stsv1),
        POOL_TEST(test_the_mode_is_exactly_one_of_three),
        POOL_TEST(test_max_age_is_1_to_10_digits_up_to_a_year),
        POOL_TEST(test_each_malformed_mx_pattern_is_reported_with_its_line),
        POOL_TEST(test_a_u_label_in_mx_is_an_error),
    };

    return RUN_POOL_TESTS(tests);
}
