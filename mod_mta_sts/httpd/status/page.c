/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of the status page, and the small parts that its views share. */
#include <http_core.h>

#include <apr_strings.h>

#include "httpd/shared/counters.h"
#include "httpd/status/html.h"
#include "httpd/status/style.h"
#include "httpd/status/view.h"

#define ICON                                                                                       \
    "data:image/svg+xml,%%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%%3E"        \
    "%%3Crect width='16' height='16' rx='4' fill='%%232a9d78'/%%3E%%3Cpath d='M4 8l3 3 5-6' "      \
    "fill='none' stroke='white' stroke-width='2'/%%3E%%3C/svg%%3E"

/* The same view of another range. */
static void put_ranges(const mts_status_view *view)
{
    int i;

    MTS_HTML(view->out, "<nav class=\"range\" aria-label=\"Range of reports\"><ul>");
    for (i = 0; i < MTS_STATUS_RANGES; i++) {
        mts_status_query query = view->query;

        query.range = &mts_status_ranges[i];
        MTS_HTML(view->out, "<li><a href=\"%s\"", mts_status_query_render(view->p, &query));
        if (query.range == view->query.range) {
            MTS_HTML(view->out, " aria-current=\"page\"");
        }
        MTS_HTML(view->out, ">%s</a></li>", query.range->title);
    }
    MTS_HTML(view->out, "</ul></nav>");
}

static void put_crumb(const mts_status_view *view)
{
    const mts_status_query all = {.range = view->query.range, .page = 1};

    if (view->query.domain) {
        MTS_HTML(view->out, "<p class=\"crumb\"><a href=\"%s\">All policy domains</a></p>",
                 mts_status_query_render(view->p, &all));
    }
    else {
        MTS_HTML(view->out, "<p class=\"crumb soft\">%s</p>", ap_get_server_name(view->r));
    }
}

void mts_status_begin_html(const mts_status_view *view, const char *title)
{
    MTS_HTML(view->out,
             "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
             "<meta name=\"color-scheme\" content=\"light dark\">"
             "<title>%s</title><link rel=\"icon\" href=\"" ICON "\"><style>",
             title);
    mta_sts_buffer_puts(view->out, mts_status_style);
    MTS_HTML(view->out,
             "</style></head><body><a class=\"skip\" href=\"#content\">Skip to content</a>"
             "<header><div>");
    put_crumb(view);
    MTS_HTML(view->out, "<h1>%s</h1></div>", title);
    put_ranges(view);
    MTS_HTML(view->out, "</header><main id=\"content\" tabindex=\"-1\">");
}

static void put_format_link(const mts_status_view *view, mts_status_format format, const char *name)
{
    mts_status_query query = view->query;

    query.format = format;
    MTS_HTML(view->out, " <a href=\"%s\">%s</a>", mts_status_query_render(view->p, &query), name);
}

static void put_ages(const mts_status_view *view)
{
    apr_pool_t *p = view->p;

    MTS_HTML(view->out, "<p>As of %s. ", mts_html_time(p, view->now));
    if (view->noticed) {
        MTS_HTML(view->out, "Configuration and certificates read %s ago, at the last start. ",
                 mts_html_duration(p, apr_time_sec(view->now - view->noticed->when)));
    }
    if (!view->reports->problem && view->reports->received) {
        MTS_HTML(view->out, "Newest report in the index received %s ago. ",
                 mts_html_duration(p, apr_time_sec(view->now - view->reports->received)));
    }
    MTS_HTML(view->out, "Days are those of UTC; counts are sessions, not messages.</p>");
}

void mts_status_end_html(const mts_status_view *view)
{
    MTS_HTML(view->out, "</main><footer>");
    put_ages(view);
    MTS_HTML(view->out, "<p>For machines:");
    put_format_link(view, MTS_STATUS_JSON, "JSON");
    put_format_link(view, MTS_STATUS_PROMETHEUS, "Prometheus");
    MTS_HTML(view->out, "</p></footer></body></html>\n");
}

void mts_status_finding_html(mta_sts_buffer *out, const mta_sts_finding *finding)
{
    const char *severity = mta_sts_severity_name(finding->severity);

    MTS_HTML(out,
             "<li><div><span class=\"badge %s\">%s</span></div><div><p><strong>%s</strong>: %s",
             severity, severity, finding->subject, finding->message);
    if (finding->fix) {
        MTS_HTML(out, ". <strong>What to do:</strong> %s", finding->fix);
    }
    MTS_HTML(out, "</p><p class=\"soft small\">");
    if (finding->file) {
        MTS_HTML(out, "%s ",
                 finding->line ? apr_psprintf(out->p, "%s:%d", finding->file, finding->line)
                               : finding->file);
    }
    MTS_HTML(out, "[%s]</p></div></li>", finding->id);
}

void mts_status_tile_html(mta_sts_buffer *out, const char *class, const char *name,
                          const char *value, const char *more)
{
    MTS_HTML(out, "<div class=\"%s\"><dt>%s</dt><dd>%s</dd>", class, name, value);
    if (more) {
        MTS_HTML(out, "<dd class=\"sub\">%s</dd>", more);
    }
    MTS_HTML(out, "</div>");
}

mta_sts_severity mts_status_certificate_severity(int days)
{
    if (days < 0) {
        return MTA_STS_ERROR;
    }
    return days < MTA_STS_CERTIFICATE_SOON_DAYS ? MTA_STS_WARNING : MTA_STS_OK;
}

void mts_status_certificate_tile_html(const mts_status_view *view,
                                      const mta_sts_certificate *certificate)
{
    apr_pool_t *p = view->p;
    const char *name;
    int days;

    if (!certificate) {
        mts_status_tile_html(view->out, "", "Certificate", "unknown",
                             "no https virtual host of a policy host has one here");
        return;
    }
    days = mta_sts_certificate_days(certificate, view->now);
    name = certificate->names->nelts ? APR_ARRAY_IDX(certificate->names, 0, const char *) : NULL;
    mts_status_tile_html(
        view->out, mta_sts_severity_name(mts_status_certificate_severity(days)),
        view->query.domain ? "Certificate" : "Certificate that ends first",
        days < 0 ? "expired" : apr_psprintf(p, "%d day%s", days, days == 1 ? "" : "s"),
        apr_pstrcat(p, days < 0 ? "ended " : "until ", mts_html_day(p, certificate->not_after),
                    name ? ", " : "", name, NULL));
}

void mts_status_session_tiles_html(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    apr_int64_t all = reports->successful > APR_INT64_MAX - reports->failed
                          ? APR_INT64_MAX
                          : reports->successful + reports->failed;
    apr_pool_t *p = view->p;

    if (reports->problem) {
        mts_status_tile_html(view->out, "warning", "Sessions", "unknown", reports->problem);
        return;
    }
    mts_status_tile_html(
        view->out, "", "Delivered securely", mts_html_share(p, reports->successful, all),
        all ? apr_psprintf(p, "of %s sessions %s", mts_html_count(p, all), view->query.range->words)
            : view->query.range->words);
    mts_status_tile_html(view->out, reports->failed ? "error" : "", "Failed sessions",
                         mts_html_count(p, reports->failed),
                         reports->failed || reports->causes->nelts ? "causes and what to do below"
                                                                   : "nothing to do");
    mts_status_tile_html(
        view->out, "", "Reports", mts_html_count(p, reports->reports),
        reports->received
            ? apr_psprintf(p, "last one %s ago",
                           mts_html_duration(p, apr_time_sec(view->now - reports->received)))
            : "none has come yet");
}
