/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "httpd/status/chart.h"
#include "tlsrpt/summary/summary.h"

#define DAY apr_time_from_sec(86400)
#define LAST (20000 * DAY + 12345) /* 2024-10-04 */

static void add_day(apr_array_header_t *days, int number, apr_int64_t successful,
                    apr_int64_t failed)
{
    APR_ARRAY_PUSH(days, tlsrpt_day) =
        (tlsrpt_day){.day = number * DAY, .successful = successful, .failed = failed};
}

static const char *chart_of(apr_pool_t *p, const apr_array_header_t *days, int length)
{
    mta_sts_buffer *buffer = mta_sts_buffer_make(p);
    const mts_chart chart = {days, LAST, length};

    mts_status_chart(buffer, &chart);
    return apr_pstrmemdup(p, buffer->bytes, buffer->len);
}

static int count(const char *text, const char *part)
{
    int found = 0;

    for (; (text = strstr(text, part)) != NULL; text++) {
        found++;
    }
    return found;
}

/* Every rectangle lies within its chart of 1000 by 100. */
static void check_rectangles(const char *chart)
{
    chart = strstr(chart, "<svg class=\"chart\""); /* after the pattern */
    while ((chart = strstr(chart, "<rect")) != NULL) {
        double x = atof(strstr(chart, " x=\"") + 4), y = atof(strstr(chart, " y=\"") + 4);
        double width = atof(strstr(chart, " width=\"") + 8);
        double height = atof(strstr(chart, " height=\"") + 9);

        assert_true(x >= 0 && x + width <= 1000.05 && width > 0);
        assert_true(y >= -0.05 && y + height <= 100.05 && height > 0);
        chart++;
    }
}

static int bars(const char *chart)
{
    return count(chart, "<rect class=\"secure\"") + count(chart, "<rect class=\"failed\"");
}

static void each_day_with_sessions_is_a_bar_and_a_row(void **state)
{
    apr_array_header_t *days = apr_array_make(*state, 4, sizeof(tlsrpt_day));
    const char *chart;

    add_day(days, 19970, 5, 5); /* before the range */
    add_day(days, 19971, 10, 0);
    add_day(days, 19990, 0, 3);
    add_day(days, 20000, 700, 300);
    chart = chart_of(*state, days, 30);
    check_rectangles(chart);
    assert_int_equal(bars(chart), 4);
    assert_int_equal(count(chart, "<rect class=\"failed\""), 2);
    assert_int_equal(count(chart, "<tr><th scope=\"row\">"), 3);
    assert_non_null(strstr(chart, "aria-label=\"Sessions per day: 710 secure and 303 failed in 30 "
                                  "days, at most 700 secure and 300 failed on one day\""));
    assert_non_null(strstr(chart, "<title>2024-10-04: 700 secure, 300 failed</title>"));
    assert_non_null(strstr(chart, "<span>2024-09-05</span><span>2024-09-12</span>"
                                  "<span>2024-09-19</span><span>2024-09-26</span>"
                                  "<span>2024-10-04</span>"));
}

static void secure_and_failed_sessions_have_a_scale_each_that_ends_with_a_round_number(void **state)
{
    apr_array_header_t *days = apr_array_make(*state, 1, sizeof(tlsrpt_day));
    const char *chart;

    add_day(days, 20000, 9900, 100);
    chart = chart_of(*state, days, 7);
    assert_non_null(strstr(chart, "<span>10,000</span><span>5,000</span><span>0</span>"));
    assert_non_null(strstr(chart, "<span>100</span><span>50</span><span>0</span>"));
    assert_non_null(strstr(chart, "<rect class=\"secure\" x=\"871.4\" y=\"1.0\""));
    assert_non_null(strstr(chart, "<rect class=\"failed\" fill=\"url(#stripes)\" x=\"871.4\" "
                                  "y=\"0.0\" width=\"114.3\" height=\"100.0\"/>"));
    add_day(days, 19999, 0, 1001);
    chart = chart_of(*state, days, 7);
    assert_non_null(strstr(chart, "<span>2,000</span><span>1,000</span><span>0</span>"));
}

static void one_failure_beside_a_thousand_on_another_day_is_visible(void **state)
{
    apr_array_header_t *days = apr_array_make(*state, 2, sizeof(tlsrpt_day));
    const char *chart;

    add_day(days, 19999, 0, 1000);
    add_day(days, 20000, 999999, 1);
    chart = chart_of(*state, days, 7);
    check_rectangles(chart);
    assert_non_null(strstr(chart, "y=\"97.0\" width=\"114.3\" height=\"3.0\"/>"));
}

static void the_largest_counts_do_not_overflow(void **state)
{
    apr_array_header_t *days = apr_array_make(*state, 2, sizeof(tlsrpt_day));
    const char *chart;

    add_day(days, 19999, APR_INT64_MAX, APR_INT64_MAX);
    add_day(days, 20000, APR_INT64_MAX, 1);
    chart = chart_of(*state, days, 400);
    check_rectangles(chart);
    assert_int_equal(bars(chart), 4);
    assert_int_equal(count(chart, "<span>9,223,372,036,854,775,807</span>"), 2);
}

static void no_sessions_at_all_is_an_empty_picture(void **state)
{
    apr_array_header_t *days = apr_array_make(*state, 1, sizeof(tlsrpt_day));
    const char *chart;

    add_day(days, 20000, 0, 0);
    chart = chart_of(*state, days, 7);
    assert_int_equal(bars(chart), 0);
    assert_non_null(strstr(chart, "0 secure and 0 failed"));
}

static void a_range_of_one_day_has_one_date(void **state)
{
    const char *chart = chart_of(*state, apr_array_make(*state, 1, sizeof(tlsrpt_day)), 1);

    assert_non_null(strstr(chart, "<div class=\"axis\"><span>2024-10-04</span></div>"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(each_day_with_sessions_is_a_bar_and_a_row),
        POOL_TEST(secure_and_failed_sessions_have_a_scale_each_that_ends_with_a_round_number),
        POOL_TEST(one_failure_beside_a_thousand_on_another_day_is_visible),
        POOL_TEST(the_largest_counts_do_not_overflow),
        POOL_TEST(no_sessions_at_all_is_an_empty_picture),
        POOL_TEST(a_range_of_one_day_has_one_date),
    };

    return RUN_POOL_TESTS(tests);
}
