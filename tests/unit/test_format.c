/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include "core/base/format.h"
#include "table_fixture.h"

#define AT(seconds) apr_time_from_sec(APR_INT64_C(seconds))
#define DAY 86400
#define NOV_25 1795564800 /* 2026-11-25T00:00:00Z */

/* One argument and the text that it is formatted to. */
typedef struct number_case {
    apr_int64_t number;
    const char *text;
} number_case;

static void check_numbers(apr_pool_t *p, const char *(*format)(apr_pool_t *, apr_int64_t),
                          const number_case *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        assert_string_equal(format(p, cases[i].number), cases[i].text);
    }
}

static void test_numbers_have_thousands_separators(void **state)
{
    static const number_case cases[] = {
        {0, "0"},
        {999, "999"},
        {1000, "1,000"},
        {-123456, "-123,456"},
        {-1234, "-1,234"},
        {APR_INT64_MAX, "9,223,372,036,854,775,807"},
        {APR_INT64_MIN, "-9,223,372,036,854,775,808"},
    };

    check_numbers(*state, mta_sts_format_number, cases, COUNT(cases));
}

static void test_only_one_is_singular(void **state)
{
    assert_string_equal(mta_sts_format_count(*state, 0, "session", "sessions"), "0 sessions");
    assert_string_equal(mta_sts_format_count(*state, 1, "session", "sessions"), "1 session");
    assert_string_equal(mta_sts_format_count(*state, 1234, "reply", "replies"), "1,234 replies");
}

