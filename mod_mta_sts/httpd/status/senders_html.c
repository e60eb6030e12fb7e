/* SPDX-License-Identifier: Apache-2.0 */
/* Senders and the latest reports: parts of the overview and of a domain's page. */
#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "httpd/status/html.h"
#include "httpd/status/view.h"
#include "tlsrpt/advice/evidence.h"

/* --- senders --- */

static void put_failed(mta_sts_buffer *out, apr_int64_t failed)
{
    MTS_HTML(out, "<td class=\"number\"><span class=\"%s\">%s</span></td>",
             failed ? "badge error" : "", mta_sts_format_number(out->p, failed));
}

static void put_verified(mta_sts_buffer *out, int is_verified)
{
    MTS_HTML(out, " <span class=\"badge %s\">%s</span>",
             tlsrpt_evidence_counts(is_verified) ? "ok" : "testing",
             tlsrpt_evidence_name(is_verified));
}

static void put_sender(const mts_status_view *view, const tlsrpt_sender *sender)
{
    apr_pool_t *p = view->p;

    MTS_HTML(view->out, "<tr><th scope=\"row\"><span class=\"clamp\">%s</span>",
             mts_status_name_of(p, sender->organization));
    MTS_HTML(view->out, "</th><td class=\"number\">%s</td>",
             mta_sts_format_number(p, sender->successful));
    put_failed(view->out, sender->failed);
    MTS_HTML(view->out, "<td class=\"number wide\">%s</td><td class=\"wide date\">%s</td><td>",
             mta_sts_format_number(p, sender->reports), mta_sts_format_last_date(p, sender->last));
    put_verified(view->out, sender->is_verified);
    MTS_HTML(view->out, "</td></tr>");
}

static void put_senders(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    int i;

    MTS_HTML(view->out,
             "<section aria-labelledby=\"senders\"><h2 id=\"senders\">Senders</h2><table>"
             "<thead><tr><th scope=\"col\">Organization</th><th scope=\"col\" class=\"number\">"
             "Secure</th><th scope=\"col\" class=\"number\">Failed</th><th scope=\"col\" "
             "class=\"number wide\">Reports</th><th scope=\"col\" class=\"wide\">Last day"
             "</th><th scope=\"col\">Evidence</th></tr></thead><tbody>");
    for (i = 0; i < reports->senders->nelts; i++) {
        put_sender(view, &APR_ARRAY_IDX(reports->senders, i, tlsrpt_sender));
    }
    MTS_HTML(view->out, "</tbody></table>");
    if (reports->omitted_senders) {
        MTS_HTML(view->out, "<p class=\"soft\">and %d more.</p>", reports->omitted_senders);
    }
    if (reports->unverified) {
        MTS_HTML(view->out,
                 "<p class=\"soft small\">%s of %s reports are unverified: anyone can submit them "
                 "under any name.</p>",
                 mta_sts_format_number(view->p, reports->unverified),
                 mta_sts_format_number(view->p, reports->reports));
    }
    MTS_HTML(view->out, "</section>");
}

/* --- latest reports --- */

/* The badges of a report. */
static void put_state(mta_sts_buffer *out, const tlsrpt_index_report *report)
{
    static const char *const names[] = {
        [TLSRPT_STATE_DUPLICATE] = "duplicate",
        [TLSRPT_STATE_CONFLICT] = "conflicts with another report",
        [TLSRPT_STATE_UNREADABLE] = "unreadable",
    };

    if (report->state != TLSRPT_STATE_COUNTS) {
        MTS_HTML(out, " <span class=\"badge testing\">%s</span>", names[report->state]);
    }
    put_verified(out, report->verified);
}

/* Adds a link to the report itself, or the machine that has it. */
static void put_report_link(const mts_status_view *view, const tlsrpt_index_report *report)
{
    const char *link = mts_status_report_link(view, report);
    const char *machine = mts_status_report_machine(view, report);

    if (link) {
        MTS_HTML(view->out, "<div class=\"small\"><a href=\"%s\">Report</a></div>", link);
    }
    else if (machine) {
        MTS_HTML(view->out, "<div class=\"small soft clamp\">stored on the machine %s</div>",
                 mts_html_shorten(view->p, machine));
    }
}

static void put_receipt(const mts_status_view *view, const tlsrpt_index_report *receipt)
{
    apr_pool_t *p = view->p;

    MTS_HTML(
        view->out,
        "<tr><th scope=\"row\" class=\"date\">%s</th><td><span class=\"clamp\">%s</span>",
        apr_pstrmemdup(p, mta_sts_format_time(p, receipt->received), strlen("2026-11-25 18:49")),
        mts_status_name_of(p, receipt->organization));
    put_state(view->out, receipt);
    put_report_link(view, receipt);
    MTS_HTML(view->out, "</td><td class=\"wide date\">%s</td><td class=\"number\">%s</td>",
             receipt->begin ? mta_sts_format_date(p, receipt->begin) : "not specified",
             mta_sts_format_number(p, receipt->successful));
    put_failed(view->out, receipt->failed);
    MTS_HTML(view->out, "<td class=\"wide date\">%s</td></tr>", receipt->channel);
}

static void put_receipts(const mts_status_view *view)
{
    const apr_array_header_t *receipts = view->reports->receipts;
    int i;

    MTS_HTML(view->out,
             "<section aria-labelledby=\"last\"><h2 id=\"last\">Latest reports</h2>"
             "<table><thead><tr><th scope=\"col\">Received (UTC)</th><th scope=\"col\">From</th>"
             "<th scope=\"col\" class=\"wide\">Report date</th><th scope=\"col\" "
             "class=\"number\">Secure</th><th scope=\"col\" class=\"number\">Failed</th>"
             "<th scope=\"col\" class=\"wide\">Received by</th></tr></thead><tbody>");
    for (i = 0; i < receipts->nelts; i++) {
        put_receipt(view, &APR_ARRAY_IDX(receipts, i, tlsrpt_index_report));
    }
    MTS_HTML(view->out, "</tbody></table></section>");
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
