/* SPDX-License-Identifier: Apache-2.0 */
/* Readiness for mode enforce: a part of the page of a domain. */
#include "httpd/status/html.h"
#include "httpd/status/readiness.h"
#include "httpd/status/view.h"

/* The text for a mode (testing or enforce) and a result. */
static const char *result_text(int is_testing, tlsrpt_ready result)
{
    switch (result) {
    case TLSRPT_READY_NO:
        return is_testing ? "No: mode enforce would block mail."
                          : "No: mode enforce is on, and blocks mail.";
    case TLSRPT_READY_NOT_YET:
        return is_testing ? "Not yet: something is still missing."
                          : "Mode enforce is on, but something has to be checked.";
    default:
        return "The reports give no reason against it.";
    }
}

/* Refers to the command, because reports are only a part of its assessment. */
static void put_command(const mts_status_view *view, int is_testing)
{
    MTS_HTML(view->out,
             "<p class=\"soft small more\">This section uses only the reports about the last %d "
             "days. The options that it names are those of <code>sudo mta-sts ready %s</code>, "
             "which also checks DNS, the policy host and the MX hosts, and prints %s.</p>",
             TLSRPT_READINESS_SINCE,
             view->domain->shown->is_pattern ? "DOMAIN" : view->domain->name,
             is_testing ? "what is missing, or which line to change" : "what blocks mail");
}

/* Adds until when senders may use a copy of an earlier policy. */
static void put_copies(const mts_status_view *view)
{
    const mta_sts_rollout *rollout = view->reports->rollout;
    mta_sts_rollout_date date;

    if (!rollout || !rollout->earlier->nelts) {
        return;
    }
    date = mta_sts_rollout_copies(rollout);
    MTS_HTML(view->out,
             "<li><div><span class=\"badge\">info</span></div><div><p><strong>Earlier "
             "policies</strong>: %s</p></div></li>",
             mta_sts_rollout_copies_text(view->p, &date, 1));
}

static void put_result(const mts_status_view *view, int is_testing)
{
    const tlsrpt_readiness *readiness = view->reports->readiness;
    const mta_sts_findings *findings = mts_status_readiness_findings(view->p, readiness);
    int i;

    MTS_HTML(view->out, "<p>%s</p><ul class=\"findings\">",
             result_text(is_testing, mts_status_readiness_result(readiness)));
    for (i = 0; i < findings->list->nelts; i++) {
        mts_status_finding_html(view->out, mta_sts_findings_at(findings, i));
    }
    put_copies(view);
    MTS_HTML(view->out, "</ul>");
}

void mts_status_readiness_html(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    int is_testing = view->domain->mode == MTA_STS_MODE_TESTING;

    if (view->query.is_in_path || view->domain->mode == MTA_STS_MODE_NONE) {
        return;
    }
    MTS_HTML(view->out, "<section aria-labelledby=\"ready\"><h2 id=\"ready\">%s</h2>",
             is_testing ? "Ready for enforce?" : "Is enforce safe?");
    if (!reports->problem && reports->readiness) {
        put_result(view, is_testing);
    }
    else {
        MTS_HTML(view->out, "<p>The reports cannot be read now.</p>");
    }
    put_command(view, is_testing);
    MTS_HTML(view->out, "</section>");
}
