/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "policy_text_fixture.h"

/* What a reader tolerates */

static void test_unknown_fields_are_ignored(void **state)
{
    static const text_case cases[] = {
        {BYTES(VERSION MODE MX MAX_AGE "a: b\r\n"), "info field-unknown@5"},
        {BYTES("a: b\r\n" VERSION MODE MX MAX_AGE), "info field-unknown@1"},
        {BYTES(VERSION MODE MX MAX_AGE "a: b\r\na: c\r\n"),
         "info field-unknown@5, info field-unknown@6"},
        {BYTES(VERSION MODE MX MAX_AGE "a-b_c.d: b\r\n"), "info field-unknown@5"},
        {BYTES(VERSION MODE MX MAX_AGE "1: 2\r\n"), "info field-unknown@5"},
        {BYTES(VERSION MODE MX MAX_AGE "a: b c  d : e\r\n"), "info field-unknown@5"},
        {BYTES(VERSION MODE MX MAX_AGE "x-mode: b\r\n"), "info field-unknown@5"},
        {BYTES(VERSION MODE MX MAX_AGE "modern: b\r\n"), "info field-unknown@5"},
        {BYTES(VERSION MODE MX MAX_AGE "mxhost: b\r\n"), "info field-unknown@5"},
        {BYTES(VERSION MODE MX MAX_AGE "m: b\r\n"), "info field-unknown@5"},
        {BYTES(VERSION MODE MX MAX_AGE "x234567890123456789012345678901_: 32 bytes\r\n"),
         "info field-unknown@5"},
        {BYTES(VERSION MODE MX MAX_AGE "comment: \xc3\xbc\xe2\x82\xac\xf0\x9f\x92\xa9\r\n"),
         "info field-unknown@5, warning not-ascii@5"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_an_unknown_field_that_looks_like_a_known_one_is_a_warning(void **state)
{
    static const text_case cases[] = {
        {BYTES(VERSION MODE MX MAX_AGE "nmx: mx2.example.com\r\n"), "warning field-unknown@5"},
        {BYTES(VERSION MODE MX MAX_AGE "mxs: mx2.example.com\r\n"), "warning field-unknown@5"},
        {BYTES(VERSION MODE MX MAX_AGE "MX: mx2.example.com\r\n"), "warning field-unknown@5"},
        {BYTES(VERSION MODE MX MAX_AGE "Mode: testing\r\n"), "warning field-unknown@5"},
        {BYTES(VERSION MODE MX MAX_AGE "modes: testing\r\n"), "warning field-unknown@5"},
        {BYTES(VERSION MODE MX MAX_AGE "MAX_AGE: 1\r\n"), "warning field-unknown@5"},
        {BYTES(VERSION MODE MX MAX_AGE "xversion: STSv2\r\n"), "warning field-unknown@5"},
        {BYTES("Version: STSv1\r\n" MODE MX MAX_AGE), "error text-altered@1"},
        {BYTES(VERSION MODE "Mx: mx1.example.com\r\n" MAX_AGE), "error text-altered@3"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_the_first_of_duplicates_wins(void **state)
{
    outcome result = read_text(*state, BYTES(VERSION "mode: testing\r\n" MX "max_age: 86400\r\n"
                                                     "mode: enforce\r\n"
                                                     "max_age: 1\r\n"
                                                     "version: STSv2\r\n"));

    assert_int_equal(result.policy->mode, MTA_STS_MODE_TESTING);
    assert_int_equal(result.policy->max_age, 86400);
    assert_string_equal(
        findings_summary(*state, result.findings),
        "warning field-duplicate@5, warning field-duplicate@6, warning field-duplicate@7");
}

static void test_a_valid_duplicate_does_not_replace_an_invalid_first_field(void **state)
{
    static const text_case cases[] = {
        {BYTES(VERSION "mode: Enforce\r\n" MODE MX MAX_AGE),
         "error mode-unknown@2, warning field-duplicate@3"},
        {BYTES("version: STSv2\r\n" VERSION MODE MX MAX_AGE),
         "error version-unknown@1, warning field-duplicate@2"},
        {BYTES(VERSION MODE MX "max_age: x\r\n" MAX_AGE),
         "error max-age-malformed@4, warning field-duplicate@5"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_mode_none_needs_no_mx_but_it_is_advised(void **state)
{
    outcome result = read_text(*state, BYTES(VERSION "mode: none\r\nmax_age: 86400\r\n"));

    assert_int_equal(result.policy->mode, MTA_STS_MODE_NONE);
    assert_int_equal(result.policy->mx->nelts, 0);
    assert_string_equal(findings_summary(*state, result.findings), "warning mx-missing@0");
}

static void test_a_mode_that_protects_needs_an_mx(void **state)
{
    static const text_case cases[] = {
        {BYTES(VERSION "mode: testing\r\n" MAX_AGE), "error mx-missing@0"},
        {BYTES(VERSION "mode: enforce\r\n" MAX_AGE), "error mx-missing@0"},
        {BYTES(VERSION "mode: none\r\nmax_age: 86400\r\nmx: *\r\n"), "error mx-invalid@4"},
    };

    check_findings(*state, cases, COUNT(cases));
}

/* Lines that the grammar does not know */

static void test_empty_lines_are_errors(void **state)
{
    static const text_case cases[] = {
        {BYTES("\r\n" VERSION MODE MX MAX_AGE), "error line-empty@1"},
        {BYTES(VERSION MODE "\r\n" MX MAX_AGE), "error line-empty@3"},
        {BYTES(VERSION MODE MX MAX_AGE "\r\n"), "error line-empty@5"},
        {BYTES(VERSION MODE MX MAX_AGE "\r\n\r\n"), "error line-empty@5, error line-empty@6"},
        {BYTES(VERSION MODE MX MAX_AGE "\n"), "error line-empty@5, info line-ends-lf@5"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_lines_that_are_not_fields_are_errors(void **state)
{
    static const text_case cases[] = {
        {BYTES("# comment\r\n" VERSION MODE MX MAX_AGE), "error line-malformed@1"},
        {BYTES(VERSION MODE MX MAX_AGE "comment\r\n"), "error line-malformed@5"},
        {BYTES(VERSION MODE MX MAX_AGE "// a: b\r\n"), "error line-malformed@5"},
        {BYTES(VERSION MODE MX MAX_AGE ": b\r\n"), "error line-malformed@5"},
        {BYTES(VERSION MODE MX MAX_AGE ":\r\n"), "error line-malformed@5"},
        {BYTES(VERSION MODE MX MAX_AGE "-a: b\r\n"), "error line-malformed@5"},
        {BYTES(VERSION MODE MX MAX_AGE "_a: b\r\n"), "error line-malformed@5"},
        {BYTES(VERSION MODE MX MAX_AGE "a+b: c\r\n"), "error line-malformed@5"},
        {BYTES(VERSION MODE MX MAX_AGE "a b: c\r\n"), "error line-malformed@5"},
        {BYTES(VERSION MODE MX MAX_AGE "m\xc3\xbc: c\r\n"),
         "error line-malformed@5, warning not-ascii@5"},
        {BYTES(VERSION MODE MX MAX_AGE "x234567890123456789012345678901_3: 33 bytes\r\n"),
         "error line-malformed@5"},
        {BYTES("{\"version\": \"STSv1\"}"), "error text-altered@1, error mode-missing@0, "
                                            "error max-age-missing@0, error mx-missing@0"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_no_blank_is_allowed_before_the_field_or_its_colon(void **state)
{
    static const text_case cases[] = {
        {BYTES(" " VERSION MODE MX MAX_AGE), "error text-altered@1"},
        {BYTES("version : STSv1\r\n" MODE MX MAX_AGE), "error text-altered@1"},
        {BYTES("version\t: STSv1\r\n" MODE MX MAX_AGE), "error text-altered@1"},
        {BYTES(VERSION MODE MX "\t" MX MAX_AGE), "error line-malformed@4"},
        {BYTES(VERSION MODE MX MAX_AGE "  \r\n"), "error line-malformed@5"},
        {BYTES(VERSION MODE MX MAX_AGE " "), "error line-malformed@5"},
        {BYTES(VERSION MODE MX MAX_AGE " \xff\x01: b\r\n"), "error line-malformed@5"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_a_field_needs_a_value(void **state)
{
    static const text_case cases[] = {
        {BYTES("version:\r\n" VERSION MODE MX MAX_AGE), "error value-empty@1"},
        {BYTES(VERSION "mode:\r\n" MX MAX_AGE), "error value-empty@2, error mode-missing@0"},
        {BYTES(VERSION MODE "mx:  \t \r\n" MAX_AGE), "error value-empty@3, error mx-missing@0"},
        {BYTES(VERSION MODE MX "max_age: "), "error value-empty@4, error max-age-missing@0"},
        {BYTES(VERSION MODE MX MAX_AGE "a:\r\n"), "error value-empty@5"},
    };

    check_findings(*state, cases, COUNT(cases));
}

/* Bytes that the grammar does not know */

static void test_control_characters_are_errors(void **state)
{
    static const text_case cases[] = {
        {BYTES(VERSION MODE MX MAX_AGE "a: b\0c\r\n"), "error control-character@5"},
        {BYTES(VERSION MODE MX MAX_AGE "\0"), "error control-character@5"},
        {BYTES(VERSION MODE "mx: mx1.example.com\0.evil.example\r\n" MAX_AGE),
         "error control-character@3, error mx-missing@0"},
        {BYTES(VERSION "mode: enforce\0\r\n" MX MAX_AGE),
         "error control-character@2, error mode-missing@0"},
        {BYTES(VERSION MODE MX MAX_AGE "a: \x1b[1m\r\n"), "error control-character@5"},
        {BYTES(VERSION MODE MX MAX_AGE "a: b\x7f\r\n"), "error control-character@5"},
        {BYTES(VERSION MODE MX MAX_AGE "a: b\x0b\r\n"), "error control-character@5"},
        {BYTES(VERSION MODE MX MAX_AGE "\x0c\r\n"), "error control-character@5"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_a_tab_is_allowed_around_a_value_but_not_in_it(void **state)
{
    static const text_case cases[] = {
        {BYTES(VERSION MODE MX MAX_AGE "a:\tb\t\r\n"), "info field-unknown@5"},
        {BYTES(VERSION MODE MX MAX_AGE "a: b\tc\r\n"), "error control-character@5"},
        {BYTES(VERSION "mode: enforce\ttesting\r\n" MX MAX_AGE),
         "error control-character@2, error mode-missing@0"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_a_bare_cr_does_not_end_a_line(void **state)
{
    static const text_case cases[] = {
        {BYTES("version: STSv1\rmode: enforce\rmx: mx1.example.com\rmax_age: 604800\r"),
         "error text-altered@1"},
        {BYTES(VERSION MODE MX "max_age: 604800\r"), "error text-altered@4"},
        {BYTES(VERSION MODE MX "max_age: 604800\r\r\n"), "error text-altered@4"},
        {BYTES(VERSION MODE MX MAX_AGE "\r"), "error text-altered@5"},
        {BYTES(VERSION MODE MX "max_age: 604800\n\r"), "error text-altered@5"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_bytes_that_are_not_utf8_are_errors(void **state)
{
    static const text_case cases[] = {
        {BYTES(VERSION MODE MX MAX_AGE "a: m\xfcnchen\r\n"), "error not-utf8@5"},
        {BYTES(VERSION MODE MX MAX_AGE "a: \xc0\xaf\r\n"), "error not-utf8@5"},
        {BYTES(VERSION MODE MX MAX_AGE "a: \xed\xa0\x80\r\n"), "error not-utf8@5"},
        {BYTES(VERSION MODE MX MAX_AGE "a: \xc3"), "error not-utf8@5"},
        {BYTES(VERSION MODE "mx: m\xfcnchen.example\r\n" MAX_AGE),
         "error not-utf8@3, error mx-missing@0"},
        {BYTES("\xff\xfev\0e\0r\0"), "error policy-other-text@0"}, /* UTF-16 */
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_non_ascii_text_is_reported_once_with_its_first_line(void **state)
{
    static const text_case cases[] = {
        {BYTES(VERSION MODE MX "a: \xc3\xbc\r\nb: \xc3\xbc\r\n" MAX_AGE),
         "info field-unknown@4, info field-unknown@5, warning not-ascii@4"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_a_byte_order_mark_is_an_error_of_its_own(void **state)
{
    static const text_case cases[] = {
        {BYTES("\xef\xbb\xbf" VERSION MODE MX MAX_AGE), "error byte-order-mark@1"},
        {BYTES("\xef\xbb\xbf\xef\xbb\xbf" VERSION MODE MX MAX_AGE), "error text-altered@1"},
        {BYTES(VERSION MODE MX "\xef\xbb\xbf" MAX_AGE), "error text-altered@4"},
        {BYTES("\xef\xbb\xbf"), "error text-altered@1, error policy-empty@0"},
        {BYTES("\xef\xbb"), "error policy-other-text@0"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_lines_are_counted_with_any_line_ending(void **state)
{
    static const text_case cases[] = {
        {BYTES("version: STSv1\n"
               "mode: enforce\r\n"
               "\n"
               "mx: mx1.example.com\n"
               "mx: *\r\n"
               "max_age: x"),
         "error line-empty@3, error mx-invalid@5, error max-age-malformed@6, info line-ends-lf@1"},
    };

    check_findings(*state, cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_unknown_fields_are_ignored),
        POOL_TEST(test_an_unknown_field_that_looks_like_a_known_one_is_a_warning),
        POOL_TEST(test_the_first_of_duplicates_wins),
        POOL_TEST(test_a_valid_duplicate_does_not_replace_an_invalid_first_field),
        POOL_TEST(test_mode_none_needs_no_mx_but_it_is_advised),
        POOL_TEST(test_a_mode_that_protects_needs_an_mx),
        POOL_TEST(test_empty_lines_are_errors),
        POOL_TEST(test_lines_that_are_not_fields_are_errors),
        POOL_TEST(test_no_blank_is_allowed_before_the_field_or_its_colon),
        POOL_TEST(test_a_field_needs_a_value),
        POOL_TEST(test_control_characters_are_errors),
        POOL_TEST(test_a_tab_is_allowed_around_a_value_but_not_in_it),
        POOL_TEST(test_a_bare_cr_does_not_end_a_line),
        POOL_TEST(test_bytes_that_are_not_utf8_are_errors),
        POOL_TEST(test_non_ascii_text_is_reported_once_with_its_first_line),
        POOL_TEST(test_a_byte_order_mark_is_an_error_of_its_own),
        POOL_TEST(test_lines_are_counted_with_any_line_ending),
    };

    return RUN_POOL_TESTS(tests);
}
