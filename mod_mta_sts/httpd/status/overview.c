/* SPDX-License-Identifier: Apache-2.0 */
/* The overview: all policy domains and reports of this server. */
#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "httpd/shared/counters.h"
#include "httpd/status/hosted.h"
#include "httpd/status/html.h"
#include "httpd/config/report_config.h"
#include "httpd/status/view.h"

static void put_hosted_tile(const mts_status_view *view)
{
    const mts_status_hosted *hosted = view->hosted;
    apr_pool_t *p = view->p;

    if (hosted) {
        mts_status_tile_html(
            view->out, hosted->state.wrong ? "warning" : "", "Hosted domains",
            hosted->problem ? "unknown" : mta_sts_format_number(p, hosted->state.served),
            hosted->problem ? NULL
                            : apr_psprintf(p, "from the database; %s",
                                           mta_sts_format_count(p, hosted->state.wrong,
                                                                "row is wrong", "rows are wrong")));
    }
}

static void put_tiles(const mts_status_view *view)
{
    const mts_report_config *config = mts_report_config_of(view->r->server);
    const int *modes = view->domains->modes;
    mts_usage quarantine = mts_counters_usage(TLSRPT_QUARANTINE);
    apr_pool_t *p = view->p;

    MTS_HTML(view->out, "<dl class=\"tiles\">");
    mts_status_tile_html(
        view->out, "", "Policy domains", mta_sts_format_number(p, view->domains->list->nelts),
        apr_psprintf(p, "%d enforce, %d testing, %d none", modes[MTA_STS_MODE_ENFORCE],
                     modes[MTA_STS_MODE_TESTING], modes[MTA_STS_MODE_NONE]));
    put_hosted_tile(view);
    mts_status_session_tiles_html(view);
    mts_status_certificate_tile_html(view, view->domains->first);
    mts_status_tile_html(view->out, "", "Quarantine", mta_sts_format_number(p, quarantine.files),
                         apr_pstrcat(p, mta_sts_format_size(p, quarantine.bytes), " of ",
                                     mta_sts_format_size(p, config->quarantine_quota), NULL));
    MTS_HTML(view->out, "</dl>");
}

/* Links to the sections further down. */
static void put_jumps(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;

    MTS_HTML(view->out, "<nav class=\"jumps\" aria-label=\"On this page\">");
    if (mts_status_has_failures(reports)) {
        MTS_HTML(view->out, "<a href=\"#causes\">Failures</a>");
    }
    MTS_HTML(view->out, "<a href=\"#domains\">Policy domains</a>");
    if (view->hosted) {
        MTS_HTML(view->out, "<a href=\"#hosted\">Hosted domains</a>");
    }
    if (!reports->problem && reports->reports) {
        MTS_HTML(view->out, "<a href=\"#senders\">Senders</a><a href=\"#last\">Latest reports</a>");
    }
    MTS_HTML(view->out, "<a href=\"#endpoint\">This server</a></nav>");
}

/* What is wrong now, apart from the configuration. */
static void put_findings(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    int i;

    if (reports->problem || !reports->findings->list->nelts) {
        return;
    }
    MTS_HTML(view->out, "<section aria-labelledby=\"now\"><h2 id=\"now\">Warnings</h2><ul "
                        "class=\"findings\">");
    for (i = 0; i < reports->findings->list->nelts; i++) {
        mts_status_finding_html(view->out, mta_sts_findings_at(reports->findings, i));
    }
    MTS_HTML(view->out, "</ul></section>");
}

#define FINDINGS_SHOWN 20

static void put_startup(const mts_status_view *view)
{
    const mta_sts_findings *findings = view->startup->findings;
    int i, all = 0;

    for (i = 0; i <= MTA_STS_UNKNOWN; i++) {
        all += view->startup->counts[i];
    }
    if (!all) {
        return;
    }
    MTS_HTML(view->out, "<section aria-labelledby=\"startup\"><h2 id=\"startup\">Configuration "
                        "warnings</h2><ul class=\"findings\">");
    for (i = 0; i < findings->list->nelts && i < FINDINGS_SHOWN; i++) {
        mts_status_finding_html(view->out, mta_sts_findings_at(findings, i));
    }
    MTS_HTML(view->out, "</ul>");
    if (all > i) {
        MTS_HTML(view->out,
                 "<p class=\"soft\">%d more are in the error log and on the pages of the "
                 "domains.</p>",
                 all - i);
    }
    MTS_HTML(view->out, "</section>");
}

void mts_status_overview_html(const mts_status_view *view)
{
    mts_status_begin_html(view, "Mail transport security");
    mts_status_verdict_html(view);
    put_tiles(view);
    put_jumps(view);
    mts_status_sessions_html(view);
    put_findings(view);
    put_startup(view);
    mts_status_domains_html(view);
    mts_status_hosted_html(view);
    mts_status_senders_html(view);
    mts_status_endpoint_html(view);
    mts_status_end_html(view);
}
