/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "core/policy/policy.h"
#include "findings_fixture.h"
#include "table_fixture.h"

#define DAY (24 * 60 * 60)
#define WEEK (7 * DAY)

/* A policy with the mx patterns of a list that ends with NULL. */
static mta_sts_policy *make_policy(apr_pool_t *p, mta_sts_mode mode, apr_int64_t max_age,
                                   const char *const *mx)
{
    mta_sts_policy *policy = apr_palloc(p, sizeof(*policy));

    policy->mode = mode;
    policy->max_age = max_age;
    policy->mx = apr_array_make(p, 1, sizeof(const char *));
    for (; *mx; mx++) {
        APR_ARRAY_PUSH(policy->mx, const char *) = *mx;
    }
    return policy;
}

static const char *const one_mx[] = {"mx1.example.com", NULL};

/* Modes */

static void test_each_mode_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(mta_sts_mode_name(MTA_STS_MODE_NONE), "none");
    assert_string_equal(mta_sts_mode_name(MTA_STS_MODE_TESTING), "testing");
    assert_string_equal(mta_sts_mode_name(MTA_STS_MODE_ENFORCE), "enforce");
}

static void test_a_mode_is_found_by_its_exact_name_only(void **state)
{
    (void)state;
    assert_int_equal(mta_sts_mode_from_name("none", 4), MTA_STS_MODE_NONE);
    assert_int_equal(mta_sts_mode_from_name("testing", 7), MTA_STS_MODE_TESTING);
    assert_int_equal(mta_sts_mode_from_name("enforce", 7), MTA_STS_MODE_ENFORCE);
    assert_int_equal(mta_sts_mode_from_name("enforced", 7), MTA_STS_MODE_ENFORCE);
    assert_int_equal(mta_sts_mode_from_name("enforced", 8), MTA_STS_MODE_UNSET);
    assert_int_equal(mta_sts_mode_from_name("enforce", 6), MTA_STS_MODE_UNSET);
    assert_int_equal(mta_sts_mode_from_name("none\0", 5), MTA_STS_MODE_UNSET);
    assert_int_equal(mta_sts_mode_from_name("", 0), MTA_STS_MODE_UNSET);
    assert_int_equal(mta_sts_mode_from_name("None", 4), MTA_STS_MODE_UNSET);
}

static void test_the_three_modes_are_parsed(void **state)
{
    static const struct {
        const char *text;
        mta_sts_mode mode;
    } cases[] = {
        {"none", MTA_STS_MODE_NONE},
        {"testing", MTA_STS_MODE_TESTING},
        {"enforce", MTA_STS_MODE_ENFORCE},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mta_sts_mode mode = MTA_STS_MODE_UNSET;

        assert_null(mta_sts_mode_parse(*state, cases[i].text, &mode));
        assert_int_equal(mode, cases[i].mode);
    }
}

/* The error quotes the text and lists the modes that are allowed. */
static void test_any_other_mode_is_rejected_with_the_allowed_ones(void **state)
{
    static const char *const refused[] = {
        "",          " ",    "Enforce", "ENFORCE", "enforced", "enforc", "enforce ", " enforce",
        "enforce\n", "test", "report",  "off",     "on",       "0",      "unset",    "none,testing",
        "m\u00f6de", "\xff", "\x1b[1m",
    };
    size_t i;

    for (i = 0; i < COUNT(refused); i++) {
        mta_sts_mode mode;
        const char *error = mta_sts_mode_parse(*state, refused[i], &mode);
        const char *quoted = mta_sts_text_quote(*state, refused[i], strlen(refused[i]));

        if (!error || !strstr(error, quoted) || !strstr(error, "none, testing and enforce") ||
            !is_printable(error)) {
            fail_msg("%s: %s", quoted, error ? error : "is accepted");
        }
    }
}

/* max_age */

static void test_a_max_age_is_seconds_or_hours_days_or_weeks(void **state)
{
    static const struct {
        const char *text;
        apr_int64_t seconds;
    } cases[] = {
        {"1", 1},
        {"86400", DAY},
        {"604800", WEEK},
        {"31557600", 31557600},
        {"0086400", DAY},
        {"000000000000000000000000000086400", DAY},
        {"1h", 3600},
        {"12h", 12 * 3600},
        {"8766h", 31557600},
        {"1d", DAY},
        {"30d", 30 * DAY},
        {"365d", 365 * DAY},
        {"1w", WEEK},
        {"52w", 52 * WEEK},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        apr_int64_t seconds = -1;
        const char *error = mta_sts_max_age_parse(*state, cases[i].text, &seconds);

        if (error || seconds != cases[i].seconds) {
            fail_msg("\"%s\" is %d: %s", cases[i].text, (int)seconds, error ? error : "");
        }
    }
}

