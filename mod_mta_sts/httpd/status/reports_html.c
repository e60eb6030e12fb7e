/* SPDX-License-Identifier: Apache-2.0 */
/* What reports tell, as a part of the overview and of a domain's page. */
#include <string.h>

#include <apr_strings.h>

#include "core/policy/text.h"
#include "httpd/upkeep/database.h"
#include "httpd/status/html.h"
#include "httpd/status/chart.h"
#include "httpd/status/view.h"
#include "tlsrpt/advice/explain.h"
#include "tlsrpt/advice/policy_match.h"

#define JOINED_MAX 10
#define CHART_DAYS_MIN 30
#define CHART_DAYS_MAX 400

const char *mts_status_domain_link(const mts_status_view *view, const char *name)
{
    const mts_status_query query = {.domain = name, .range = view->query.range, .page = 1};

    return mts_status_query_render(view->p, &query);
}

const char *mts_status_name_of(apr_pool_t *p, const char *organization)
{
    return *organization ? mts_html_shorten(p, organization) : "(no name)";
}

/* The first of some words from reports, each shortened. */
const char *mts_status_join(apr_pool_t *p, const apr_array_header_t *words)
{
    const char *joined = "";
    int i;

    for (i = 0; i < words->nelts && i < JOINED_MAX; i++) {
        joined = apr_pstrcat(p, joined, i ? ", " : "",
                             mts_status_name_of(p, APR_ARRAY_IDX(words, i, const char *)), NULL);
    }
    return i < words->nelts ? apr_psprintf(p, "%s and %d more", joined, words->nelts - i) : joined;
}

/* The day that ends then. */
const char *mts_status_last_day(apr_pool_t *p, apr_time_t end)
{
    return end ? mts_html_day(p, end - 1) : "not told";
}

/* --- senders --- */

static void put_failed(mta_sts_buffer *out, apr_int64_t failed)
{
    MTS_HTML(out, "<td class=\"number\"><span class=\"%s\">%s</span></td>",
             failed ? "badge error" : "", mts_html_count(out->p, failed));
}

static void put_sender(const mts_status_view *view, const tlsrpt_sender *sender)
{
    apr_pool_t *p = view->p;

    MTS_HTML(view->out, "<tr><th scope=\"row\">%s%s</th><td class=\"number\">%s</td>",
             mts_status_name_of(p, sender->organization), sender->verified ? " (verified)" : "",
             mts_html_count(p, sender->successful));
    put_failed(view->out, sender->failed);
    MTS_HTML(view->out, "<td class=\"number wide\">%s</td><td class=\"wide date\">%s</td></tr>",
             mts_html_count(p, sender->reports), mts_status_last_day(p, sender->last));
}

static void put_senders(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    int i;

    MTS_HTML(view->out,
             "<section aria-labelledby=\"senders\"><h2 id=\"senders\">Senders</h2><table>"
             "<thead><tr><th scope=\"col\">Who</th><th scope=\"col\" class=\"number\">"
             "Secure</th><th scope=\"col\" class=\"number\">Failed</th><th scope=\"col\" "
             "class=\"number wide\">Reports</th><th scope=\"col\" class=\"wide\">Last day"
             "</th></tr></thead><tbody>");
    for (i = 0; i < reports->senders->nelts; i++) {
        put_sender(view, &APR_ARRAY_IDX(reports->senders, i, tlsrpt_sender));
    }
    MTS_HTML(view->out, "</tbody></table>");
    if (reports->more_senders) {
        MTS_HTML(view->out, "<p class=\"soft\">and %d more.</p>", reports->more_senders);
    }
    MTS_HTML(view->out, "</section>");
}

/* --- the policy that senders had --- */

/* How each looks, and what it is called. */
static const struct {
    const char *class, *name;
} held_looks[] = {
    [TLSRPT_MATCH_CURRENT] = {"ok", "current"},
    [TLSRPT_MATCH_OLDER] = {"testing", "older"},
    [TLSRPT_MATCH_NOT_FOUND] = {"testing", "none"},
    [TLSRPT_MATCH_UNSPECIFIED] = {"testing", "not told"},
    [TLSRPT_MATCH_DANE] = {"ok", "DANE"},
    [TLSRPT_MATCH_UNKNOWN] = {"", "unknown"},
};

