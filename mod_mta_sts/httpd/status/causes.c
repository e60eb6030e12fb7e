/* SPDX-License-Identifier: Apache-2.0 */
/* Failures by cause: a part of the overview and of a domain's page. */
#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "httpd/status/html.h"
#include "httpd/status/view.h"
#include "tlsrpt/advice/evidence.h"
#include "tlsrpt/report/result_type.h"

#define NAMES_MAX 10
#define CAUSES_OPEN 5 /* number of causes that are visible initially */

/* Headings for people; the result type of RFC 8460 is shown below them. */
static const char *const titles[] = {
    [TLSRPT_STARTTLS_NOT_SUPPORTED] = "STARTTLS not offered",
    [TLSRPT_CERTIFICATE_HOST_MISMATCH] = "Certificate for another host name",
    [TLSRPT_CERTIFICATE_EXPIRED] = "Certificate expired",
    [TLSRPT_CERTIFICATE_NOT_TRUSTED] = "Certificate not trusted",
    [TLSRPT_VALIDATION_FAILURE] = "Validation failed",
    [TLSRPT_TLSA_INVALID] = "Invalid TLSA record",
    [TLSRPT_DNSSEC_INVALID] = "Invalid DNSSEC signature",
    [TLSRPT_DANE_REQUIRED] = "DANE required, but not available",
    [TLSRPT_STS_POLICY_FETCH_ERROR] = "Policy could not be fetched",
    [TLSRPT_STS_POLICY_INVALID] = "Invalid policy",
    [TLSRPT_STS_WEBPKI_INVALID] = "Invalid certificate of the policy host",
    [TLSRPT_RESULT_OTHER] = "Other failure",
    [TLSRPT_RESULT_UNSPECIFIED] = "Failure without a result type",
};

/* The heading: what failed, who can fix it, and whether it is verified. */
static void put_title(const mts_status_view *view, const char *title,
                      const tlsrpt_explanation *explanation, int others, int is_verified)
{
    MTS_HTML(view->out, "<h3>%s <span class=\"badge\">%s</span>", title,
             tlsrpt_where_text(view->p, explanation, others));
    mts_status_unverified_html(view->out, is_verified);
    MTS_HTML(view->out, "</h3>");
}

static void put_cause_head(const mts_status_view *view, const mts_status_cause *cause)
{
    const tlsrpt_cause *of = cause->cause;

    MTS_HTML(view->out, "<p class=\"soft small clamp\"><code>%s</code>",
             *of->result_type ? mts_html_shorten(view->p, of->result_type)
                              : "no result type specified");
    if (of->receiving_mx) {
        MTS_HTML(view->out, " at %s", mts_html_shorten(view->p, of->receiving_mx));
    }
    MTS_HTML(view->out, "%s",
             mts_html_shorten(view->p, tlsrpt_policy_type_text(view->p, of->policy_type)));
    if (!view->query.domain) {
        MTS_HTML(view->out, "; domain <a href=\"%s\">%s</a>",
                 mts_status_domain_link(view, cause->domain),
                 *cause->domain ? cause->domain : "(no domain)");
    }
    MTS_HTML(view->out, "</p>");
}

static void put_cause_details(const mts_status_view *view, const tlsrpt_cause *of)
{
    apr_pool_t *p = view->p;
    apr_int64_t secure = view->query.domain ? tlsrpt_secure_since(view->reports->days, of) : 0;

    MTS_HTML(view->out, "<p class=\"soft small clamp\">%s",
             mta_sts_format_date_range(p, of->first, of->last));
    if (of->senders->nelts) {
        MTS_HTML(view->out, "; reported by %s", mta_sts_format_names(p, of->senders, NAMES_MAX));
    }
    if (of->reasons->nelts) {
        MTS_HTML(view->out, "; reason: %s", mta_sts_format_names(p, of->reasons, NAMES_MAX));
    }
    if (of->receiving_ips->nelts) {
        MTS_HTML(view->out, "; IP address %s",
                 mta_sts_format_names(p, of->receiving_ips, NAMES_MAX));
    }
    if (secure) {
        MTS_HTML(view->out, "; %s on later days",
                 mta_sts_format_count(p, secure, "secure session", "secure sessions"));
    }
    MTS_HTML(view->out, "</p>");
}