/* The error contains the reason and what is allowed. */
static void check_max_age_refused(apr_pool_t *p, const char *const *texts, size_t count,
                                  const char *reason)
{
    size_t i;

    for (i = 0; i < count; i++) {
        apr_int64_t seconds = -1;
        const char *error = mta_sts_max_age_parse(p, texts[i], &seconds);

        if (!error || !strstr(error, reason) || !strstr(error, "1 to 31557600 seconds") ||
            !is_printable(error)) {
            fail_msg("\"%s\" is %d: %s", texts[i], (int)seconds, error ? error : "accepted");
        }
        assert_int_equal(seconds, -1);
    }
}

static const char *const not_a_time_span[] = {
    "",        " ",     "-1",     "+1",   "-86400", "86400x", "x86400", "86400 ", " 86400",
    "86400\n", "1 d",   "1d ",    "1D",   "1H",     "1W",     "1m",     "1s",     "1y",
    "1sec",    "d",     "h",      "w",    "1dd",    "1h30",   "1w2d",   "1.5d",   "1e5",
    "0x10",    "1,000", "86_400", "week", "one",    "\u0663", "1\xff",  "1\x01",  "%d",
};
static const char *const zero[] = {"0", "00", "0h", "0d", "0w"};
static const char *const over_a_year[] = {
    "31557601",
    "99999999",
    "8767h",
    "366d",
    "53w",
    "2147483648",
    "4294967296",
    "4294967297",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "18446744073709551617",
    "9223372036854775808w",
    "18446744073709551617w",
    "99999999999999999999999999999999999999999999999999999999999999999999",
};

static void test_a_max_age_that_is_not_a_time_span_is_refused(void **state)
{
    check_max_age_refused(*state, not_a_time_span, COUNT(not_a_time_span), " is not a duration");
}

static void test_a_max_age_out_of_range_is_refused(void **state)
{
    check_max_age_refused(*state, zero, COUNT(zero), " is zero");
    check_max_age_refused(*state, over_a_year, COUNT(over_a_year), " is more than a year");
}

/* Issue 2: "Everything malformed is refused at configtest with file, line, the offending text and
 * what is allowed". */
static void test_a_refused_max_age_is_quoted(void **state)
{
    static const char *const texts[] = {
        "86400x", "-1", "", "0", "31557601", "53w", "9223372036854775808"};
    size_t i;

    for (i = 0; i < COUNT(texts); i++) {
        apr_int64_t seconds;
        const char *error = mta_sts_max_age_parse(*state, texts[i], &seconds);

        assert_non_null(error);
        if (!strstr(error, apr_pstrcat(*state, "\"", texts[i], "\"", NULL))) {
            fail_msg("\"%s\" is not in: %s", texts[i], error);
        }
    }
}

/* The policy text */