static void put_seen(const mts_status_view *view)
{
    const apr_array_header_t *seen = view->reports->seen;
    const mts_policy *policy = view->domain ? view->domain->shown->policy : NULL;
    const mta_sts_policy *served =
        policy ? mta_sts_policy_text_read(view->p, policy->text, policy->len,
                                          mta_sts_findings_make(view->p))
               : NULL;
    int i;

    if (seen->nelts == 0) {
        return;
    }
    MTS_HTML(view->out, "<section aria-labelledby=\"seen\"><h2 id=\"seen\">The policy that senders "
                        "had</h2><ul class=\"findings\">");
    for (i = 0; i < seen->nelts; i++) {
        const tlsrpt_seen *one = &APR_ARRAY_IDX(seen, i, tlsrpt_seen);
        tlsrpt_policy_match held =
            tlsrpt_policy_match_compare(view->p, one->type, one->policy, served);

        MTS_HTML(view->out, "<li><div><span class=\"badge %s\">%s</span></div><div><p>%s</p>",
                 held_looks[held].class, held_looks[held].name,
                 tlsrpt_policy_match_text(view->p, held, one->policy, served, view->query.domain));
        MTS_HTML(view->out, "<p class=\"soft small\">%s; %s sessions, last on %s</p></div></li>",
                 mts_status_join(view->p, one->senders), mts_html_count(view->p, one->sessions),
                 mts_status_last_day(view->p, one->last));
    }
    MTS_HTML(view->out, "</ul></section>");
}

/* --- the last reports --- */

/* How it is counted, where that is not as usual. */
static void put_state(mta_sts_buffer *out, tlsrpt_index_state state)
{
    static const char *const words[] = {
        [TLSRPT_STATE_DUPLICATE] = "the same again",
        [TLSRPT_STATE_CONFLICT] = "contradicts an earlier one",
        [TLSRPT_STATE_UNREADABLE] = "unreadable",
    };

    if (state != TLSRPT_STATE_COUNTS) {
        MTS_HTML(out, " <span class=\"badge testing\">%s</span>", words[state]);
    }
}

static void put_receipt(const mts_status_view *view, const tlsrpt_index_report *receipt)
{
    apr_pool_t *p = view->p;

    MTS_HTML(view->out, "<tr><th scope=\"row\" class=\"date\">%s</th><td>%s",
             apr_pstrmemdup(p, mts_html_time(p, receipt->received), strlen("2026-11-25 18:49")),
             mts_status_name_of(p, receipt->organization));
    put_state(view->out, receipt->state);
    MTS_HTML(view->out, "</td><td class=\"wide date\">%s</td><td class=\"number\">%s</td>",
             receipt->begin ? mts_html_day(p, receipt->begin) : "not told",
             mts_html_count(p, receipt->successful));
    put_failed(view->out, receipt->failed);
    MTS_HTML(view->out, "<td class=\"wide date\">%s</td></tr>", receipt->channel);
}

static void put_receipts(const mts_status_view *view)
{
    const apr_array_header_t *receipts = view->reports->receipts;
    int i;

    MTS_HTML(view->out,
             "<section aria-labelledby=\"last\"><h2 id=\"last\">Last reports received</h2>"
             "<table><thead><tr><th scope=\"col\">Received (UTC)</th><th scope=\"col\">From</th>"
             "<th scope=\"col\" class=\"wide\">Of the day</th><th scope=\"col\" "
             "class=\"number\">Secure</th><th scope=\"col\" class=\"number\">Failed</th>"
             "<th scope=\"col\" class=\"wide\">By</th></tr></thead><tbody>");
    for (i = 0; i < receipts->nelts; i++) {
        put_receipt(view, &APR_ARRAY_IDX(receipts, i, tlsrpt_index_report));
    }
    MTS_HTML(view->out, "</tbody></table></section>");
}

static void put_problem(const mts_status_view *view)
{
    MTS_HTML(view->out,
             "<section aria-labelledby=\"reports\"><h2 id=\"reports\">Reports</h2>"
             "<p>They cannot be shown: %s.</p>",
             view->reports->problem);
    if (mts_database_has_state_dir(view->r->server)) {
        MTS_HTML(view->out, "<p class=\"soft\">Reports are kept all the same; <code>mta-sts "
                            "report</code> reads them where they are kept.</p>");
    }
    MTS_HTML(view->out, "</section>");
}

/* Of all reports: from the day of the first on. */
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

static void put_chart(const mts_status_view *view)
{
    const mts_chart chart = {view->reports->days, view->now, chart_length(view)};

    MTS_HTML(view->out, "<section aria-labelledby=\"days\"><h2 id=\"days\">Sessions per day</h2>");
    mts_status_chart(view->out, &chart);
    MTS_HTML(view->out, "</section>");
}

static void put_none(const mts_status_view *view)
{
    MTS_HTML(
        view->out,
        "<section aria-labelledby=\"reports\"><h2 id=\"reports\">Reports</h2><p>There are none "
        "%s. Senders send one a day, to the address in the "
        "<code>_smtp._tls</code> record; it takes a day or two until the first "
        "arrives.</p></section>",
        view->query.range->words);
}

void mts_status_sessions_html(const mts_status_view *view)
{
    if (view->reports->problem) {
        put_problem(view);
    }
    else if (view->reports->reports == 0) {
        put_none(view);
    }
    else {
        put_chart(view);
        mts_status_causes_html(view);
        put_seen(view);
    }
}

void mts_status_senders_html(const mts_status_view *view)
{
    if (!view->reports->problem && view->reports->reports) {
        MTS_HTML(view->out, "<div class=\"columns\">");
        put_senders(view);
        put_receipts(view);
        MTS_HTML(view->out, "</div>");
    }
}
