/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict: the first thing on the overview and on the page of a domain. */
#include <apr_strings.h>

#include "core/base/format.h"
#include "httpd/status/hosted.h"
#include "httpd/status/html.h"
#include "httpd/status/losses.h"
#include "httpd/status/view.h"
#include "tlsrpt/advice/explain.h"

#define LOSSES_SHOWN 3

/* --- severity --- */

static mta_sts_severity worse(mta_sts_severity a, mta_sts_severity b)
{
    return a > b ? a : b;
}

static mta_sts_severity of_certificate(const mts_status_view *view,
                                       const mta_sts_certificate *certificate)
{
    return certificate ? mta_sts_certificate_severity(certificate, view->now) : MTA_STS_OK;
}

static mta_sts_severity of_startup(const mts_status_view *view)
{
    const int *counts = view->startup->counts;

    return counts[MTA_STS_ERROR]     ? MTA_STS_ERROR
           : counts[MTA_STS_WARNING] ? MTA_STS_WARNING
                                     : MTA_STS_OK;
}

static mta_sts_severity of_domain(const mts_status_view *view)
{
    mts_domain_facts facts = mts_status_facts(view, view->domain);
    mta_sts_severity worst = of_certificate(view, view->domain->certificate);
    int i;

    for (i = 0; i < facts.findings->list->nelts; i++) {
        mta_sts_severity severity = mta_sts_findings_at(facts.findings, i)->severity;

        worst = severity >= MTA_STS_WARNING && severity <= MTA_STS_ERROR ? worse(worst, severity)
                                                                         : worst;
    }
    return facts.is_served ? worst : worse(worst, MTA_STS_WARNING);
}

/* Whether mail is being lost. Only verified reports prove that, because anyone can submit
 * unverified ones. */
static int is_losing(const mts_status_reports *reports)
{
    int i;

    for (i = 0; !reports->problem && i < reports->losses->nelts; i++) {
        if (APR_ARRAY_IDX(reports->losses, i, mts_status_loss).is_verified) {
            return 1;
        }
    }
    return 0;
}

mta_sts_severity mts_status_verdict(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    mta_sts_severity severity = MTA_STS_OK;

    if (is_losing(reports)) {
        return MTA_STS_ERROR;
    }
    if (view->domain) {
        severity = of_domain(view);
    }
    else if (!view->query.domain) {
        severity = worse(of_startup(view), of_certificate(view, view->domains->first));
        severity = worse(severity, mts_status_hosted_verdict(view));
    }
    return reports->problem || reports->findings->list->nelts ||
                   mts_status_has_verified_failures(reports)
               ? worse(severity, MTA_STS_WARNING)
               : severity;
}

/* --- in HTML --- */

static void put_loss(const mts_status_view *view, const mts_status_loss *loss)
{
    if (view->query.is_in_path) {
        MTS_HTML(view->out, "<li>%s", loss->domain);
    }
    else {
        MTS_HTML(view->out, "<li><a href=\"%s\">%s</a>", mts_status_domain_link(view, loss->domain),
                 loss->domain);
    }
    MTS_HTML(view->out,
             ": %s failed under mode enforce in the "
             "last %d days. %s%s</li>",
             mta_sts_format_count(view->p, loss->sessions, "session", "sessions"),
             MTS_STATUS_LOSS_DAYS, loss->explanation->what,
             loss->is_verified
                 ? ""
                 : " Only unverified reports say so; anyone can submit them. Check it "
                   "before you change anything.");
}

static void put_losses(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    int i;

    if (reports->problem || reports->losses->nelts == 0) {
        return;
    }
    MTS_HTML(view->out, "<ul class=\"losses\">");
    for (i = 0; i < reports->losses->nelts && i < LOSSES_SHOWN; i++) {
        put_loss(view, &APR_ARRAY_IDX(reports->losses, i, mts_status_loss));
    }
    MTS_HTML(view->out, "</ul>");
    if (reports->losses->nelts > i) {
        MTS_HTML(view->out, "<p>More domains have such failures, see <a href=\"#domains\">policy "
                            "domains</a>.</p>");
    }
}

static void put_no_sessions(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;

    if (!reports->received) {
        MTS_HTML(view->out, " No reports received yet.");
        return;
    }
    MTS_HTML(view->out, " No %s %s.", reports->reports ? "sessions" : "reports",
             view->query.range->text);
    if (!reports->reports && view->query.range->days) {
        MTS_HTML(
            view->out, " The last one was received %s ago%s.",
            mta_sts_format_duration_rounded(view->p, apr_time_sec(view->now - reports->received)),
            reports->earlier_reports ? " and is about earlier days" : "");
    }
}

