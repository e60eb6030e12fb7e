/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions, senders and latest reports: parts of the overview and of a domain's page. */
#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "httpd/upkeep/database.h"
#include "httpd/status/html.h"
#include "httpd/status/chart.h"
#include "httpd/status/view.h"
#include "tlsrpt/advice/explain.h"
#include "tlsrpt/advice/policy_match.h"

#define NAMES_MAX 10
#define CHART_DAYS_MIN 30
#define CHART_DAYS_MAX 400

/* --- policies that senders used --- */

/* CSS class and text of the badges. */
static const struct {
    const char *class, *name;
} badges[] = {
    [TLSRPT_MATCH_CURRENT] = {"ok", "current"},
    [TLSRPT_MATCH_OLDER] = {"testing", "older"},
    [TLSRPT_MATCH_NEVER] = {"testing", "never served here"},
    [TLSRPT_MATCH_OTHER] = {"testing", "other"},
    [TLSRPT_MATCH_NOT_FOUND] = {"testing", "no policy"},
    [TLSRPT_MATCH_UNSPECIFIED] = {"testing", "not specified"},
    [TLSRPT_MATCH_DANE] = {"ok", "DANE"},
    [TLSRPT_MATCH_UNKNOWN] = {"", "unknown"},
};

static void put_seen(const mts_status_view *view)
{
    const apr_array_header_t *seen = view->reports->seen;
    const tlsrpt_policies *policies = &view->reports->policies;
    int i;

    if (seen->nelts == 0) {
        return;
    }
    MTS_HTML(view->out, "<section aria-labelledby=\"seen\"><h2 id=\"seen\">Policies that senders "
                        "used</h2><ul class=\"findings\">");
    for (i = 0; i < seen->nelts; i++) {
        const tlsrpt_seen_policy *one = &APR_ARRAY_IDX(seen, i, tlsrpt_seen_policy);
        tlsrpt_policy_match match =
            tlsrpt_policy_match_compare(view->p, one->type, one->policy, policies);

        MTS_HTML(view->out, "<li><div><span class=\"badge %s\">%s</span>", badges[match].class,
                 badges[match].name);
        mts_status_unverified_html(view->out, one->is_verified);
        MTS_HTML(
            view->out, "</div><div><p>%s</p>",
            tlsrpt_policy_match_text(view->p, match, one->policy, policies, view->query.domain));
        MTS_HTML(view->out, "<p class=\"soft small\">%s; %s sessions, last on %s</p></div></li>",
                 mta_sts_format_names(view->p, one->senders, NAMES_MAX),
                 mta_sts_format_number(view->p, one->sessions),
                 mta_sts_format_last_date(view->p, one->last));
    }
    MTS_HTML(view->out, "</ul></section>");
}

/* --- the whole section --- */

static void put_problem(const mts_status_view *view)
{
    MTS_HTML(view->out,
             "<section aria-labelledby=\"reports\"><h2 id=\"reports\">Reports</h2>"
             "<p>Reports cannot be shown: %s.</p>",
             view->reports->problem);
    if (mts_database_has_state_dir(view->r->server)) {
        MTS_HTML(view->out,
                 "<p class=\"soft\">Reports are still received and stored; <code>mta-sts "
                 "report</code> shows them.</p>");
    }
    MTS_HTML(view->out, "</section>");
}

/* Number of days in the chart. The range "all" begins with the first day that has reports. */
static int chart_length(const mts_status_view *view)
{
    const apr_array_header_t *days = view->reports->days;
    apr_time_t age = 0;
    int i;

    if (view->query.range->days) {
        return view->query.range->days;
    }
    for (i = 0; i < days->nelts && age == 0; i++) {
        age = view->now - APR_ARRAY_IDX(days, i, tlsrpt_day).day;
        age = age / apr_time_from_sec(86400) < CHART_DAYS_MAX ? age : 0;
    }
    age = age / apr_time_from_sec(86400) + 1;
    return age > CHART_DAYS_MIN ? (int)age : CHART_DAYS_MIN;
}

/* The days for the chart, like the figures: sessions of verified reports; if there are none, those
 * of unverified ones. Reports that anyone can submit must not change the scale. */
