/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of every HTML page, and error pages. */
#include <http_core.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "httpd/status/html.h"
#include "httpd/status/style.h"
#include "httpd/status/view.h"

#define ICON                                                                                       \
    "data:image/svg+xml,%%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%%3E"        \
    "%%3Crect width='16' height='16' rx='4' fill='%%232a9d78'/%%3E%%3Cpath d='M4 8l3 3 5-6' "      \
    "fill='none' stroke='white' stroke-width='2'/%%3E%%3C/svg%%3E"

/* Links to the same page for other ranges. */
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

    if (view->query.is_in_path) {
        MTS_HTML(view->out, "<p class=\"crumb soft\">MTA-STS and TLS reports</p>");
    }
    else if (view->query.domain || mts_status_query_is_list(&view->query)) {
        MTS_HTML(view->out, "<p class=\"crumb\"><a href=\"%s\">Overview</a></p>",
                 mts_status_query_render(view->p, &all));
    }
    else {
        MTS_HTML(view->out, "<p class=\"crumb soft\">%s</p>", ap_get_server_name(view->r));
    }
}

static void put_head(const mts_status_view *view, const char *title)
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
}

void mts_status_begin_html(const mts_status_view *view, const char *title)
{
    put_head(view, title);
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

    MTS_HTML(view->out, "<p>As of %s. ", mta_sts_format_time(p, view->now));
    if (!view->query.is_in_path) {
        MTS_HTML(view->out, "Configuration and certificates were read %s ago, at the last start. ",
                 mta_sts_format_duration_rounded(p, apr_time_sec(view->now - view->startup->when)));
    }
    if (!view->reports->problem && view->reports->received) {
        MTS_HTML(
            view->out, "The newest report was received %s ago. ",
            mta_sts_format_duration_rounded(p, apr_time_sec(view->now - view->reports->received)));
    }
    MTS_HTML(view->out, "Days are in UTC. Numbers count sessions, not messages.</p>");
}

void mts_status_end_html(const mts_status_view *view)
{
    MTS_HTML(view->out, "</main><footer>");
    put_ages(view);
    MTS_HTML(view->out, "<p>Other formats:");
    put_format_link(view, MTS_STATUS_JSON, "JSON");
    put_format_link(view, MTS_STATUS_PROMETHEUS, "Prometheus");
    MTS_HTML(view->out, "</p></footer></body></html>\n");
}

static void put_error_html(const mts_status_view *view, const char *title, const char *sentence)
{
    const mts_status_query all = {.range = view->query.range, .page = 1};

    put_head(view, title);
    MTS_HTML(view->out,
             "<h1>%s</h1></div></header><main id=\"content\" tabindex=\"-1\"><section><p>%s</p>",
             title, sentence);
    if (!view->query.is_in_path) {
        MTS_HTML(view->out, "<p><a href=\"%s\">Back to the overview</a></p>",
                 mts_status_query_render(view->p, &all));
    }
    MTS_HTML(view->out, "</section></main></body></html>\n");
}

void mts_status_error(const mts_status_view *view, int status, const char *sentence)
{
    switch (view->query.format) {
    case MTS_STATUS_JSON:
        mts_status_error_json(view, sentence);
        break;
    case MTS_STATUS_PROMETHEUS:
        mta_sts_buffer_printf(view->out, "# %s\n", sentence);
        break;
    default:
        put_error_html(view,
                       status == HTTP_NOT_FOUND             ? "Not found"
                       : status == HTTP_SERVICE_UNAVAILABLE ? "Not available"
                                                            : "Bad request",
                       sentence);
    }
}
