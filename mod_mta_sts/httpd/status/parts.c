/* SPDX-License-Identifier: Apache-2.0 */
/* Small parts that several HTML views of the status page share. */
#include <apr_strings.h>

#include "core/base/format.h"
#include "httpd/status/html.h"
#include "httpd/status/view.h"
#include "tlsrpt/advice/evidence.h"
#include "tlsrpt/advice/explain.h"

/* --- facts --- */

/* The findings that a customer can fix: those about the policy, and about its row in the
 * database. */
static const mta_sts_findings *own_findings(const mts_status_view *view,
                                            const mts_domain_facts *facts)
{
    mta_sts_findings *findings = mta_sts_findings_make(view->p);
    const mts_domain *domain = facts->domain;

    mta_sts_policy_check(facts->policy, domain->name, findings);
    if (domain->row_wrong) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "row-wrong", domain->name, NULL,
                            "%s; the last valid policy is still served", domain->row_wrong);
    }
    return findings;
}

mts_domain_facts mts_status_facts(const mts_status_view *view, const mts_domain *domain)
{
    mts_domain_facts facts = mts_domains_facts(view->p, view->domains, domain, view->now);

    if (view->query.is_in_path) {
        facts.findings = own_findings(view, &facts);
        facts.location = NULL;
    }
    return facts;
}

/* --- text --- */

const char *mts_status_domain_link(const mts_status_view *view, const char *name)
{
    const mts_status_query query = {.domain = name, .range = view->query.range, .page = 1};

    return mts_status_query_render(view->p, &query);
}

const char *mts_status_report_link(const mts_status_view *view, const tlsrpt_index_report *report)
{
    const mts_status_query query = {.report = report->digest};

    if (!report->is_here || report->state == TLSRPT_STATE_UNREADABLE ||
        (view->query.is_in_path && !report->is_only)) {
        return NULL;
    }
    return mts_status_query_render(view->p, &query);
}

const char *mts_status_report_machine(const mts_status_view *view,
                                      const tlsrpt_index_report *report)
{
    return report->is_here || view->query.is_in_path ? NULL : report->host;
}

const char *mts_status_name_of(apr_pool_t *p, const char *organization)
{
    return *organization ? mts_html_shorten(p, organization) : "(no name)";
}

const char *mts_status_share(apr_pool_t *p, apr_int64_t successful, apr_int64_t failed)
{
    int shift;

    if (successful == 0 && failed == 0) {
        return "no sessions";
    }
    shift = successful > APR_INT64_MAX - failed ? 1 : 0; /* so that the sum does not overflow */
    return mta_sts_format_share(p, successful >> shift, (successful >> shift) + (failed >> shift));
}

apr_array_header_t *mts_status_explain(apr_pool_t *p, const mts_status_cause *cause)
{
    return tlsrpt_explain_cause(p, cause->domain, cause->cause);
}

/* --- severities --- */

int mts_status_has_failures(const mts_status_reports *reports)
{
    return !reports->problem && (reports->failed || reports->causes->nelts);
}

/* Verified causes come first. */
int mts_status_has_verified_failures(const mts_status_reports *reports)
{
    return mts_status_has_failures(reports) &&
           (reports->verified_failed ||
            (reports->causes->nelts &&
             tlsrpt_evidence_counts(
                 APR_ARRAY_IDX(reports->causes, 0, mts_status_cause).cause->is_verified)));
}

/* --- figures --- */

static mts_status_figures choose(int is_verified, const tlsrpt_day *sums)
{
    apr_int64_t successful = sums->successful - sums->verified_successful;
    apr_int64_t failed = sums->failed - sums->verified_failed;

    return is_verified ? (mts_status_figures){1, sums->verified_successful, sums->verified_failed,
                                              tlsrpt_count_add(successful, failed)}
                       : (mts_status_figures){0, successful, failed, 0};
}

mts_status_figures mts_status_figures_of(const tlsrpt_domain *domain)
{
    const tlsrpt_day sums = {0, domain->successful, domain->failed, domain->verified_successful,
                             domain->verified_failed};

    return choose(domain->verified > 0, &sums);
}

mts_status_figures mts_status_figures_of_reports(const mts_status_reports *reports)
{
    const tlsrpt_day sums = {0, reports->successful, reports->failed, reports->verified_successful,
                             reports->verified_failed};

    return choose(reports->reports > reports->unverified, &sums);
}

