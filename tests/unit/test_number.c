/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include "core/base/number.h"
#include "findings_fixture.h"
#include "table_fixture.h"

#define MOST APR_INT64_C(0x7fffffffffffffff)

typedef const char *parser(apr_pool_t *p, const char *text, apr_int64_t min, apr_int64_t max,
                           apr_int64_t *value);

typedef struct good {
    const char *text;
    apr_int64_t min, max, value;
} good;

typedef struct bad {
    const char *text;
    apr_int64_t min, max;
} bad;

static void check_good(apr_pool_t *p, parser *parse, const good *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        apr_int64_t value = -1;
        const char *error = parse(p, cases[i].text, cases[i].min, cases[i].max, &value);

        if (error || value != cases[i].value) {
            fail_msg("%s: %s", cases[i].text, error ? error : "read as another number");
        }
    }
}

/* An error names the text, and changes nothing. */
static void check_bad(apr_pool_t *p, parser *parse, const bad *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        apr_int64_t value = -1;
        const char *error = parse(p, cases[i].text, cases[i].min, cases[i].max, &value);
        const char *quoted = mta_sts_text_quote(p, cases[i].text, strlen(cases[i].text));

        if (!error || !strstr(error, quoted) || !is_printable(error) || value != -1) {
            fail_msg("%s: %s", quoted, error ? error : "is accepted");
        }
    }
}

static void test_a_number_is_digits_within_the_range(void **state)
{
    static const good cases[] = {
        {"0", 0, 9, 0},
        {"9", 0, 9, 9},
        {"1", 1, 9, 1},
        {"007", 1, 9, 7},
        {"000000000000000000000000000000000001", 1, 1, 1},
        {"9223372036854775807", 0, MOST, MOST},
    };

    check_good(*state, mta_sts_number_parse, cases, COUNT(cases));
}

static void test_any_other_number_is_refused(void **state)
{
    static const bad cases[] = {
        {"", 0, 9},
        {"10", 0, 9},
        {"0", 1, 9},
        {"-1", 0, 9},
        {"+1", 0, 9},
        {" 1", 0, 9},
        {"1 ", 0, 9},
        {"1K", 0, MOST},
        {"1.0", 0, 9},
        {"1e0", 0, 9},
        {"0x1", 0, 9},
        {"one", 0, 9},
        {"\x1b[1m", 0, 9},
        {"9223372036854775808", 0, MOST},
        {"18446744073709551616", 0, MOST},
        {"18446744073709551617", 0, 9},
        {"99999999999999999999999999999999", 0, MOST},
        {"99999999999999999999999999999999", 0, 5},
    };

    check_bad(*state, mta_sts_number_parse, cases, COUNT(cases));
}

static void test_a_size_may_have_a_unit(void **state)
{
    static const good cases[] = {
        {"0", 0, 9, 0},
        {"1048576", 1, MOST, 1048576},
        {"1K", 1024, 1024, 1024},
        {"64M", 1, MOST, 64 << 20},
        {"1G", 1, 1 << 30, 1 << 30},
        {"2T", 1, MOST, APR_INT64_C(2) << 40},
        {"8388607T", 1, MOST, APR_INT64_C(8388607) << 40},
    };

    check_good(*state, mta_sts_size_parse, cases, COUNT(cases));
}

static void test_any_other_size_is_refused(void **state)
{
    static const bad cases[] = {
        {"", 0, MOST},    {"K", 0, MOST},         {"1k", 0, MOST},   {"1m", 0, MOST},
        {"1KB", 0, MOST}, {"1KiB", 0, MOST},      {"1P", 0, MOST},   {"1 K", 0, MOST},
        {"-1K", 0, MOST}, {"1.5G", 0, MOST},      {"0K", 1, MOST},   {"1023", 1024, MOST},
        {"2K", 0, 2047},  {"8388608T", 0, MOST},  {"1e3", 0, MOST},  {"G1", 0, MOST},
        {"1G1", 0, MOST}, {"16777216T", 0, MOST}, {"\x1b", 0, MOST}, {"1MM", 0, MOST},
        {"off", 0, MOST}, {"unlimited", 0, MOST},
    };

    check_bad(*state, mta_sts_size_parse, cases, COUNT(cases));
}

static void test_the_error_for_a_size_shows_the_range_in_units(void **state)
{
    apr_int64_t bytes;
    const char *error = mta_sts_size_parse(*state, "1", 1024, 64 << 20, &bytes);

    assert_non_null(strstr(error, "1K to 64M bytes"));
}

static void test_a_size_is_rendered_in_the_largest_exact_unit(void **state)
{
    assert_string_equal(mta_sts_size_render(*state, 0), "0");
    assert_string_equal(mta_sts_size_render(*state, 1023), "1023");
    assert_string_equal(mta_sts_size_render(*state, 1024), "1K");
    assert_string_equal(mta_sts_size_render(*state, 1536), "1536");
    assert_string_equal(mta_sts_size_render(*state, 10 << 20), "10M");
    assert_string_equal(mta_sts_size_render(*state, APR_INT64_C(3) << 30), "3G");
    assert_string_equal(mta_sts_size_render(*state, APR_INT64_C(4096) << 40), "4096T");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_number_is_digits_within_the_range),
        POOL_TEST(test_any_other_number_is_refused),
        POOL_TEST(test_a_size_may_have_a_unit),
        POOL_TEST(test_any_other_size_is_refused),
        POOL_TEST(test_the_error_for_a_size_shows_the_range_in_units),
        POOL_TEST(test_a_size_is_rendered_in_the_largest_exact_unit),
    };

    return RUN_POOL_TESTS(tests);
}
