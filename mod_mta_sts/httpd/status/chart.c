/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/format.h"
#include "httpd/status/chart.h"

#include <apr_strings.h>

#include "httpd/status/html.h"
#include "tlsrpt/summary/summary.h"

#define DAY apr_time_from_sec(86400)
#define WIDTH 1000 /* in units of the viewBox; a chart is stretched to fit its box */
#define HEIGHT 100
#define BAR_MIN 3 /* in units; so that a single session is visible even next to a million */
#define DATES 5   /* number of dates below the axis, including the last one */

typedef struct series {
    const char *class, *name;
    const char *fill; /* attribute fill of the bars, or "". A pattern cannot be set in the style
                         sheet, because the Content-Security-Policy would have to allow url() */
    apr_int64_t sum;  /* of all days shown */
    apr_int64_t most; /* the largest number on one day */
    apr_int64_t top;  /* top of the scale: a round number, at least `most` */
} series;

typedef struct picture {
    mta_sts_buffer *page;
    apr_time_t first; /* beginning of the first day shown */
    int length;       /* in days */
    series secure, failed;
} picture;

/* --- measures --- */

static int is_shown(const picture *pic, const tlsrpt_day *day)
{
    return day->day >= pic->first && day->day < pic->first + pic->length * DAY &&
           (day->successful || day->failed);
}

/* Rounds up to 1, 2 or 5 times a power of ten. */
static apr_int64_t round_up(apr_int64_t most)
{
    static const int steps[] = {1, 2, 5};
    apr_int64_t power = 1;
    int i;

    for (;; power *= 10) {
        for (i = 0; i < 3; i++) {
            if (steps[i] * power >= most) {
                return steps[i] * power;
            }
        }
        if (power > APR_INT64_MAX / 100) {
            return APR_INT64_MAX;
        }
    }
}

static void measure_day(series *one, apr_int64_t sessions)
{
    one->sum = tlsrpt_count_add(one->sum, sessions);
    one->most = sessions > one->most ? sessions : one->most;
}

static picture measure(mta_sts_buffer *page, const mts_chart *chart)
{
    picture pic = {
        .page = page,
        .length = chart->length,
        .secure = {.class = "secure", .name = "Secure", .fill = ""},
        .failed = {.class = "failed", .name = "Failed", .fill = " fill=\"url(#stripes)\""}};
    int i;

    pic.first = chart->last - chart->last % DAY - (chart->length - 1) * DAY;
    for (i = 0; i < chart->days->nelts; i++) {
        const tlsrpt_day *day = &APR_ARRAY_IDX(chart->days, i, tlsrpt_day);

        if (is_shown(&pic, day)) {
            measure_day(&pic.secure, day->successful);
            measure_day(&pic.failed, day->failed);
        }
    }
    pic.secure.top = round_up(pic.secure.most);
    pic.failed.top = round_up(pic.failed.most);
    return pic;
}

/* --- one chart --- */

static void put_bar(const picture *pic, const series *what, const tlsrpt_day *day,
                    apr_int64_t sessions)
{
    double width = (double)WIDTH / pic->length, gap = width > 8 ? width * 0.2 : width * 0.1;
    double x = (double)((day->day - pic->first) / DAY) * width + gap / 2;
    double height = HEIGHT * ((double)sessions / (double)what->top);

    if (sessions > 0) {
        height = height < BAR_MIN ? BAR_MIN : height;
        mta_sts_buffer_printf(pic->page,
                              "<rect class=\"%s\"%s x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                              "height=\"%.1f\"/>",
                              what->class, what->fill, x, HEIGHT - height, width - gap, height);
    }
}

static void put_day(const picture *pic, const series *what, const tlsrpt_day *day)
{
    apr_pool_t *p = pic->page->p;

    MTS_HTML(pic->page, "<g><title>%s: %s secure, %s failed</title>",
             mta_sts_format_date(p, day->day), mta_sts_format_number(p, day->successful),
             mta_sts_format_number(p, day->failed));
    put_bar(pic, what, day, what == &pic->failed ? day->failed : day->successful);
    MTS_HTML(pic->page, "</g>");
}