static void put_number(const mts_status_view *view, apr_int64_t sessions)
{
    MTS_HTML(view->out, "<li><p class=\"sessions\">%s<small>failed session%s</small></p><div>",
             mta_sts_format_number(view->p, sessions), sessions == 1 ? "" : "s");
}

static void put_explanation(const mts_status_view *view, const tlsrpt_explanation *explanation,
                            int is_verified)
{
    MTS_HTML(view->out, "<p>%s</p>", explanation->what);
    if (!tlsrpt_evidence_counts(is_verified)) {
        MTS_HTML(view->out, "<p><strong>Check this:</strong> only unverified reports contain it, "
                            "and anyone can submit one.</p>");
    }
    MTS_HTML(view->out, "<p><strong>What to do:</strong> %s</p>", explanation->action);
    if (explanation->command) {
        MTS_HTML(view->out, "<pre class=\"record\" tabindex=\"0\">%s</pre>", explanation->command);
    }
}

/* Adds what the fetch log says about each sender. */
static void put_fetches(const mts_status_view *view, const apr_array_header_t *fetches)
{
    int i;

    for (i = 0; fetches && i < fetches->nelts; i++) {
        const tlsrpt_fetch_answer *answer = &APR_ARRAY_IDX(fetches, i, tlsrpt_fetch_answer);

        MTS_HTML(view->out, "<p><strong>Fetch log:</strong> %s: %s</p>",
                 mts_html_shorten(view->p, mts_status_name_of(view->p, answer->organization)),
                 answer->text);
    }
}

static void put_cause(const mts_status_view *view, const mts_status_cause *cause)
{
    const apr_array_header_t *list = mts_status_explain(view->p, cause);
    const char *title = titles[tlsrpt_result_type_of(cause->cause->result_type)];
    int i;

    put_number(view, cause->cause->sessions);
    put_title(view, title, APR_ARRAY_IDX(list, 0, const tlsrpt_explanation *), cause->others,
              cause->cause->is_verified);
    put_cause_head(view, cause);
    for (i = 0; i < list->nelts; i++) {
        const tlsrpt_explanation *explanation = APR_ARRAY_IDX(list, i, const tlsrpt_explanation *);

        if (i > 0) { /* the same failures may have a different cause */
            put_title(view, "Or", explanation, cause->others, cause->cause->is_verified);
        }
        put_explanation(view, explanation, cause->cause->is_verified);
    }
    put_fetches(view, cause->fetches);
    put_cause_details(view, cause->cause);
    MTS_HTML(view->out, "</div></li>");
}

static void put_unspecified(const mts_status_view *view, int is_verified)
{
    const tlsrpt_explanation *explanation = tlsrpt_explain_no_details(view->p, view->query.domain);
    apr_int64_t sessions = view->reports->unspecified[!is_verified];

    if (sessions) {
        put_number(view, sessions);
        put_title(view, "No failure details", explanation, 0, is_verified);
        put_explanation(view, explanation, is_verified);
        MTS_HTML(view->out, "</div></li>");
    }
}

static void put_cause_list(const mts_status_view *view, int first, int end)
{
    int i;

    MTS_HTML(view->out, "<ol class=\"causes\">");
    for (i = first; i < end; i++) {
        put_cause(view, &APR_ARRAY_IDX(view->reports->causes, i, mts_status_cause));
    }
    if (end == view->reports->causes->nelts) {
        put_unspecified(view, 1);
        put_unspecified(view, 0);
    }
    MTS_HTML(view->out, "</ol>");
}

static void put_more_causes(const mts_status_view *view, int shown)
{
    const mts_status_reports *reports = view->reports;
    int more = reports->causes->nelts - shown + (reports->unspecified[0] > 0) +
               (reports->unspecified[1] > 0);

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
        MTS_HTML(view->out, "<p class=\"soft\">The page of each domain shows more: senders and "
                            "addresses.</p>");
    }
    put_cause_list(view, 0, shown);
    if (shown < causes) {
        put_more_causes(view, shown);
    }
    if (reports->omitted_causes) {
        MTS_HTML(view->out, "<p class=\"soft\">There are more causes. The pages of the domains and "
                            "<code>mta-sts report --failures</code> show them.</p>");
    }
    MTS_HTML(view->out, "</section>");
}
