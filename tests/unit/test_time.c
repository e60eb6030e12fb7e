/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "table_fixture.h"
#include "core/base/time.h"

/* A text, how it deviates, and its seconds since 1970. */
typedef struct time_case {
    const char *text;
    mta_sts_time_form form;
    apr_int64_t seconds;
} time_case;

static void check_cases(const time_case *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        apr_time_t time = -1;
        mta_sts_time_form form = mta_sts_time_parse(cases[i].text, &time);
        apr_time_t expected =
            cases[i].form == MTA_STS_TIME_INVALID ? -1 : apr_time_from_sec(cases[i].seconds);

        if (form != cases[i].form || time != expected) {
            fail_msg("\"%s\": form %d, %" APR_TIME_T_FMT, cases[i].text, form, time);
        }
    }
}

static void test_rfc3339_is_read(void **state)
{
    static const time_case cases[] = {
        {"2016-04-01T00:00:00Z", MTA_STS_TIME_VALID, 1459468800},
        {"2016-04-01T23:59:59Z", MTA_STS_TIME_VALID, 1459555199},
        {"2026-05-11t00:00:00z", MTA_STS_TIME_VALID, 1778457600},
        {"2026-05-11T02:00:00+02:00", MTA_STS_TIME_VALID, 1778457600},
        {"2026-05-10T19:00:00-05:00", MTA_STS_TIME_VALID, 1778457600},
        {"2026-05-11T05:45:00+05:45", MTA_STS_TIME_VALID, 1778457600},
        {"2026-05-11T00:00:00-00:00", MTA_STS_TIME_VALID, 1778457600},
        {"1970-01-01T00:00:01Z", MTA_STS_TIME_VALID, 1},
        {"2038-01-19T03:14:08Z", MTA_STS_TIME_VALID, 2147483648},
        {"9999-12-31T23:59:59Z", MTA_STS_TIME_VALID, 253402300799},
        {"2016-12-31T23:59:60Z", MTA_STS_TIME_VALID, 1483228800}, /* a leap second */
    };

    (void)state;
    check_cases(cases, COUNT(cases));
}

static void test_a_fraction_is_read_to_the_microsecond(void **state)
{
    static const struct {
        const char *text;
        apr_time_t time;
    } cases[] = {
        {"1970-01-02T00:00:00.5Z", 86400500000},
        {"1970-01-02T00:00:00.000001Z", 86400000001},
        {"1970-01-02T00:00:00.9999999999999999999999Z", 86400999999},
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(cases); i++) {
        apr_time_t time;

        assert_int_equal(mta_sts_time_parse(cases[i].text, &time), MTA_STS_TIME_VALID);
        assert_int_equal(time, cases[i].time);
    }
}

static void test_days_follow_the_calendar(void **state)
{
    static const time_case cases[] = {
        {"2024-02-29T00:00:00Z", MTA_STS_TIME_VALID, 1709164800},
        {"2000-02-29T00:00:00Z", MTA_STS_TIME_VALID, 951782400},
        {"2024-03-01T00:00:00Z", MTA_STS_TIME_VALID, 1709251200},
        {"2023-02-29T00:00:00Z", MTA_STS_TIME_INVALID, 0},
        {"2100-02-29T00:00:00Z", MTA_STS_TIME_INVALID, 0},
        {"2024-02-30T00:00:00Z", MTA_STS_TIME_INVALID, 0},
        {"2024-04-31T00:00:00Z", MTA_STS_TIME_INVALID, 0},
        {"2024-12-31T00:00:00Z", MTA_STS_TIME_VALID, 1735603200},
        {"2024-12-32T00:00:00Z", MTA_STS_TIME_INVALID, 0},
        {"2024-00-01T00:00:00Z", MTA_STS_TIME_INVALID, 0},
        {"2024-13-01T00:00:00Z", MTA_STS_TIME_INVALID, 0},
        {"2024-01-00T00:00:00Z", MTA_STS_TIME_INVALID, 0},
    };

    (void)state;
    check_cases(cases, COUNT(cases));
}

/* The C library's calendar as the oracle, for a day in every month of a cycle of leap years. */
static void test_every_month_of_400_years_agrees_with_gmtime(void **state)
{
    int year, month;

    (void)state;
    for (year = 1970; year < 2370; year++) {
        for (month = 1; month <= 12; month++) {
            char text[64];
            apr_time_t read;
            time_t seconds;
            struct tm tm;

            snprintf(text, sizeof(text), "%04d-%02d-%02dT12:34:56Z", year, month, 1 + month * 2);
            assert_int_equal(mta_sts_time_parse(text, &read), MTA_STS_TIME_VALID);
            seconds = (time_t)apr_time_sec(read);
            assert_non_null(gmtime_r(&seconds, &tm));
            assert_int_equal(tm.tm_year + 1900, year);
            assert_int_equal(tm.tm_mon + 1, month);
            assert_int_equal(tm.tm_mday, 1 + month * 2);
            assert_int_equal(tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec, 45296);
        }
    }
}