static void test_a_policy_is_rendered_to_these_bytes(void **state)
{
    static const char *const two_mx[] = {"mx1.example.com", "*.example.net", NULL};
    static const struct {
        mta_sts_mode mode;
        apr_int64_t max_age;
        const char *const *mx;
        const char *text;
    } cases[] = {
        {MTA_STS_MODE_TESTING, 604800, one_mx,
         "version: STSv1\r\nmode: testing\r\nmx: mx1.example.com\r\nmax_age: 604800\r\n"},
        {MTA_STS_MODE_ENFORCE, 31557600, two_mx,
         "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\r\nmx: *.example.net\r\n"
         "max_age: 31557600\r\n"},
        {MTA_STS_MODE_NONE, 1, one_mx,
         "version: STSv1\r\nmode: none\r\nmx: mx1.example.com\r\nmax_age: 1\r\n"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        apr_size_t len = 0;
        const mta_sts_policy *policy =
            make_policy(*state, cases[i].mode, cases[i].max_age, cases[i].mx);
        const char *text = mta_sts_policy_render(*state, policy, &len);

        assert_string_equal(text, cases[i].text);
        assert_int_equal(len, strlen(cases[i].text));
    }
}

static void test_a_policy_of_a_thousand_patterns_is_rendered_whole(void **state)
{
    mta_sts_policy *policy = make_policy(*state, MTA_STS_MODE_ENFORCE, 604800, one_mx);
    const char *text, *line;
    apr_size_t len;
    int i;

    for (i = 2; i <= 1000; i++) {
        APR_ARRAY_PUSH(policy->mx, const char *) = apr_psprintf(*state, "mx%d.example.com", i);
    }
    text = mta_sts_policy_render(*state, policy, &len);
    assert_int_equal(len, strlen(text));
    line = text;
    for (i = 1; i <= 1000; i++) {
        line = strstr(line, apr_psprintf(*state, "\r\nmx: mx%d.example.com\r\n", i));
        assert_non_null(line);
    }
    assert_string_equal(strstr(line + 2, "\r\nmax_age"), "\r\nmax_age: 604800\r\n");
}

/* The policy id: computed by `printf TEXT | sha256sum | cut -c1-20`. */

static void test_the_policy_id_is_the_beginning_of_sha256(void **state)
{
    static const struct {
        const char *text;
        apr_size_t len;
        const char *id;
    } cases[] = {
        {BYTES("version: STSv1\r\nmode: testing\r\nmx: mx1.example.com\r\nmax_age: 604800\r\n"),
         "31a77c838c175b1b2452"},
        {BYTES("version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\r\nmx: *.example.net\r\n"
               "max_age: 31557600\r\n"),
         "3db993aeef548eba9c57"},
        {BYTES("version: STSv1\r\nmode: none\r\nmx: mx1.example.com\r\nmax_age: 86400\r\n"),
         "d216122dec32a239e23c"},
        {BYTES("version: STSv1\nmode: enforce\nmx: mx1.example.com\nmax_age: 604800\n"),
         "35dd6b2383572833a108"},
        {BYTES(""), "e3b0c44298fc1c149afb"},
        {BYTES("abc"), "ba7816bf8f01cfea4141"},
        {BYTES("a\0b"), "59b271ae1bbcb1d31d41"},
        {BYTES("x2687"), "0008cec2e2fe5997cd65"}, /* leading zeros stay */
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        char *copy = exact_copy(cases[i].text, cases[i].len);

        assert_string_equal(mta_sts_policy_id(*state, copy, cases[i].len), cases[i].id);
        free(copy);
    }
}

static void test_the_policy_id_of_a_large_text_counts_all_of_it(void **state)
{
    char *zeros = apr_pcalloc(*state, 65536);

    assert_string_equal(mta_sts_policy_id(*state, zeros, 65536), "de2f256064a0af797747");
    zeros[65535] = 1;
    assert_string_not_equal(mta_sts_policy_id(*state, zeros, 65536), "de2f256064a0af797747");
}

static void test_the_policy_id_changes_exactly_when_the_policy_does(void **state)
{
    static const char *const other_mx[] = {"mx2.example.com", NULL};
    static const char *const two_mx[] = {"mx1.example.com", "mx2.example.com", NULL};
    static const char *const two_mx_turned[] = {"mx2.example.com", "mx1.example.com", NULL};
    const mta_sts_policy *policies[] = {
        make_policy(*state, MTA_STS_MODE_TESTING, 604800, one_mx),
        make_policy(*state, MTA_STS_MODE_ENFORCE, 604800, one_mx),
        make_policy(*state, MTA_STS_MODE_TESTING, 604801, one_mx),
        make_policy(*state, MTA_STS_MODE_TESTING, 604800, other_mx),
        make_policy(*state, MTA_STS_MODE_TESTING, 604800, two_mx),
        make_policy(*state, MTA_STS_MODE_TESTING, 604800, two_mx_turned),
    };
    const char *ids[COUNT(policies)];
    size_t i, j;

    for (i = 0; i < COUNT(policies); i++) {
        apr_size_t len;
        const char *text = mta_sts_policy_render(*state, policies[i], &len);

        ids[i] = mta_sts_policy_id(*state, text, len);
        assert_int_equal(strspn(ids[i], "0123456789abcdef"), 20);
        assert_int_equal(strlen(ids[i]), 20);
        text = mta_sts_policy_render(*state, policies[i], &len);
        assert_string_equal(mta_sts_policy_id(*state, text, len), ids[i]);
        for (j = 0; j < i; j++) {
            assert_string_not_equal(ids[i], ids[j]);
        }
    }
}

/* Hosts that a policy covers */

static void test_a_policy_covers_a_host_that_one_of_its_patterns_matches(void **state)
{
    static const char *const mx[] = {"mx1.example.com", "*.example.net", "mx3.example.com", NULL};
    const mta_sts_policy *policy = make_policy(*state, MTA_STS_MODE_ENFORCE, 604800, mx);

    assert_true(mta_sts_policy_covers(policy, "mx1.example.com"));
    assert_true(mta_sts_policy_covers(policy, "MX3.example.com."));
    assert_true(mta_sts_policy_covers(policy, "any.example.net"));
    assert_false(mta_sts_policy_covers(policy, "mx2.example.com"));
    assert_false(mta_sts_policy_covers(policy, "example.net"));
    assert_false(mta_sts_policy_covers(policy, "a.b.example.net"));
    assert_false(mta_sts_policy_covers(policy, ""));
}

static void test_a_policy_without_patterns_covers_no_host(void **state)
{
    static const char *const no_mx[] = {NULL};
    const mta_sts_policy *policy = make_policy(*state, MTA_STS_MODE_NONE, 86400, no_mx);

    assert_false(mta_sts_policy_covers(policy, "mx1.example.com"));
    assert_false(mta_sts_policy_covers(policy, ""));
}

/* Advice */

static void test_policies_that_may_not_work_as_intended_get_advice(void **state)
{
    static const char *const single_label[] = {"localhost", NULL};
    static const char *const star_tld[] = {"*.com", NULL};
    static const char *const mixed[] = {"mx1.example.com", "mail", "*.example.com", "*.lan", NULL};
    static const struct {
        mta_sts_mode mode;
        apr_int64_t max_age;
        const char *const *mx;
        const char *findings;
    } cases[] = {
        {MTA_STS_MODE_ENFORCE, WEEK, one_mx, ""},
        {MTA_STS_MODE_ENFORCE, MTA_STS_MAX_AGE_MAX, one_mx, ""},
        {MTA_STS_MODE_ENFORCE, DAY, one_mx, ""},
        {MTA_STS_MODE_ENFORCE, DAY - 1, one_mx, "warning max-age-short@0"},
        {MTA_STS_MODE_ENFORCE, 1, one_mx, "warning max-age-short@0"},
        {MTA_STS_MODE_TESTING, 1, one_mx, ""},
        {MTA_STS_MODE_TESTING, MTA_STS_MAX_AGE_MAX, one_mx, ""},
        {MTA_STS_MODE_NONE, 1, one_mx, ""},
        {MTA_STS_MODE_NONE, WEEK, one_mx, ""},
        {MTA_STS_MODE_NONE, WEEK + 1, one_mx, "warning max-age-long@0"},
        {MTA_STS_MODE_NONE, MTA_STS_MAX_AGE_MAX, one_mx, "warning max-age-long@0"},
        {MTA_STS_MODE_TESTING, WEEK, single_label, "warning mx-single-label@0"},
        {MTA_STS_MODE_TESTING, WEEK, star_tld, "warning mx-single-label@0"},
        {MTA_STS_MODE_TESTING, WEEK, mixed, "warning mx-single-label@0"}, /* one example */
        {MTA_STS_MODE_ENFORCE, 1, single_label,
         "warning max-age-short@0, warning mx-single-label@0"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mta_sts_findings *findings = mta_sts_findings_make(*state);
        const mta_sts_policy *policy =
            make_policy(*state, cases[i].mode, cases[i].max_age, cases[i].mx);

        mta_sts_policy_check(policy, "example.com", findings);
        assert_string_equal(findings_summary(*state, findings), cases[i].findings);
        assert_findings_are_printable(findings);
    }
}

static void test_advice_names_its_subject_and_the_pattern(void **state)
{
    static const char *const mx[] = {"mailhost", NULL};
    mta_sts_findings *findings = mta_sts_findings_make(*state);

    mta_sts_policy_check(make_policy(*state, MTA_STS_MODE_ENFORCE, 60, mx), "example.com",
                         findings);
    assert_int_equal(findings->list->nelts, 2);
    assert_string_equal(mta_sts_findings_at(findings, 0)->subject, "example.com");
    assert_non_null(strstr(mta_sts_findings_at(findings, 0)->message, " 60 seconds"));
    assert_non_null(mta_sts_findings_at(findings, 0)->fix);
    assert_non_null(strstr(mta_sts_findings_at(findings, 1)->message, "\"mailhost\""));
    assert_non_null(mta_sts_findings_at(findings, 1)->fix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_each_mode_has_a_name),
        POOL_TEST(test_a_mode_is_found_by_its_exact_name_only),
        POOL_TEST(test_the_three_modes_are_parsed),
        POOL_TEST(test_any_other_mode_is_rejected_with_the_allowed_ones),
        POOL_TEST(test_a_max_age_is_seconds_or_hours_days_or_weeks),
        POOL_TEST(test_a_max_age_that_is_not_a_time_span_is_refused),
        POOL_TEST(test_a_max_age_out_of_range_is_refused),
        POOL_TEST(test_a_refused_max_age_is_quoted),
        POOL_TEST(test_a_policy_is_rendered_to_these_bytes),
        POOL_TEST(test_a_policy_of_a_thousand_patterns_is_rendered_whole),
        POOL_TEST(test_the_policy_id_is_the_beginning_of_sha256),
        POOL_TEST(test_the_policy_id_of_a_large_text_counts_all_of_it),
        POOL_TEST(test_the_policy_id_changes_exactly_when_the_policy_does),
        POOL_TEST(test_a_policy_covers_a_host_that_one_of_its_patterns_matches),
        POOL_TEST(test_a_policy_without_patterns_covers_no_host),
        POOL_TEST(test_policies_that_may_not_work_as_intended_get_advice),
        POOL_TEST(test_advice_names_its_subject_and_the_pattern),
    };

    return RUN_POOL_TESTS(tests);
}