static const apr_array_header_t *days_of(const mts_status_view *view, int is_verified)
{
    const apr_array_header_t *all = view->reports->days;
    apr_array_header_t *days = apr_array_make(view->p, all->nelts + 1, sizeof(tlsrpt_day));
    int i;

    for (i = 0; i < all->nelts; i++) {
        tlsrpt_day day = APR_ARRAY_IDX(all, i, tlsrpt_day);

        day.successful = is_verified ? day.verified_successful : day.successful;
        day.failed = is_verified ? day.verified_failed : day.failed;
        APR_ARRAY_PUSH(days, tlsrpt_day) = day;
    }
    return days;
}

/* Mentions reports about days before the range, for example after the import of an old mailbox. */
static void put_earlier(const mts_status_view *view)
{
    apr_int64_t earlier = view->reports->earlier_reports;
    mts_status_query all = view->query;

    if (earlier) {
        all.range = &mts_status_ranges[MTS_STATUS_RANGES - 1];
        all.page = 1;
        MTS_HTML(view->out, "<p class=\"soft\"><a href=\"%s\">%s</a> about earlier days.</p>",
                 mts_status_query_render(view->p, &all),
                 mta_sts_format_count(view->p, earlier, "report is", "reports are"));
    }
}

static void put_chart(const mts_status_view *view)
{
    int is_verified = mts_status_figures_of_reports(view->reports).is_verified;
    const mts_chart chart = {days_of(view, is_verified), view->now, chart_length(view)};

    MTS_HTML(view->out, "<section aria-labelledby=\"days\"><h2 id=\"days\">Sessions per day</h2>");
    if (is_verified && view->reports->unverified) {
        MTS_HTML(view->out, "<p class=\"soft small\">In verified reports.</p>");
    }
    mts_status_chart(view->out, &chart);
    put_earlier(view);
    MTS_HTML(view->out, "</section>");
}

/* Shows sums that are not plausible, which are not part of any other number. */
static void put_apart(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    apr_pool_t *p = view->p;
    int i;

    if (reports->apart->nelts == 0) {
        return;
    }
    MTS_HTML(
        view->out,
        "<section aria-labelledby=\"apart\"><h2 id=\"apart\">Set apart</h2><p class=\"soft\">Not "
        "counted in any number on this page: unverified reports with implausibly many sessions, "
        "compared with the other reports about the domain.</p><ul class=\"findings\">");
    for (i = 0; i < reports->apart->nelts; i++) {
        const tlsrpt_apart *one = &APR_ARRAY_IDX(reports->apart, i, tlsrpt_apart);

        MTS_HTML(view->out, "<li><div>");
        mts_status_unverified_html(view->out, 0);
        MTS_HTML(view->out, "</div><div><p class=\"clamp\">%s about %s, %s: %s</p></div></li>",
                 mts_html_shorten(p, mta_sts_format_name(p, one->organization)),
                 *one->domain ? mts_html_shorten(p, one->domain) : "(no domain)",
                 one->day < 0 ? "unspecified date" : mta_sts_format_date(p, one->day + 1),
                 mta_sts_format_count(p, tlsrpt_count_add(one->successful, one->failed), "session",
                                      "sessions"));
    }
    MTS_HTML(view->out, "</ul>");
    if (reports->apart_count > i) {
        MTS_HTML(view->out, "<p class=\"soft\">%s more.</p>",
                 mta_sts_format_number(p, reports->apart_count - i));
    }
    MTS_HTML(view->out, "</section>");
}

static void put_none(const mts_status_view *view)
{
    MTS_HTML(view->out,
             "<section aria-labelledby=\"reports\"><h2 id=\"reports\">Reports</h2><p>No reports "
             "%s. Senders send one report a day to the address in the "
             "<code>_smtp._tls</code> record. The first one usually arrives within two "
             "days.</p>",
             view->query.range->text);
    put_earlier(view);
    MTS_HTML(view->out, "</section>");
}

void mts_status_sessions_html(const mts_status_view *view)
{
    if (view->reports->problem) {
        put_problem(view);
    }
    else if (view->reports->reports == 0) {
        put_none(view);
        put_apart(view);
    }
    else {
        put_chart(view);
        mts_status_causes_html(view);
        put_seen(view);
        put_apart(view);
    }
}
