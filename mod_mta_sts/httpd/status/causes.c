/* SPDX-License-Identifier: Apache-2.0 */
/* Failures by their cause, as a part of the overview and of a domain's page. */
#include <string.h>

#include <apr_strings.h>

#include "httpd/status/html.h"
#include "httpd/status/view.h"
#include "tlsrpt/advice/explain.h"
#include "core/base/time.h"

#define CAUSES_OPEN 5 /* so many are shown without being asked for */

apr_array_header_t *mts_status_explain(apr_pool_t *p, const mts_status_cause *cause)
{
    return tlsrpt_explain_cause(p, cause->domain, cause->cause);
}

static void put_cause_head(const mts_status_view *view, const mts_status_cause *cause)
{
    const tlsrpt_cause *of = cause->cause;

    MTS_HTML(view->out, "<h3>%s",
             *of->result_type ? mts_html_shorten(view->p, of->result_type) : "no result type told");
    if (of->receiving_mx) {
        MTS_HTML(view->out, " at %s", mts_html_shorten(view->p, of->receiving_mx));
    }
    MTS_HTML(view->out, "%s</h3>",
             mts_html_shorten(view->p, tlsrpt_policy_type_text(view->p, of->policy_type)));
    if (!view->query.domain && cause->domain) {
        MTS_HTML(view->out, "<p class=\"small\"><a href=\"%s\">%s</a></p>",
                 mts_status_domain_link(view, cause->domain),
                 *cause->domain ? cause->domain : "(no domain)");
    }
}

static const char *days(apr_pool_t *p, const tlsrpt_cause *of)
{
    apr_time_t begin = of->first, end = of->last;
    const char *first, *last;

    if (!end) {
        return "on a day that is not told";
    }
    mta_sts_time_order(&begin, &end);
    first = mts_html_day(p, begin);
    last = mts_status_last_day(p, end);
    return strcmp(first, last) == 0 ? first : apr_pstrcat(p, first, " to ", last, NULL);
}

static void put_cause_details(const mts_status_view *view, const tlsrpt_cause *of)
{
    apr_pool_t *p = view->p;
    apr_int64_t secure = view->query.domain ? tlsrpt_secure_since(view->reports->days, of) : 0;

    MTS_HTML(view->out, "<p class=\"soft small\">%s", days(p, of));
    if (of->senders->nelts) {
        MTS_HTML(view->out, "; told by %s", mts_status_join(p, of->senders));
    }
    if (of->reasons->nelts) {
        MTS_HTML(view->out, "; reason as sent: %s", mts_status_join(p, of->reasons));
    }
    if (of->receiving_ips->nelts) {
        MTS_HTML(view->out, "; at %s", mts_status_join(p, of->receiving_ips));
    }
    if (secure) {
        MTS_HTML(view->out, "; %s secure session%s on later days", mts_html_count(p, secure),
                 secure == 1 ? "" : "s");
    }
    MTS_HTML(view->out, "</p>");
}

static void put_number(const mts_status_view *view, apr_int64_t sessions)
{
    MTS_HTML(view->out, "<li><p class=\"sessions\">%s<small>failed session%s</small></p><div>",
             mts_html_count(view->p, sessions), sessions == 1 ? "" : "s");
}

static void put_explanation(const mts_status_view *view, const tlsrpt_explanation *explanation,
                            int others)
{
    MTS_HTML(view->out,
             "<p>%s <span class=\"badge\">%s</span></p><p><strong>What to do:</strong> "
             "%s</p>",
             explanation->what, tlsrpt_where_text(view->p, explanation, others),
             explanation->action);
    if (explanation->command) {
        MTS_HTML(view->out, "<pre>%s</pre>", explanation->command);
    }
}

static void put_cause(const mts_status_view *view, const mts_status_cause *cause)
{
    const apr_array_header_t *list = mts_status_explain(view->p, cause);
    int i;

    put_number(view, cause->cause->sessions);
    put_cause_head(view, cause);
    for (i = 0; i < list->nelts; i++) {
        put_explanation(view, APR_ARRAY_IDX(list, i, const tlsrpt_explanation *), cause->others);
    }
    put_cause_details(view, cause->cause);
    MTS_HTML(view->out, "</div></li>");
}

static void put_untold(const mts_status_view *view)
{
    put_number(view, view->reports->unspecified);
    MTS_HTML(view->out, "<h3>no details</h3>");
    put_explanation(view, tlsrpt_explain_no_details(view->p, view->query.domain), 0);
    MTS_HTML(view->out, "</div></li>");
}

static void put_cause_list(const mts_status_view *view, int first, int behind)
{
    int i;

    MTS_HTML(view->out, "<ol class=\"causes\">");
    for (i = first; i < behind; i++) {
        put_cause(view, &APR_ARRAY_IDX(view->reports->causes, i, mts_status_cause));
    }
    if (behind == view->reports->causes->nelts && view->reports->unspecified) {
        put_untold(view);
    }
    MTS_HTML(view->out, "</ol>");
}

static void put_more_causes(const mts_status_view *view, int shown)
{
    const mts_status_reports *reports = view->reports;
    int more = reports->causes->nelts - shown + (reports->unspecified > 0);

    MTS_HTML(view->out, "<details><summary>%d more</summary>", more);
    put_cause_list(view, shown, reports->causes->nelts);
    MTS_HTML(view->out, "</details>");
}

void mts_status_causes_html(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    int causes = reports->causes->nelts;
    int shown = causes > CAUSES_OPEN + 1 ? CAUSES_OPEN : causes;

    if (causes == 0 && reports->failed == 0) {
        return;
    }
    MTS_HTML(view->out,
             "<section aria-labelledby=\"causes\"><h2 id=\"causes\">What failed, and what "
             "to do</h2>");
    if (!view->query.domain && causes) {
        MTS_HTML(view->out, "<p class=\"soft\">The page of each domain has more: who told it, and "
                            "the reasons sent.</p>");
    }
    put_cause_list(view, 0, shown);
    if (shown < causes) {
        put_more_causes(view, shown);
    }
    if (reports->more_causes) {
        MTS_HTML(view->out, "<p class=\"soft\">There are more causes; the page of each domain, and "
                            "<code>mta-sts report --failures</code>, tell them.</p>");
    }
    MTS_HTML(view->out, "</section>");
}