static void test_other_formats_that_senders_use_are_read_and_marked(void **state)
{
    static const time_case cases[] = {
        {"2024-03-12T00:00:00", MTA_STS_TIME_NO_ZONE, 1710201600}, /* Microsoft */
        {"2024-03-12T00:00:00.0000000", MTA_STS_TIME_NO_ZONE, 1710201600},
        {"2024-03-12 00:00:00Z", MTA_STS_TIME_LENIENT, 1710201600},
        {"2024-03-12 00:00:00", MTA_STS_TIME_LENIENT, 1710201600},
        {"2024-03-12T00:00Z", MTA_STS_TIME_LENIENT, 1710201600},
        {"2024-03-12T00:00", MTA_STS_TIME_LENIENT, 1710201600},
        {"2024-03-12T02:00:00+0200", MTA_STS_TIME_LENIENT, 1710201600},
        {"2024-03-12", MTA_STS_TIME_LENIENT, 1710201600},
    };

    (void)state;
    check_cases(cases, COUNT(cases));
}

static void test_the_time_zone_of_the_machine_does_not_matter(void **state)
{
    static const time_case cases[] = {{"2024-03-12T00:00:00", MTA_STS_TIME_NO_ZONE, 1710201600}};

    (void)state;
    setenv("TZ", "America/New_York", 1);
    tzset();
    check_cases(cases, COUNT(cases));
    unsetenv("TZ");
    tzset();
}

static void test_anything_else_is_not_a_time(void **state)
{
    static const char *const texts[] = {
        "",
        "2024",
        "2024-03",
        "2024-3-12T00:00:00Z",
        "24-03-12T00:00:00Z",
        "02024-03-12T00:00:00Z",
        "2024-03-12T",
        "2024-03-12T0:00:00Z",
        "2024-03-12T24:00:00Z",
        "2024-03-12T00:60:00Z",
        "2024-03-12T00:00:61Z",
        "2024-03-12T00:00:00.Z",
        "2024-03-12T00:00:00,5Z",
        "2024-03-12T00:00:00+",
        "2024-03-12T00:00:00+2",
        "2024-03-12T00:00:00+02",
        "2024-03-12T00:00:00+24:00",
        "2024-03-12T00:00:00+02:60",
        "2024-03-12T00:00:00 +02:00",
        "2024-03-12T00:00:00UTC",
        "2024-03-12T00:00:00Z ",
        " 2024-03-12T00:00:00Z",
        "2024-03-12T00:00:00ZZ",
        "2024/03/12T00:00:00Z",
        "20240312T000000Z",
        "1710201600",
        "-024-03-12T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+01:00", /* in 1969 */
        "0000-00-00T00:00:00Z",
        "99999-03-12T00:00:00Z",
        "Tue, 12 Mar 2024 00:00:00 GMT",
        "\xd9\xa2\xd9\xa0\xd9\xa2\xd9\xa4-03-12T00:00:00Z", /* digits, but not ASCII */
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(texts); i++) {
        time_case row = {texts[i], MTA_STS_TIME_INVALID, 0};

        check_cases(&row, 1);
    }
}

static void test_a_range_is_put_in_order_if_both_ends_are_specified(void **state)
{
    static const struct {
        apr_time_t begin, end, first, last;
    } cases[] = {{3, 5, 3, 5}, {5, 3, 3, 5}, {4, 4, 4, 4},
                 {0, 3, 0, 3}, {3, 0, 3, 0}, {0, 0, 0, 0}};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(cases); i++) {
        apr_time_t begin = cases[i].begin, end = cases[i].end;

        mta_sts_time_order(&begin, &end);
        assert_true(begin == cases[i].first && end == cases[i].last);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc3339_is_read),
        cmocka_unit_test(test_a_fraction_is_read_to_the_microsecond),
        cmocka_unit_test(test_days_follow_the_calendar),
        cmocka_unit_test(test_every_month_of_400_years_agrees_with_gmtime),
        cmocka_unit_test(test_other_formats_that_senders_use_are_read_and_marked),
        cmocka_unit_test(test_the_time_zone_of_the_machine_does_not_matter),
        cmocka_unit_test(test_anything_else_is_not_a_time),
        cmocka_unit_test(test_a_range_is_put_in_order_if_both_ends_are_specified),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
