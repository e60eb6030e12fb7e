/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "core/policy_text.h"
#include "findings_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OCTETS(literal) literal, sizeof(literal) - 1

/* One policy text, and the summary of what is found in it. */
typedef struct text_case {
    const char *text;
    apr_size_t len;
    const char *findings;
} text_case;

typedef struct outcome {
    mta_sts_policy *policy;
    mta_sts_findings *findings;
} outcome;

static outcome read_text(apr_pool_t *p, const char *text, apr_size_t len)
{
    outcome result;
    char *copy = exact_copy(text, len);

    result.findings = mta_sts_findings_make(p);
    result.policy = mta_sts_policy_text_read(p, copy, len, result.findings);
    free(copy);
    assert_non_null(result.policy);
    assert_non_null(result.policy->mx);
    assert_findings_are_showable(result.findings);
    return result;
}

static void check_findings(apr_pool_t *p, const text_case *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        outcome result = read_text(p, cases[i].text, cases[i].len);
        const char *summary = findings_summary(p, result.findings);

        if (strcmp(summary, cases[i].findings) != 0) {
            fail_msg("row %d, %s:\nexpected: %s\nfound:    %s", (int)i,
                     mta_sts_text_quote(p, cases[i].text, cases[i].len), cases[i].findings,
                     summary);
        }
    }
}

/* The patterns of a policy in one line. */
static const char *mx_summary(apr_pool_t *p, const mta_sts_policy *policy)
{
    return apr_array_pstrcat(p, policy->mx, ' ');
}

/* Texts with a mistake in one of four otherwise good lines. */
#define VERSION "version: STSv1\r\n"
#define MODE "mode: enforce\r\n"
#define MX "mx: mx1.example.com\r\n"
#define MAX_AGE "max_age: 604800\r\n"

/* Good texts */

static void test_the_text_of_the_rfc_is_read(void **state)
{
    outcome result = read_text(*state, OCTETS("version: STSv1\r\n"
                                              "mode: enforce\r\n"
                                              "mx: mail.example.com\r\n"
                                              "mx: *.example.net\r\n"
                                              "mx: backupmx.example.com\r\n"
                                              "max_age: 604800\r\n"));

    assert_int_equal(result.policy->mode, MTA_STS_MODE_ENFORCE);
    assert_int_equal(result.policy->max_age, 604800);
    assert_string_equal(mx_summary(*state, result.policy),
                        "mail.example.com *.example.net backupmx.example.com");
    assert_int_equal(result.findings->list->nelts, 0);
}

static void test_each_mode_is_read(void **state)
{
    static const struct {
        const char *text;
        mta_sts_mode mode;
    } cases[] = {
        {VERSION "mode: none\r\n" MX "max_age: 86400\r\n", MTA_STS_MODE_NONE},
        {VERSION "mode: testing\r\n" MX "max_age: 86400\r\n", MTA_STS_MODE_TESTING},
        {VERSION "mode: enforce\r\n" MX "max_age: 86400\r\n", MTA_STS_MODE_ENFORCE},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        outcome result = read_text(*state, cases[i].text, strlen(cases[i].text));

        assert_int_equal(result.policy->mode, cases[i].mode);
        assert_int_equal(result.findings->list->nelts, 0);
    }
}