void mts_status_unverified_html(mta_sts_buffer *out, int is_verified)
{
    if (!tlsrpt_evidence_counts(is_verified)) {
        MTS_HTML(out, " <span class=\"badge testing\">%s</span>",
                 tlsrpt_evidence_name(is_verified));
    }
}

/* --- findings --- */

void mts_status_location_html(mta_sts_buffer *out, const char *location)
{
    MTS_HTML(out, "<code class=\"location\" title=\"%s\"><bdi>%s</bdi></code>", location, location);
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
        mts_status_location_html(
            out, finding->line ? apr_psprintf(out->p, "%s:%d", finding->file, finding->line)
                               : finding->file);
        MTS_HTML(out, " ");
    }
    MTS_HTML(out, "[%s]</p></div></li>", finding->id);
}

/* --- tiles --- */

void mts_status_tile_html(mta_sts_buffer *out, const char *class, const char *name,
                          const char *value, const char *more)
{
    MTS_HTML(out, "<div class=\"%s\"><dt>%s</dt><dd>%s</dd>", class, name, value);
    if (more) {
        MTS_HTML(out, "<dd class=\"sub\">%s</dd>", more);
    }
    MTS_HTML(out, "</div>");
}

void mts_status_certificate_tile_html(const mts_status_view *view,
                                      const mta_sts_certificate *certificate)
{
    apr_pool_t *p = view->p;
    const char *name;
    int days;

    if (!certificate) {
        mts_status_tile_html(view->out, "", "Certificate", "unknown",
                             "no TLS virtual host of a policy host has one here");
        return;
    }
    days = mta_sts_certificate_days(certificate, view->now);
    name = certificate->names->nelts && !view->query.is_in_path
               ? APR_ARRAY_IDX(certificate->names, 0, const char *)
               : NULL;
    mts_status_tile_html(
        view->out, mta_sts_severity_name(mta_sts_certificate_severity(certificate, view->now)),
        view->query.domain ? "Certificate" : "Next certificate to expire",
        days < 0 ? "expired" : mta_sts_format_count(p, days, "day", "days"),
        apr_pstrcat(p, days < 0 ? "expired on " : "expires on ",
                    mta_sts_format_date(p, certificate->not_after), name ? ", " : "", name, NULL));
}

/* What the figures refer to, and what they omit. */
static const char *scope_of(const mts_status_view *view, const mts_status_figures *figures)
{
    apr_pool_t *p = view->p;
    apr_int64_t all = tlsrpt_count_add(figures->successful, figures->failed);
    const char *text =
        all ? apr_psprintf(p, "of %s %s%s", mta_sts_format_count(p, all, "session", "sessions"),
                           view->query.range->text,
                           figures->is_verified ? "" : ", all in unverified reports")
            : view->query.range->text;

    return figures->unverified
               ? apr_psprintf(p, "%s; %s in unverified reports not counted", text,
                              mta_sts_format_count(p, figures->unverified, "session", "sessions"))
               : text;
}

static const char *failed_text(const mts_status_view *view, const mts_status_figures *figures)
{
    return !mts_status_has_failures(view->reports) ? "nothing to do"
           : figures->is_verified && mts_status_has_verified_failures(view->reports)
               ? "see causes below"
               : "unverified reports contain failures: check them";
}

void mts_status_session_tiles_html(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    const mts_status_figures figures = mts_status_figures_of_reports(reports);
    apr_pool_t *p = view->p;

    if (reports->problem) {
        mts_status_tile_html(view->out, "warning", "Sessions", "unknown", reports->problem);
        return;
    }
    mts_status_tile_html(view->out, "", "Delivered securely",
                         mts_status_share(p, figures.successful, figures.failed),
                         scope_of(view, &figures));
    mts_status_tile_html(view->out, figures.is_verified && figures.failed ? "error" : "",
                         "Failed sessions", mta_sts_format_number(p, figures.failed),
                         apr_pstrcat(p, failed_text(view, &figures),
                                     tlsrpt_detailed_text(p, figures.failed,
                                                          reports->detailed[!figures.is_verified]),
                                     NULL));
    mts_status_tile_html(view->out, "", "Reports", mta_sts_format_number(p, reports->reports),
                         reports->received
                             ? apr_psprintf(p, "last one received %s ago",
                                            mta_sts_format_duration_rounded(
                                                p, apr_time_sec(view->now - reports->received)))
                             : "none received yet");
}
