/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "policy_text_fixture.h"

/* Good texts */

static void test_the_text_of_the_rfc_is_read(void **state)
{
    outcome result = read_text(*state, BYTES("version: STSv1\r\n"
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
        {BYTES("version: STSv1\nmode: enforce\nmx: mx1.example.com\nmax_age: 604800\n"),
         "info line-ends-lf@1"},
        {BYTES("version: STSv1\nmode: enforce\nmx: mx1.example.com\nmax_age: 604800"),
         "info line-ends-lf@1"},
        {BYTES("version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\nmax_age: 604800\r\n"),
         "info line-ends-lf@3"},
        {BYTES(VERSION MODE MX "max_age: 604800\n"), "info line-ends-lf@4"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_the_last_terminator_is_optional(void **state)
{
    static const text_case cases[] = {
        {BYTES(VERSION MODE MX "max_age: 604800"), ""},
        {BYTES(VERSION MODE "max_age: 604800\r\nmx: mx1.example.com"), ""},
        {BYTES(VERSION MODE MX "max_age: 604800  \t"), ""},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void
test_blanks_after_the_colon_and_at_the_end_of_a_line_are_not_part_of_a_value(void **state)
{
    outcome result = read_text(*state, BYTES("version:STSv1 \r\n"
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
        {BYTES(VERSION MAX_AGE MX MODE), ""},
        {BYTES(VERSION MX MAX_AGE MX MODE), ""},
        {BYTES(MODE VERSION MX MAX_AGE), "warning version-not-first@1"},
        {BYTES(MX MODE MAX_AGE VERSION), "warning version-not-first@1"},
        {BYTES(MAX_AGE MX MODE VERSION), "warning version-not-first@1"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_an_mx_pattern_is_read_in_lower_case(void **state)
{
    outcome result = read_text(
        *state, BYTES(VERSION MODE "mx: MX1.Example.COM\r\nmx: *.EXAMPLE.net\r\n" MAX_AGE));

    assert_string_equal(mx_summary(*state, result.policy), "mx1.example.com *.example.net");
    assert_int_equal(result.findings->list->nelts, 0);
}

static void test_the_policy_does_not_borrow_the_text(void **state)
{
    /* read_text() frees the text before it returns. */
    outcome result = read_text(*state, BYTES(VERSION MODE MX MAX_AGE "unknown: field\r\n"));

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
    memset(apr_palloc(of_policy, 4000), '\x01', 4000); /* as a later user of the memory would do */
    assert_string_equal(findings_summary(*state, findings),
                        "warning field-unknown@2, warning field-unknown@3, error mode-missing@0, "
                        "error max-age-missing@0, error mx-missing@0");
    assert_findings_are_printable(findings);
    for (i = 0; i < findings->list->nelts; i++) {
        assert_non_null(mta_sts_findings_at(findings, i)->fix);
    }
    apr_pool_destroy(of_policy);
}

/* Sizes */

/* A valid text of exactly this many bytes: unknown fields fill it up. */
static char *make_text(apr_pool_t *p, apr_size_t bytes)
{
    static const char head[] = VERSION MODE MX MAX_AGE "x: ";
    char *text = apr_palloc(p, bytes + 1);

    assert_true(bytes > sizeof(head) + 2);
    memset(text, 'y', bytes);
    memcpy(text, head, sizeof(head) - 1);
    memcpy(text + bytes - 2, "\r\n", 3);
    return text;
}

static void test_a_text_over_10_kib_is_long_and_over_64_kib_too_long(void **state)
{
    static const struct {
        apr_size_t bytes;
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
        outcome result = read_text(*state, make_text(*state, cases[i].bytes), cases[i].bytes);

        assert_string_equal(findings_summary(*state, result.findings), cases[i].findings);
    }
}

static void test_a_text_that_is_too_long_gives_an_empty_policy(void **state)
{
    outcome result = read_text(*state, make_text(*state, 65537), 65537);

    assert_int_equal(result.policy->mode, MTA_STS_MODE_UNSET);
    assert_int_equal(result.policy->max_age, -1);
    assert_int_equal(result.policy->mx->nelts, 0);
}

/* Repeats a line to a text of about 64 KiB. */
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
        {BYTES(VERSION MODE MX "max_age: 60\r\n"), "warning max-age-short@0"},
        {BYTES(VERSION MODE MX "max_age: 0\r\n"),
         "warning max-age-zero@4, warning max-age-short@0"},
        {BYTES(VERSION "mode: none\r\n" MX "max_age: 31557600\r\n"), "warning max-age-long@0"},
        {BYTES(VERSION MODE "mx: localhost\r\n" MAX_AGE), "warning mx-single-label@0"},
        {BYTES(VERSION MODE "mx: localhost\r\nmx: *\r\nmax_age: 60\r\n"), "error mx-invalid@4"},
    };

    check_findings(*state, cases, COUNT(cases));
}

static void test_findings_name_the_policy_and_quote_what_is_wrong(void **state)
{
    outcome result = read_text(*state, BYTES(VERSION "mode: En\x22\x66orce\r\n" MX MAX_AGE));
    const mta_sts_finding *finding = mta_sts_findings_at(result.findings, 0);

    assert_string_equal(finding->subject, "policy");
    assert_non_null(strstr(finding->message, "'En\"force'"));
    assert_non_null(strstr(finding->fix, "none, testing or enforce"));
    assert_null(finding->file);
}

/* Round trips */

static void test_reading_a_rendered_policy_gives_the_same_policy_without_a_finding(void **state)
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

/* Texts that differ in line ends, blanks and order render to the one canonical form. */
static void test_equivalent_texts_render_identically(void **state)
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
        POOL_TEST(test_blanks_after_the_colon_and_at_the_end_of_a_line_are_not_part_of_a_value),
        POOL_TEST(test_the_order_of_fields_is_free_but_version_is_advised_first),
        POOL_TEST(test_an_mx_pattern_is_read_in_lower_case),
        POOL_TEST(test_the_policy_does_not_borrow_the_text),
        POOL_TEST(test_findings_outlive_the_pool_of_the_policy),
        POOL_TEST(test_a_text_over_10_kib_is_long_and_over_64_kib_too_long),
        POOL_TEST(test_a_text_that_is_too_long_gives_an_empty_policy),
        POOL_TEST(test_a_hostile_text_gives_a_bounded_number_of_findings),
        POOL_TEST(test_a_valid_text_gives_a_bounded_number_of_findings),
        POOL_TEST(test_the_first_error_is_never_left_out),
        POOL_TEST(test_advice_is_given_on_a_valid_text_only),
        POOL_TEST(test_findings_name_the_policy_and_quote_what_is_wrong),
        POOL_TEST(test_reading_a_rendered_policy_gives_the_same_policy_without_a_finding),
        POOL_TEST(test_equivalent_texts_render_identically),
    };

    return RUN_POOL_TESTS(tests);
}