static void test_lines_may_end_with_lf(void **state)
{
    static const text_case cases[] = {
        {OCTETS("version: STSv1\nmode: enforce\nmx: mx1.example.com\nmax_age: 604800\n"),
         "info line-ends-lf@1"},
        {OCTETS("version: STSv1\nmode: enforce\nmx: mx1.example.com\nmax_age: 604800"),
         "info line-ends-lf@1"},
        {OCTETS("version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\nmax_age: 604800\r\n"),
         "info line-ends-lf@3"},
        {OCTETS(VERSION MODE MX "max_age: 604800\n"), "info line-ends-lf@4"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_the_last_terminator_is_optional(void **state)
{
    static const text_case cases[] = {
        {OCTETS(VERSION MODE MX "max_age: 604800"), ""},
        {OCTETS(VERSION MODE "max_age: 604800\r\nmx: mx1.example.com"), ""},
        {OCTETS(VERSION MODE MX "max_age: 604800  \t"), ""},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void
test_blanks_behind_the_colon_and_at_the_end_of_a_line_are_no_part_of_a_value(void **state)
{
    outcome result = read_text(*state, OCTETS("version:STSv1 \r\n"
                                              "mode:   testing\t\r\n"
                                              "mx:\t mx1.example.com \t \r\n"
                                              "max_age:\t86400   \r\n"
                                              "x:   y \r\n"));

    assert_int_equal(result.policy->mode, MTA_STS_MODE_TESTING);
    assert_int_equal(result.policy->max_age, 86400);
    assert_string_equal(mx_summary(*state, result.policy), "mx1.example.com");
    assert_string_equal(findings_summary(*state, result.findings), "info field-unknown@5");
}

static void test_the_order_of_fields_is_free_but_version_is_advised_first(void **state)
{
    static const text_case cases[] = {
        {OCTETS(VERSION MAX_AGE MX MODE), ""},
        {OCTETS(VERSION MX MAX_AGE MX MODE), ""},
        {OCTETS(MODE VERSION MX MAX_AGE), "warning version-not-first@1"},
        {OCTETS(MX MODE MAX_AGE VERSION), "warning version-not-first@1"},
        {OCTETS(MAX_AGE MX MODE VERSION), "warning version-not-first@1"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_an_mx_pattern_is_read_in_lower_case(void **state)
{
    outcome result = read_text(
        *state, OCTETS(VERSION MODE "mx: MX1.Example.COM\r\nmx: *.EXAMPLE.net\r\n" MAX_AGE));

    assert_string_equal(mx_summary(*state, result.policy), "mx1.example.com *.example.net");
    assert_int_equal(result.findings->list->nelts, 0);
}

static void test_the_policy_does_not_borrow_the_text(void **state)
{
    /* read_text() frees the text before it returns. */
    outcome result = read_text(*state, OCTETS(VERSION MODE MX MAX_AGE "unknown: field\r\n"));

    assert_string_equal(APR_ARRAY_IDX(result.policy->mx, 0, const char *), "mx1.example.com");
    assert_non_null(strstr(mta_sts_findings_at(result.findings, 0)->message, "\"unknown\""));
}

/* finding.h: "Everything in them lives in the pool that made the list, or longer". */
static void test_findings_outlive_the_pool_of_the_policy(void **state)
{
    static const char text[] = VERSION "Mode: enforce\r\nnmx: x\r\n";
    mta_sts_findings *findings = mta_sts_findings_make(*state);
    apr_pool_t *of_policy;
    int i;

    assert_int_equal(apr_pool_create(&of_policy, *state), APR_SUCCESS);
    mta_sts_policy_text_read(of_policy, text, strlen(text), findings);
    apr_pool_clear(of_policy);
    memset(apr_palloc(of_policy, 4000), '\x01', 4000); /* what a later user would do */
    assert_string_equal(findings_summary(*state, findings),
                        "warning field-unknown@2, warning field-unknown@3, error mode-missing@0, "
                        "error max-age-missing@0, error mx-missing@0");
    assert_findings_are_showable(findings);
    for (i = 0; i < findings->list->nelts; i++) {
        assert_non_null(mta_sts_findings_at(findings, i)->fix);
    }
    apr_pool_destroy(of_policy);
}

/* What a reader tolerates */

static void test_unknown_fields_are_ignored(void **state)
{
    static const text_case cases[] = {
        {OCTETS(VERSION MODE MX MAX_AGE "a: b\r\n"), "info field-unknown@5"},
        {OCTETS("a: b\r\n" VERSION MODE MX MAX_AGE), "info field-unknown@1"},
        {OCTETS(VERSION MODE MX MAX_AGE "a: b\r\na: c\r\n"),
         "info field-unknown@5, info field-unknown@6"},
        {OCTETS(VERSION MODE MX MAX_AGE "a-b_c.d: b\r\n"), "info field-unknown@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "1: 2\r\n"), "info field-unknown@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "a: b c  d : e\r\n"), "info field-unknown@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "x-mode: b\r\n"), "info field-unknown@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "modern: b\r\n"), "info field-unknown@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "mxhost: b\r\n"), "info field-unknown@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "m: b\r\n"), "info field-unknown@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "x234567890123456789012345678901_: 32 octets\r\n"),
         "info field-unknown@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "comment: \xc3\xbc\xe2\x82\xac\xf0\x9f\x92\xa9\r\n"),
         "info field-unknown@5, warning not-ascii@5"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_an_unknown_field_that_looks_like_a_known_one_is_a_warning(void **state)
{
    static const text_case cases[] = {
        {OCTETS(VERSION MODE MX MAX_AGE "nmx: mx2.example.com\r\n"), "warning field-unknown@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "mxs: mx2.example.com\r\n"), "warning field-unknown@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "MX: mx2.example.com\r\n"), "warning field-unknown@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "Mode: testing\r\n"), "warning field-unknown@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "modes: testing\r\n"), "warning field-unknown@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "MAX_AGE: 1\r\n"), "warning field-unknown@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "xversion: STSv2\r\n"), "warning field-unknown@5"},
        {OCTETS("Version: STSv1\r\n" MODE MX MAX_AGE),
         "warning field-unknown@1, warning version-not-first@2, error version-missing@0"},
        {OCTETS(VERSION MODE "Mx: mx1.example.com\r\n" MAX_AGE),
         "warning field-unknown@3, error mx-missing@0"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_the_first_of_duplicates_wins(void **state)
{
    outcome result = read_text(*state, OCTETS(VERSION "mode: testing\r\n" MX "max_age: 86400\r\n"
                                                      "mode: enforce\r\n"
                                                      "max_age: 1\r\n"
                                                      "version: STSv2\r\n"));

    assert_int_equal(result.policy->mode, MTA_STS_MODE_TESTING);
    assert_int_equal(result.policy->max_age, 86400);
    assert_string_equal(
        findings_summary(*state, result.findings),
        "warning field-duplicate@5, warning field-duplicate@6, warning field-duplicate@7");
}

static void test_a_broken_first_duplicate_is_not_mended_by_the_second(void **state)
{
    static const text_case cases[] = {
        {OCTETS(VERSION "mode: Enforce\r\n" MODE MX MAX_AGE),
         "error mode-unknown@2, warning field-duplicate@3"},
        {OCTETS("version: STSv2\r\n" VERSION MODE MX MAX_AGE),
         "error version-unknown@1, warning field-duplicate@2"},
        {OCTETS(VERSION MODE MX "max_age: x\r\n" MAX_AGE),
         "error max-age-malformed@4, warning field-duplicate@5"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_mode_none_needs_no_mx_but_it_is_advised(void **state)
{
    outcome result = read_text(*state, OCTETS(VERSION "mode: none\r\nmax_age: 86400\r\n"));

    assert_int_equal(result.policy->mode, MTA_STS_MODE_NONE);
    assert_int_equal(result.policy->mx->nelts, 0);
    assert_string_equal(findings_summary(*state, result.findings), "warning mx-missing@0");
}

static void test_a_mode_that_protects_needs_an_mx(void **state)
{
    static const text_case cases[] = {
        {OCTETS(VERSION "mode: testing\r\n" MAX_AGE), "error mx-missing@0"},
        {OCTETS(VERSION "mode: enforce\r\n" MAX_AGE), "error mx-missing@0"},
        {OCTETS(VERSION "mode: none\r\nmax_age: 86400\r\nmx: *\r\n"), "error mx-invalid@4"},
    };

    check_findings(*state, cases, COUNT(cases));
}

/* Missing and broken values */

static void test_each_missing_field_is_told(void **state)
{
    static const text_case cases[] = {
        {OCTETS(MODE MX MAX_AGE), "warning version-not-first@1, error version-missing@0"},
        {OCTETS(VERSION MX MAX_AGE), "error mode-missing@0"},
        {OCTETS(VERSION MODE MX), "error max-age-missing@0"},
        {OCTETS(VERSION MODE MAX_AGE), "error mx-missing@0"},
        {OCTETS(VERSION), "error mode-missing@0, error max-age-missing@0, error mx-missing@0"},
        {OCTETS("a: b\r\n"), "info field-unknown@1, error version-missing@0, error mode-missing@0, "
                             "error max-age-missing@0, error mx-missing@0"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_an_invalid_policy_has_no_values_made_up(void **state)
{
    outcome result = read_text(*state, OCTETS(VERSION "mode: maybe\r\nmx: *\r\nmax_age: long\r\n"));

    assert_int_equal(result.policy->mode, MTA_STS_MODE_UNSET);
    assert_int_equal(result.policy->max_age, -1);
    assert_int_equal(result.policy->mx->nelts, 0);
}

static void test_nothing_at_all_is_an_empty_policy(void **state)
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

static void test_malformed_mx_patterns_are_told_each_with_its_line(void **state)
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
        {OCTETS(VERSION MODE "mx: mx.m\xc3\xbcnchen.example\r\n" MAX_AGE),
         "error mx-invalid@3, warning not-ascii@3"},
        {OCTETS(VERSION MODE "mx: *.m\xc3\xbcnchen.example\r\n" MAX_AGE),
         "error mx-invalid@3, warning not-ascii@3"},
        {OCTETS(VERSION MODE "mx: mx.xn--mnchen-3ya.example\r\n" MAX_AGE), ""},
    };

    check_findings(*state, cases, COUNT(cases));
}

/* Lines that the grammar does not know */

static void test_empty_lines_are_errors(void **state)
{
    static const text_case cases[] = {
        {OCTETS("\r\n" VERSION MODE MX MAX_AGE), "error line-empty@1"},
        {OCTETS(VERSION MODE "\r\n" MX MAX_AGE), "error line-empty@3"},
        {OCTETS(VERSION MODE MX MAX_AGE "\r\n"), "error line-empty@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "\r\n\r\n"), "error line-empty@5, error line-empty@6"},
        {OCTETS(VERSION MODE MX MAX_AGE "\n"), "error line-empty@5, info line-ends-lf@5"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_lines_that_are_no_field_are_errors(void **state)
{
    static const text_case cases[] = {
        {OCTETS("# comment\r\n" VERSION MODE MX MAX_AGE), "error line-malformed@1"},
        {OCTETS(VERSION MODE MX MAX_AGE "comment\r\n"), "error line-malformed@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "// a: b\r\n"), "error line-malformed@5"},
        {OCTETS(VERSION MODE MX MAX_AGE ": b\r\n"), "error line-malformed@5"},
        {OCTETS(VERSION MODE MX MAX_AGE ":\r\n"), "error line-malformed@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "-a: b\r\n"), "error line-malformed@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "_a: b\r\n"), "error line-malformed@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "a+b: c\r\n"), "error line-malformed@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "a b: c\r\n"), "error line-malformed@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "m\xc3\xbc: c\r\n"),
         "error line-malformed@5, warning not-ascii@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "x234567890123456789012345678901_3: 33 octets\r\n"),
         "error line-malformed@5"},
        {OCTETS("{\"version\": \"STSv1\"}"), "error line-malformed@1, error version-missing@0, "
                                             "error mode-missing@0, error max-age-missing@0, "
                                             "error mx-missing@0"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_no_blank_is_allowed_before_the_field_or_its_colon(void **state)
{
    static const text_case cases[] = {
        {OCTETS(" " VERSION MODE MX MAX_AGE),
         "error line-malformed@1, warning version-not-first@2, "
         "error version-missing@0"},
        {OCTETS("version : STSv1\r\n" MODE MX MAX_AGE),
         "error line-malformed@1, warning version-not-first@2, error version-missing@0"},
        {OCTETS("version\t: STSv1\r\n" MODE MX MAX_AGE),
         "error line-malformed@1, warning version-not-first@2, error version-missing@0"},
        {OCTETS(VERSION MODE MX "\t" MX MAX_AGE), "error line-malformed@4"},
        {OCTETS(VERSION MODE MX MAX_AGE "  \r\n"), "error line-malformed@5"},
        {OCTETS(VERSION MODE MX MAX_AGE " "), "error line-malformed@5"},
        {OCTETS(VERSION MODE MX MAX_AGE " \xff\x01: b\r\n"), "error line-malformed@5"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_a_field_needs_a_value(void **state)
{
    static const text_case cases[] = {
        {OCTETS("version:\r\n" VERSION MODE MX MAX_AGE), "error value-empty@1"},
        {OCTETS(VERSION "mode:\r\n" MX MAX_AGE), "error value-empty@2, error mode-missing@0"},
        {OCTETS(VERSION MODE "mx:  \t \r\n" MAX_AGE), "error value-empty@3, error mx-missing@0"},
        {OCTETS(VERSION MODE MX "max_age: "), "error value-empty@4, error max-age-missing@0"},
        {OCTETS(VERSION MODE MX MAX_AGE "a:\r\n"), "error value-empty@5"},
    };

    check_findings(*state, cases, COUNT(cases));
}

/* Octets that the grammar does not know */

static void test_control_characters_are_errors(void **state)
{
    static const text_case cases[] = {
        {OCTETS(VERSION MODE MX MAX_AGE "a: b\0c\r\n"), "error control-character@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "\0"), "error control-character@5"},
        {OCTETS(VERSION MODE "mx: mx1.example.com\0.evil.example\r\n" MAX_AGE),
         "error control-character@3, error mx-missing@0"},
        {OCTETS(VERSION "mode: enforce\0\r\n" MX MAX_AGE),
         "error control-character@2, error mode-missing@0"},
        {OCTETS(VERSION MODE MX MAX_AGE "a: \x1b[1m\r\n"), "error control-character@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "a: b\x7f\r\n"), "error control-character@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "a: b\x0b\r\n"), "error control-character@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "\x0c\r\n"), "error control-character@5"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_a_tab_is_allowed_around_a_value_but_not_in_it(void **state)
{
    static const text_case cases[] = {
        {OCTETS(VERSION MODE MX MAX_AGE "a:\tb\t\r\n"), "info field-unknown@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "a: b\tc\r\n"), "error control-character@5"},
        {OCTETS(VERSION "mode: enforce\ttesting\r\n" MX MAX_AGE),
         "error control-character@2, error mode-missing@0"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_a_bare_cr_ends_no_line(void **state)
{
    static const text_case cases[] = {
        {OCTETS("version: STSv1\rmode: enforce\rmx: mx1.example.com\rmax_age: 604800\r"),
         "error control-character@1, error version-missing@0, error mode-missing@0, "
         "error max-age-missing@0, error mx-missing@0"},
        {OCTETS(VERSION MODE MX "max_age: 604800\r"),
         "error control-character@4, error max-age-missing@0"},
        {OCTETS(VERSION MODE MX "max_age: 604800\r\r\n"),
         "error control-character@4, error max-age-missing@0"},
        {OCTETS(VERSION MODE MX MAX_AGE "\r"), "error control-character@5"},
        {OCTETS(VERSION MODE MX "max_age: 604800\n\r"),
         "error control-character@5, info line-ends-lf@4"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_octets_that_are_not_utf8_are_errors(void **state)
{
    static const text_case cases[] = {
        {OCTETS(VERSION MODE MX MAX_AGE "a: m\xfcnchen\r\n"), "error not-utf8@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "a: \xc0\xaf\r\n"), "error not-utf8@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "a: \xed\xa0\x80\r\n"), "error not-utf8@5"},
        {OCTETS(VERSION MODE MX MAX_AGE "a: \xc3"), "error not-utf8@5"},
        {OCTETS(VERSION MODE "mx: m\xfcnchen.example\r\n" MAX_AGE),
         "error not-utf8@3, error mx-missing@0"},
        {OCTETS("\xff\xfev\0e\0r\0"), "error not-utf8@1, error version-missing@0, "
                                      "error mode-missing@0, error max-age-missing@0, "
                                      "error mx-missing@0"}, /* UTF-16 */
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_what_is_not_ascii_is_told_once_with_its_first_line(void **state)
{
    static const text_case cases[] = {
        {OCTETS(VERSION MODE MX "a: \xc3\xbc\r\nb: \xc3\xbc\r\n" MAX_AGE),
         "info field-unknown@4, info field-unknown@5, warning not-ascii@4"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_a_byte_order_mark_is_an_error_of_its_own(void **state)
{
    static const text_case cases[] = {
        {OCTETS("\xef\xbb\xbf" VERSION MODE MX MAX_AGE), "error byte-order-mark@1"},
        {OCTETS("\xef\xbb\xbf\xef\xbb\xbf" VERSION MODE MX MAX_AGE),
         "error byte-order-mark@1, error line-malformed@1, warning version-not-first@2, "
         "error version-missing@0, warning not-ascii@1"},
        {OCTETS(VERSION MODE MX "\xef\xbb\xbf" MAX_AGE),
         "error line-malformed@4, error max-age-missing@0, warning not-ascii@4"},
        {OCTETS("\xef\xbb\xbf"), "error byte-order-mark@1, error version-missing@0, "
                                 "error mode-missing@0, error max-age-missing@0, "
                                 "error mx-missing@0"},
        {OCTETS("\xef\xbb"), "error not-utf8@1, error version-missing@0, error mode-missing@0, "
                             "error max-age-missing@0, error mx-missing@0"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_lines_are_counted_whatever_they_end_with(void **state)
{
    static const text_case cases[] = {
        {OCTETS("version: STSv1\n"
                "mode: enforce\r\n"
                "\n"
                "mx: mx1.example.com\n"
                "mx: *\r\n"
                "max_age: x"),
         "error line-empty@3, error mx-invalid@5, error max-age-malformed@6, info line-ends-lf@1"},
    };

    check_findings(*state, cases, COUNT(cases));
}

/* Sizes */

/* A valid text of exactly this many octets: unknown fields fill it up. */
static char *make_text(apr_pool_t *p, apr_size_t octets)
{
    static const char head[] = VERSION MODE MX MAX_AGE "x: ";
    char *text = apr_palloc(p, octets + 1);

    assert_true(octets > sizeof(head) + 2);
    memset(text, 'y', octets);
    memcpy(text, head, sizeof(head) - 1);
    memcpy(text + octets - 2, "\r\n", 3);
    return text;
}

static void test_a_text_over_10_kib_is_long_and_over_64_kib_too_long(void **state)
{
    static const struct {
        apr_size_t octets;
        const char *findings;
    } cases[] = {
        {10240, "info field-unknown@5"},
        {10241, "info field-unknown@5, warning policy-long@0"},
        {65535, "info field-unknown@5, warning policy-long@0"},
        {65536, "info field-unknown@5, warning policy-long@0"},
        {65537, "error policy-too-long@0"},
        {1 << 24, "error policy-too-long@0"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        outcome result = read_text(*state, make_text(*state, cases[i].octets), cases[i].octets);

        assert_string_equal(findings_summary(*state, result.findings), cases[i].findings);
    }
}

static void test_a_text_too_long_gives_an_empty_policy(void **state)
{
    outcome result = read_text(*state, make_text(*state, 65537), 65537);

    assert_int_equal(result.policy->mode, MTA_STS_MODE_UNSET);
    assert_int_equal(result.policy->max_age, -1);
    assert_int_equal(result.policy->mx->nelts, 0);
}

/* A text of this line, again and again, of about 64 KiB. */
static outcome read_repeated(apr_pool_t *p, const char *line)
{
    apr_size_t len = strlen(line), count = MTA_STS_POLICY_READ_MAX / len, i;
    char *text = apr_palloc(p, count * len);

    for (i = 0; i < count; i++) {
        memcpy(text + i * len, line, len);
    }
    return read_text(p, text, count * len);
}

static void test_a_hostile_text_gives_a_bounded_number_of_findings(void **state)
{
    static const char *const lines[] = {"\n",        "x\n",    "x:\n",     "a:b\n",  "mx:*\n",
                                        "mx:\xff\n", "mx:a\n", "mode:x\n", "nmx:a\n"};
    size_t i;

    for (i = 0; i < COUNT(lines); i++) {
        outcome result = read_repeated(*state, lines[i]);

        assert_true(result.findings->list->nelts <= 101);
        assert_true(mta_sts_findings_count(result.findings, MTA_STS_ERROR) > 0);
    }
}

/* The same bound where every line is fine by itself, so that advice on the whole is given. */
static void test_a_valid_text_gives_a_bounded_number_of_findings(void **state)
{
    static const char head[] = VERSION MODE MAX_AGE;
    apr_size_t len = sizeof(head) - 1;
    char *text = apr_palloc(*state, MTA_STS_POLICY_READ_MAX);
    outcome result;

    memcpy(text, head, len);
    for (; len + 6 <= MTA_STS_POLICY_READ_MAX; len += 6) {
        memcpy(text + len, "mx:a\r\n", 6);
    }
    result = read_text(*state, text, len);
    assert_int_equal(mta_sts_findings_count(result.findings, MTA_STS_ERROR), 0);
    assert_true(result.policy->mx->nelts > 10000);
    if (result.findings->list->nelts > 101) {
        fail_msg("%d findings", result.findings->list->nelts);
    }
}

static void test_the_first_error_is_never_left_out(void **state)
{
    char *text = apr_pstrdup(*state, VERSION MODE MX);
    outcome result;
    int i;

    for (i = 0; i < 200; i++) {
        text = apr_pstrcat(*state, text, "a: b\r\n", NULL);
    }
    text = apr_pstrcat(*state, text, "max_age: x\r\n", NULL);
    result = read_text(*state, text, strlen(text));
    assert_int_equal(mta_sts_findings_count(result.findings, MTA_STS_ERROR), 1);
    assert_string_equal(mta_sts_findings_at(result.findings, result.findings->list->nelts - 1)->id,
                        "max-age-malformed");
    assert_int_equal(mta_sts_findings_at(result.findings, result.findings->list->nelts - 1)->line,
                     204);
}

/* Advice on a valid policy, and none on an invalid one */

static void test_advice_is_given_on_a_valid_text_only(void **state)
{
    static const text_case cases[] = {
        {OCTETS(VERSION MODE MX "max_age: 60\r\n"), "warning max-age-short@0"},
        {OCTETS(VERSION MODE MX "max_age: 0\r\n"),
         "warning max-age-zero@4, warning max-age-short@0"},
        {OCTETS(VERSION "mode: none\r\n" MX "max_age: 31557600\r\n"), "warning max-age-long@0"},
        {OCTETS(VERSION MODE "mx: localhost\r\n" MAX_AGE), "warning mx-single-label@0"},
        {OCTETS(VERSION MODE "mx: localhost\r\nmx: *\r\nmax_age: 60\r\n"), "error mx-invalid@4"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_findings_name_the_policy_and_quote_what_is_wrong(void **state)
{
    outcome result = read_text(*state, OCTETS(VERSION "mode: En\x22\x66orce\r\n" MX MAX_AGE));
    const mta_sts_finding *finding = mta_sts_findings_at(result.findings, 0);

    assert_string_equal(finding->subject, "policy");
    assert_non_null(strstr(finding->message, "\"En\\x22force\""));
    assert_non_null(strstr(finding->fix, "none, testing or enforce"));
    assert_null(finding->file);
}

/* Round trips */

static void test_a_rendered_policy_reads_to_itself_without_a_finding(void **state)
{
    static const struct {
        mta_sts_mode mode;
        apr_int64_t max_age;
        const char *mx;
    } cases[] = {
        {MTA_STS_MODE_NONE, 1, "mx1.example.com"},
        {MTA_STS_MODE_NONE, 604800, "*.example.com"},
        {MTA_STS_MODE_TESTING, 1, "mx1.example.com"},
        {MTA_STS_MODE_TESTING, 31557600, "mx1.example.com *.example.net mx3.xn--mnchen-3ya.de"},
        {MTA_STS_MODE_ENFORCE, 86400, "a.b"},
        {MTA_STS_MODE_ENFORCE, 31557600, "mx2.example.com mx1.example.com mx1.example.com"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mta_sts_policy policy = {cases[i].mode, cases[i].max_age,
                                 apr_array_make(*state, 3, sizeof(const char *))};
        char *patterns = apr_pstrdup(*state, cases[i].mx), *last, *pattern;
        const char *text;
        apr_size_t len;
        outcome result;

        for (pattern = apr_strtok(patterns, " ", &last); pattern;
             pattern = apr_strtok(NULL, " ", &last)) {
            APR_ARRAY_PUSH(policy.mx, const char *) = pattern;
        }
        text = mta_sts_policy_render(*state, &policy, &len);
        result = read_text(*state, text, len);
        assert_string_equal(findings_summary(*state, result.findings), "");
        assert_int_equal(result.policy->mode, cases[i].mode);
        assert_int_equal(result.policy->max_age, cases[i].max_age);
        assert_string_equal(mx_summary(*state, result.policy), cases[i].mx);
    }
}

/* Whatever its line ends, blanks and order were, a text renders to the one canonical form. */
static void test_texts_that_say_the_same_render_the_same(void **state)
{
    static const char *const texts[] = {
        VERSION MODE MX "mx: *.example.net\r\n" MAX_AGE,
        "version: STSv1\nmode: enforce\nmx: mx1.example.com\nmx: *.example.net\nmax_age: 604800",
        "max_age:0000604800\nmx:MX1.example.com \nmx:\t*.Example.Net\nversion:STSv1\nmode:enforce",
        VERSION MODE MX "mx: *.example.net\r\n" MAX_AGE "mode: none\r\nextra: field\r\n",
    };
    size_t i;

    for (i = 0; i < COUNT(texts); i++) {
        outcome result = read_text(*state, texts[i], strlen(texts[i]));
        apr_size_t len;

        assert_int_equal(mta_sts_findings_count(result.findings, MTA_STS_ERROR), 0);
        assert_string_equal(mta_sts_policy_render(*state, result.policy, &len), texts[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_the_text_of_the_rfc_is_read),
        POOL_TEST(test_each_mode_is_read),
        POOL_TEST(test_lines_may_end_with_lf),
        POOL_TEST(test_the_last_terminator_is_optional),
        POOL_TEST(test_blanks_behind_the_colon_and_at_the_end_of_a_line_are_no_part_of_a_value),
        POOL_TEST(test_the_order_of_fields_is_free_but_version_is_advised_first),
        POOL_TEST(test_an_mx_pattern_is_read_in_lower_case),
        POOL_TEST(test_the_policy_does_not_borrow_the_text),
        POOL_TEST(test_findings_outlive_the_pool_of_the_policy),
        POOL_TEST(test_unknown_fields_are_ignored),
        POOL_TEST(test_an_unknown_field_that_looks_like_a_known_one_is_a_warning),
        POOL_TEST(test_the_first_of_duplicates_wins),
        POOL_TEST(test_a_broken_first_duplicate_is_not_mended_by_the_second),
        POOL_TEST(test_mode_none_needs_no_mx_but_it_is_advised),
        POOL_TEST(test_a_mode_that_protects_needs_an_mx),
        POOL_TEST(test_each_missing_field_is_told),
        POOL_TEST(test_an_invalid_policy_has_no_values_made_up),
        POOL_TEST(test_nothing_at_all_is_an_empty_policy),
        POOL_TEST(test_the_version_is_exactly_stsv1),
        POOL_TEST(test_the_mode_is_exactly_one_of_three),
        POOL_TEST(test_max_age_is_1_to_10_digits_up_to_a_year),
        POOL_TEST(test_malformed_mx_patterns_are_told_each_with_its_line),
        POOL_TEST(test_a_u_label_in_mx_is_an_error),
        POOL_TEST(test_empty_lines_are_errors),
        POOL_TEST(test_lines_that_are_no_field_are_errors),
        POOL_TEST(test_no_blank_is_allowed_before_the_field_or_its_colon),
        POOL_TEST(test_a_field_needs_a_value),
        POOL_TEST(test_control_characters_are_errors),
        POOL_TEST(test_a_tab_is_allowed_around_a_value_but_not_in_it),
        POOL_TEST(test_a_bare_cr_ends_no_line),
        POOL_TEST(test_octets_that_are_not_utf8_are_errors),
        POOL_TEST(test_what_is_not_ascii_is_told_once_with_its_first_line),
        POOL_TEST(test_a_byte_order_mark_is_an_error_of_its_own),
        POOL_TEST(test_lines_are_counted_whatever_they_end_with),
        POOL_TEST(test_a_text_over_10_kib_is_long_and_over_64_kib_too_long),
        POOL_TEST(test_a_text_too_long_gives_an_empty_policy),
        POOL_TEST(test_a_hostile_text_gives_a_bounded_number_of_findings),
        POOL_TEST(test_a_valid_text_gives_a_bounded_number_of_findings),
        POOL_TEST(test_the_first_error_is_never_left_out),
        POOL_TEST(test_advice_is_given_on_a_valid_text_only),
        POOL_TEST(test_findings_name_the_policy_and_quote_what_is_wrong),
        POOL_TEST(test_a_rendered_policy_reads_to_itself_without_a_finding),
        POOL_TEST(test_texts_that_say_the_same_render_the_same),
    };

    return RUN_POOL_TESTS(tests);
}