static void test_a_share_is_0_or_100_percent_only_if_it_is_exactly_that(void **state)
{
    static const struct {
        apr_int64_t part, whole;
        const char *text;
    } cases[] = {
        {0, 0, "n/a"},
        {0, 5, "0 %"},
        {5, 5, "100 %"},
        {1, 2, "50.0 %"},
        {972, 1000, "97.2 %"},
        {999, 1000, "99.90 %"},
        {999999, 1000000, "> 99.99 %"},
        {1, 200, "0.50 %"},
        {1, 1000000, "< 0.01 %"},
        {APR_INT64_MAX - 1, APR_INT64_MAX, "> 99.99 %"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        assert_string_equal(mta_sts_format_share(*state, cases[i].part, cases[i].whole),
                            cases[i].text);
    }
}

static void test_a_size_is_shown_in_its_largest_unit(void **state)
{
    static const number_case cases[] = {
        {0, "0 bytes"},    {1, "1 byte"},        {1023, "1,023 bytes"},          {1024, "1.0 KiB"},
        {1536, "1.5 KiB"}, {64 << 20, "64 MiB"}, {APR_INT64_MAX, "8388608 TiB"},
    };

    check_numbers(*state, mta_sts_format_size, cases, COUNT(cases));
}

static void test_a_duration_is_shown_in_the_largest_exact_unit(void **state)
{
    static const number_case cases[] = {
        {0, "0 seconds"},
        {1, "1 second"},
        {60, "1 minute"},
        {90, "90 seconds"},
        {3600, "1 hour"},
        {7200, "2 hours"},
        {5400, "90 minutes"},
        {129600, "36 hours"},
        {86400, "1 day"},
        {604800, "7 days"},
        {100000, "100,000 seconds"},
        {31557600, "8,766 hours"},
        {59, "59 seconds"},
        {300, "5 minutes"},
        {86401, "86,401 seconds"},
    };

    check_numbers(*state, mta_sts_format_duration, cases, COUNT(cases));
}

static void test_a_rounded_duration_is_shown_in_its_largest_unit(void **state)
{
    static const number_case cases[] = {
        {-5, "less than a minute"}, {0, "less than a minute"}, {59, "less than a minute"},
        {60, "1 minute"},           {7199, "1 hour"},          {172800, "2 days"},
        {100000, "1 day"},
    };

    check_numbers(*state, mta_sts_format_duration_rounded, cases, COUNT(cases));
}

static void test_times_are_shown_in_utc(void **state)
{
    const apr_time_t time = AT(1795633113) + 999999;

    assert_string_equal(mta_sts_format_time(*state, time), "2026-11-25 18:58 UTC");
    assert_string_equal(mta_sts_format_date(*state, time), "2026-11-25");
    assert_string_equal(mta_sts_format_timestamp(*state, time), "2026-11-25T18:58:33Z");
    assert_string_equal(mta_sts_format_date(*state, 0), "unspecified date");
}

static void test_a_date_range_ends_with_its_last_day(void **state)
{
    static const struct {
        apr_time_t begin, end;
        const char *text;
    } cases[] = {
        {AT(NOV_25), AT(NOV_25 + DAY), "2026-11-25"},
        {AT(NOV_25), AT(NOV_25 + DAY - 1), "2026-11-25"},
        {AT(NOV_25), AT(NOV_25), "2026-11-25"},
        {AT(NOV_25), AT(NOV_25 + 2 * DAY), "2026-11-25 to 2026-11-26"},
        {AT(NOV_25 + 2 * DAY), AT(NOV_25), "2026-11-25 to 2026-11-26"},
        {AT(NOV_25), 0, "2026-11-25"},
        {0, 0, "unspecified date"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        assert_string_equal(mta_sts_format_date_range(*state, cases[i].begin, cases[i].end),
                            cases[i].text);
    }
    assert_string_equal(mta_sts_format_last_date(*state, AT(NOV_25)), "2026-11-24");
    assert_string_equal(mta_sts_format_last_date(*state, 0), "unspecified date");
}

static void test_a_name_is_quoted_only_if_it_could_be_misread(void **state)
{
    static const char *const cases[][2] = {
        {"Google Inc.", "Google Inc."},
        {"B\xc3\xbc"
         "cher",
         "B\xc3\xbc"
         "cher"},
        {"", "(no name)"},
        {"a, b", "\"a, b\""},
        {"a (verified)", "\"a (verified)\""},
        {"\x1b[31m", "\"\\x1b[31m\""},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        assert_string_equal(mta_sts_format_name(*state, cases[i][0]), cases[i][1]);
    }
}

/* The quotation of such a name has the length of a name that needs none. */
static void test_a_long_name_that_was_escaped_and_cut_is_quoted_whatever_its_length(void **state)
{
    char name[500];
    size_t len;

    for (len = 1; len < sizeof(name); len++) {
        memset(name, 'a', len);
        memset(name, '\x1b', len < 80 ? len : 80);
        name[len] = '\0';
        assert_int_equal(*mta_sts_format_name(*state, name), '"');
    }
}

static void test_a_list_of_names_ends_with_the_last_name_or_the_number_of_others(void **state)
{
    static const struct {
        const char *names, *text;
        int max;
    } cases[] = {
        {"", "", 3},
        {"a", "a", 3},
        {"a\nb", "a and b", 3},
        {"a\nb\nc", "a, b and c", 3},
        {"a\nb\nc\nd", "a, b, c and d", 3},
        {"a\nb\nc\nd\ne", "a, b, c and 2 more", 3},
        {"a, b\nc", "\"a, b\" and c", 1},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        assert_string_equal(
            mta_sts_format_names(*state, lines_of(*state, cases[i].names), cases[i].max),
            cases[i].text);
    }
}

static void test_only_ascii_letters_become_lower_case(void **state)
{
    const char *lower = "mx1.example.com";

    assert_ptr_equal(mta_sts_format_lower(*state, lower), lower);
    assert_string_equal(mta_sts_format_lower(*state, "MX1.eXample.COM@[Z"), "mx1.example.com@[z");
    assert_string_equal(mta_sts_format_lower(*state, "\xc3\x9c"
                                                     "A"),
                        "\xc3\x9c"
                        "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_numbers_have_thousands_separators),
        POOL_TEST(test_only_one_is_singular),
        POOL_TEST(test_a_share_is_0_or_100_percent_only_if_it_is_exactly_that),
        POOL_TEST(test_a_size_is_shown_in_its_largest_unit),
        POOL_TEST(test_a_duration_is_shown_in_the_largest_exact_unit),
        POOL_TEST(test_a_rounded_duration_is_shown_in_its_largest_unit),
        POOL_TEST(test_times_are_shown_in_utc),
        POOL_TEST(test_a_date_range_ends_with_its_last_day),
        POOL_TEST(test_a_name_is_quoted_only_if_it_could_be_misread),
        POOL_TEST(test_a_long_name_that_was_escaped_and_cut_is_quoted_whatever_its_length),
        POOL_TEST(test_a_list_of_names_ends_with_the_last_name_or_the_number_of_others),
        POOL_TEST(test_only_ascii_letters_become_lower_case),
    };

    return RUN_POOL_TESTS(tests);
}