/* Adds the failures in unverified reports, which are a reason to check, but do not affect the
 * verdict. */
static void put_unverified(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    apr_int64_t failed = reports->failed - reports->verified_failed;
    apr_int64_t successful = reports->successful - reports->verified_successful;
    apr_pool_t *p = view->p;

    if (failed ||
        (mts_status_has_failures(reports) && !mts_status_has_verified_failures(reports))) {
        MTS_HTML(view->out,
                 " Check this: unverified reports contain %s%s %s. Anyone can submit them.",
                 failed ? mta_sts_format_count(p, failed, "failed session", "failed sessions")
                        : "failures",
                 tlsrpt_detailed_text(p, failed, reports->detailed[1]), view->query.range->text);
    }
    else if (reports->reports == reports->unverified && successful) {
        MTS_HTML(view->out, " %s, all in unverified reports, which anyone can submit.",
                 mta_sts_format_count(p, successful, "secure session", "secure sessions"));
    }
}

static void put_verified(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    apr_pool_t *p = view->p;

    if (reports->verified_failed) {
        MTS_HTML(view->out, " %s%s failed %s.",
                 mta_sts_format_count(p, reports->verified_failed, "session", "sessions"),
                 tlsrpt_detailed_text(p, reports->verified_failed, reports->detailed[0]),
                 view->query.range->text);
    }
    else if (mts_status_has_verified_failures(reports)) {
        MTS_HTML(
            view->out, " %s counted as successful %s, but reports contain failures as well%s.",
            mta_sts_format_count(p, reports->verified_successful, "session is", "sessions are"),
            view->query.range->text, tlsrpt_detailed_text(p, 0, reports->detailed[0]));
    }
    else if (reports->verified_successful) {
        MTS_HTML(view->out, " %s delivered all of %s securely.",
                 mta_sts_format_count(p, reports->verified_senders, "sender", "senders"),
                 mta_sts_format_count(p, reports->verified_successful, "session", "sessions"));
    }
}

static void put_sessions(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;

    if (reports->problem) {
        MTS_HTML(view->out, " Reports cannot be shown: %s.", reports->problem);
    }
    else if (!reports->successful && !mts_status_has_failures(reports)) {
        put_no_sessions(view);
    }
    else {
        put_verified(view);
        put_unverified(view);
    }
}

static void put_startup(const mts_status_view *view)
{
    int errors = view->startup->counts[MTA_STS_ERROR];
    int warnings = view->startup->counts[MTA_STS_WARNING];

    if (view->domains->list->nelts == 0 && !view->hosted) {
        MTS_HTML(view->out, " No policy is configured yet.");
    }
    if (!errors && !warnings) {
        return;
    }
    MTS_HTML(view->out, " The last start logged ");
    if (errors) {
        MTS_HTML(view->out, "%s%s", mta_sts_format_count(view->p, errors, "error", "errors"),
                 warnings ? " and " : "");
    }
    if (warnings) {
        MTS_HTML(view->out, "%s", mta_sts_format_count(view->p, warnings, "warning", "warnings"));
    }
    MTS_HTML(view->out, ".");
}

static void put_findings(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    int i;

    for (i = 0; !reports->problem && i < reports->findings->list->nelts; i++) {
        MTS_HTML(view->out, " <a href=\"#now\">%s</a>.",
                 mta_sts_finding_meaning(mta_sts_findings_at(reports->findings, i)->id));
    }
}

static const char *headline(const mts_status_view *view, mta_sts_severity severity)
{
    if (is_losing(view->reports)) {
        return "Mail is being refused.";
    }
    if (severity != MTA_STS_OK) {
        return severity == MTA_STS_ERROR ? "Error: action needed." : "Action needed.";
    }
    return view->reports->verified_successful ? "All is well." : "No problems found.";
}

void mts_status_verdict_html(const mts_status_view *view)
{
    mta_sts_severity severity = mts_status_verdict(view);

    MTS_HTML(view->out,
             "<section class=\"verdict %s\" aria-label=\"Verdict\"><p><strong>%s</strong>",
             mta_sts_severity_name(severity), headline(view, severity));
    if (!view->query.domain) {
        put_startup(view);
        put_findings(view);
        MTS_HTML(view->out, "%s", mts_status_hosted_text(view));
    }
    put_sessions(view);
    MTS_HTML(view->out, "</p>");
    put_losses(view);
    MTS_HTML(view->out, "</section>");
}
