/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status/chart.h"

#include <apr_strings.h>

#include "httpd/status/html.h"
#include "tlsrpt/summary/summary.h"

#define DAY apr_time_from_sec(86400)
#define WIDTH 1000 /* units of the picture, which is stretched to its place */
#define HEIGHT 200
#define SEEN_MIN 3 /* units: a failure among a million sessions is still to be seen */

typedef struct picture {
    mta_sts_buffer *page;
    apr_time_t first;               /* beginning of the first day shown */
    int length;                     /* days */
    apr_int64_t most;               /* sessions of the day that has most; at least 1 */
    apr_int64_t successful, failed; /* of all days shown */
} picture;

static int is_shown(const picture *of, const tlsrpt_day *day)
{
    return day->day >= of->first && day->day < of->first + of->length * DAY &&
           (day->successful || day->failed);
}

static apr_int64_t add(apr_int64_t a, apr_int64_t b)
{
    return a > APR_INT64_MAX - b ? APR_INT64_MAX : a + b;
}

static picture measure(mta_sts_buffer *page, const mts_chart *chart)
{
    picture of = {.page = page, .length = chart->length, .most = 1};
    int i;

    of.first = chart->last - chart->last % DAY - (chart->length - 1) * DAY;
    for (i = 0; i < chart->days->nelts; i++) {
        const tlsrpt_day *day = &APR_ARRAY_IDX(chart->days, i, tlsrpt_day);
        apr_int64_t sessions = add(day->successful, day->failed);

        if (is_shown(&of, day)) {
            of.most = sessions > of.most ? sessions : of.most;
            of.successful = add(of.successful, day->successful);
            of.failed = add(of.failed, day->failed);
        }
    }
    return of;
}

static double height_of(const picture *of, apr_int64_t sessions)
{
    double height = HEIGHT * ((double)sessions / (double)of->most);

    return sessions > 0 && height < SEEN_MIN ? SEEN_MIN : height;
}

static void put_bar(const picture *of, const char *class, double x, double bottom, double height)
{
    double width = (double)WIDTH / of->length;
    double gap = width > 8 ? width * 0.2 : width * 0.1;

    if (height > 0) {
        mta_sts_buffer_printf(of->page,
                              "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
                              "height=\"%.1f\"/>",
                              class, x + gap / 2, bottom - height, width - gap, height);
    }
}

static void put_day(const picture *of, const tlsrpt_day *day)
{
    apr_pool_t *p = of->page->p;
    double x = (double)((day->day - of->first) / DAY) * WIDTH / of->length;
    double failed = height_of(of, day->failed), secure = height_of(of, day->successful);
    double room = HEIGHT - (secure > 0 ? SEEN_MIN : 0);

    failed = failed > room ? room : failed;
    secure = secure + failed > HEIGHT ? HEIGHT - failed : secure;
    MTS_HTML(of->page, "<g><title>%s: %s secure, %s failed</title>", mts_html_day(p, day->day),
             mts_html_count(p, day->successful), mts_html_count(p, day->failed));
    put_bar(of, "failed", x, HEIGHT, failed);
    put_bar(of, "secure", x, HEIGHT - failed, secure);
    MTS_HTML(of->page, "</g>");
}

static void put_picture(const picture *of, const apr_array_header_t *days)
{
    apr_pool_t *p = of->page->p;
    int i;

    MTS_HTML(of->page,
             "<svg class=\"chart\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
             "aria-label=\"Sessions per day: %s secure and %s failed in %d days, at most %s on one "
             "day\">",
             WIDTH, HEIGHT, mts_html_count(p, of->successful), mts_html_count(p, of->failed),
             of->length, mts_html_count(p, of->most));
    MTS_HTML(of->page, "<path class=\"grid\" d=\"M0 0.5H%dM0 %dH%d\"/>", WIDTH, HEIGHT / 2, WIDTH);
    for (i = 0; i < days->nelts; i++) {
        if (is_shown(of, &APR_ARRAY_IDX(days, i, tlsrpt_day))) {
            put_day(of, &APR_ARRAY_IDX(days, i, tlsrpt_day));
        }
    }
    MTS_HTML(of->page, "</svg>");
}

static void put_table(const picture *of, const apr_array_header_t *days)
{
    apr_pool_t *p = of->page->p;
    int i;

    MTS_HTML(of->page, "<details><summary>The same as a table</summary><table><thead><tr>"
                       "<th scope=\"col\">Day (UTC)</th><th scope=\"col\" class=\"number\">Secure"
                       "</th><th scope=\"col\" class=\"number\">Failed</th></tr></thead><tbody>");
    for (i = days->nelts - 1; i >= 0; i--) {
        const tlsrpt_day *day = &APR_ARRAY_IDX(days, i, tlsrpt_day);

        if (is_shown(of, day)) {
            MTS_HTML(of->page,
                     "<tr><th scope=\"row\">%s</th><td class=\"number\">%s</td><td "
                     "class=\"number\">%s</td></tr>",
                     mts_html_day(p, day->day), mts_html_count(p, day->successful),
                     mts_html_count(p, day->failed));
        }
    }
    MTS_HTML(of->page, "</tbody></table></details>");
}

void mts_status_chart(mta_sts_buffer *page, const mts_chart *chart)
{
    picture of = measure(page, chart);
    apr_pool_t *p = page->p;

    MTS_HTML(page,
             "<figure><figcaption><span class=\"key secure\">secure</span><span class=\"key "
             "failed\">failed</span><span class=\"most\">most on one day: %s</span></figcaption>",
             mts_html_count(p, of.most));
    put_picture(&of, chart->days);
    MTS_HTML(page, "<div class=\"axis\"><span>%s</span><span>%s</span></div></figure>",
             mts_html_day(p, of.first), mts_html_day(p, of.first + (of.length - 1) * DAY));
    put_table(&of, chart->days);
}
