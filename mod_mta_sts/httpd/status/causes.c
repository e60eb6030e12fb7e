/* SPDX-License-Identifier: Apache-2.0 */
/* Failures by their cause, as a part of the overview and of a domain's page. */
#include <string.h>

#include <apr_strings.h>

#include "httpd/status/html.h"
#include "httpd/status/view.h"
#include "tlsrpt/advice/explain.h"
#include "core/base/time.h"

#define CAUSES_OPEN 5 /* so many are shown without being asked for */

apr_array_header_t *mod_status_explain(apr_pool_t *p, const mod_status_cause *cause)
{
    return tlsrpt_explain_cause(p, cause->domain, cause->cause);
}

static void put_cause_head(const mod_status_view *view, const mod_status_cause *cause)
{
    const tlsrpt_cause *of = cause->cause;

    MOD_HTML(view->out, "<h3>%s",
             *of->result_type ? mod_html_shorten(view->p, of->result_type) : "no result type told");
    if (of->receiving_mx) {
        MOD_HTML(view->out, " at %s", mod_html_shorten(view->p, of->receiving_mx));
    }
    MOD_HTML(view->out, "%s</h3>",
             mod_html_shorten(view->p, tlsrpt_under_text(view->p, of->policy_type)));
    if (!view->query.domain && cause->domain) {
        MOD_HTML(view->out, "<p class=\"small\"><a href=\"%s\">%s</a></p>",
                 mod_status_domain_link(view, cause->domain),
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
    tlsrpt_time_order(&begin, &end);
    first = mod_html_day(p, begin);
    last = mod_status_last_day(p, end);
    return strcmp(first, last) == 0 ? first : apr_pstrcat(p, first, " to ", last, NULL);
}

static void put_cause_details(const mod_status_view *view, const tlsrpt_cause *of)
{
    apr_pool_t *p = view->p;
    apr_int64_t secure = view->query.domain ? tlsrpt_secure_since(view->reports->days, of) : 0;

    MOD_HTML(view->out, "<p class=\"soft small\">%s", days(p, of));
    if (of->senders->nelts) {
        MOD_HTML(view->out, "; told by %s", mod_status_join(p, of->senders));
    }
    if (of->reasons->nelts) {
        MOD_HTML(view->out, "; reason as sent: %s", mod_status_join(p, of->reasons));
    }
    if (of->receiving_ips->nelts) {
        MOD_HTML(view->out, "; at %s", mod_status_join(p, of->receiving_ips));
    }
    if (secure) {
        MOD_HTML(view->out, "; %s secure session%s on later days", mod_html_count(p, secure),
                 secure == 1 ? "" : "s");
    }
    MOD_HTML(view->out, "</p>");
}

static void put_number(const mod_status_view *view, apr_int64_t sessions)
{
    MOD_HTML(view->out, "<li><p class=\"sessions\">%s<small>failed session%s</small></p><div>",
             mod_html_count(view->p, sessions), sessions == 1 ? "" : "s");
}

static void put_explanation(const mod_status_view *view, const tlsrpt_explanation *explanation,
                            int others)
{
    MOD_HTML(view->out,
             "<p>%s <span class=\"badge\">%s</span></p><p><strong>What to do:</strong> "
             "%s</p>",
             explanation->what, tlsrpt_where_text(view->p, explanation, others),
             explanation->action);
    if (explanation->command) {
        MOD_HTML(view->out, "<pre>%s</pre>", explanation->command);
    }
}

static void put_cause(const mod_status_view *view, const mod_status_cause *cause)
{
    const apr_array_header_t *list = mod_status_explain(view->p, cause);
    int i;

    put_number(view, cause->cause->sessions);
    put_cause_head(view, cause);
    for (i = 0; i < list->nelts; i++) {
        put_explanation(view, APR_ARRAY_IDX(list, i, const tlsrpt_explanation *), cause->others);
    }
    put_cause_details(view, cause->cause);
    MOD_HTML(view->out, "</div></li>");
}

static void put_untold(const mod_status_view *view)
{
    put_number(view, view->reports->untold);
    MOD_HTML(view->out, "<h3>no details</h3>");
    put_explanation(view, tlsrpt_explain_no_details(view->p, view->query.domain), 0);
    MOD_HTML(view->out, "</div></li>");
}

static void put_cause_list(const mod_status_view *view, int first, int behind)
{
    int i;

    MOD_HTML(view->out, "<ol class=\"causes\">");
    for (i = first; i < behind; i++) {
        put_cause(view, &APR_ARRAY_IDX(view->reports->causes, i, mod_status_cause));
    }
    if (behind == view->reports->causes->nelts && view->reports->untold) {
        put_untold(view);
    }
    MOD_HTML(view->out, "</ol>");
}

static void put_more_causes(const mod_status_view *view, int shown)
{
    const mod_status_reports *reports = view->reports;
    int more = reports->causes->nelts - shown + (reports->untold > 0);

    MOD_HTML(view->out, "<details><summary>%d more</summary>", more);
    put_cause_list(view, shown, reports->causes->nelts);
    MOD_HTML(view->out, "</details>");
}

void mod_status_causes_html(const mod_status_view *view)
{
    const mod_status_reports *reports = view->reports;
    int causes = reports->causes->nelts;
    int shown = causes > CAUSES_OPEN + 1 ? CAUSES_OPEN : causes;

    if (causes == 0 && reports->failed == 0) {
        return;
    }
    MOD_HTML(view->out,
             "<section aria-labelledby=\"causes\"><h2 id=\"causes\">What failed, and what "
             "to do</h2>");
    if (!view->query.domain && causes) {
        MOD_HTML(view->out, "<p class=\"soft\">The page of each domain has more: who told it, and "
                            "the reasons sent.</p>");
    }
    put_cause_list(view, 0, shown);
    if (shown < causes) {
        put_more_causes(view, shown);
    }
    if (reports->more_causes) {
        MOD_HTML(view->out, "<p class=\"soft\">There are more causes; the page of each domain, and "
                            "<code>mta-sts report --failures</code>, tell them.</p>");
    }
    MOD_HTML(view->out, "</section>");
}