/* Adds the labels of the scale: its top, its middle if that is an integer, and 0. */
static void put_scale(const picture *pic, const series *what)
{
    apr_pool_t *p = pic->page->p;

    MTS_HTML(pic->page, "<div class=\"scale\"><span>%s</span>",
             mta_sts_format_number(p, what->top));
    if (what->top % 2 == 0) {
        MTS_HTML(pic->page, "<span>%s</span>", mta_sts_format_number(p, what->top / 2));
    }
    MTS_HTML(pic->page, "<span>0</span></div>");
}

static void put_chart(const picture *pic, const series *what, const apr_array_header_t *days)
{
    int i;

    MTS_HTML(pic->page, "<div class=\"name\"><span class=\"key %s\">%s</span></div>", what->class,
             what->name);
    put_scale(pic, what);
    MTS_HTML(pic->page,
             "<svg class=\"chart\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">"
             "<path class=\"grid\" d=\"M0 0.5H%dM0 %dH%d\"/>",
             WIDTH, HEIGHT, WIDTH, HEIGHT / 2, WIDTH);
    for (i = 0; i < days->nelts; i++) {
        if (is_shown(pic, &APR_ARRAY_IDX(days, i, tlsrpt_day))) {
            put_day(pic, what, &APR_ARRAY_IDX(days, i, tlsrpt_day));
        }
    }
    MTS_HTML(pic->page, "</svg>");
}

/* --- the figure --- */

/* Horizontal stripes keep their width when the chart is stretched. */
static void put_pattern(const picture *pic)
{
    MTS_HTML(pic->page,
             "<svg class=\"hidden\" width=\"1\" height=\"1\"><pattern id=\"stripes\" width=\"8\" "
             "height=\"8\" patternUnits=\"userSpaceOnUse\"><rect class=\"stripe-dark\" width=\"8\" "
             "height=\"8\"/><rect class=\"stripe-light\" width=\"8\" height=\"3\"/></pattern>"
             "</svg>");
}

static void put_dates(const picture *pic)
{
    int i, dates = pic->length < DATES ? pic->length : DATES;

    MTS_HTML(pic->page, "<div class=\"axis\">");
    for (i = 0; i < dates; i++) {
        int day = dates == 1 ? 0 : (pic->length - 1) * i / (dates - 1);

        MTS_HTML(pic->page, "<span>%s</span>",
                 mta_sts_format_date(pic->page->p, pic->first + day * DAY));
    }
    MTS_HTML(pic->page, "</div>");
}

static void put_table(const picture *pic, const apr_array_header_t *days)
{
    apr_pool_t *p = pic->page->p;
    int i;

    MTS_HTML(pic->page, "<details><summary>Show as table</summary><table><thead><tr>"
                        "<th scope=\"col\">Day (UTC)</th><th scope=\"col\" class=\"number\">Secure"
                        "</th><th scope=\"col\" class=\"number\">Failed</th></tr></thead><tbody>");
    for (i = days->nelts - 1; i >= 0; i--) {
        const tlsrpt_day *day = &APR_ARRAY_IDX(days, i, tlsrpt_day);

        if (is_shown(pic, day)) {
            MTS_HTML(pic->page,
                     "<tr><th scope=\"row\">%s</th><td class=\"number\">%s</td><td "
                     "class=\"number\">%s</td></tr>",
                     mta_sts_format_date(p, day->day), mta_sts_format_number(p, day->successful),
                     mta_sts_format_number(p, day->failed));
        }
    }
    MTS_HTML(pic->page, "</tbody></table></details>");
}

void mts_status_chart(mta_sts_buffer *page, const mts_chart *chart)
{
    const picture pic = measure(page, chart);
    apr_pool_t *p = page->p;

    MTS_HTML(page,
             "<figure><div class=\"charts\" role=\"img\" aria-label=\"Sessions per day: %s secure "
             "and %s failed in %d days, at most %s secure and %s failed on one day\">",
             mta_sts_format_number(p, pic.secure.sum), mta_sts_format_number(p, pic.failed.sum),
             pic.length, mta_sts_format_number(p, pic.secure.most),
             mta_sts_format_number(p, pic.failed.most));
    put_pattern(&pic);
    put_chart(&pic, &pic.secure, chart->days);
    put_chart(&pic, &pic.failed, chart->days);
    put_dates(&pic);
    MTS_HTML(page, "</div></figure>");
    put_table(&pic, chart->days);
}
