/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_VIEW_H
#define HTTPD_STATUS_VIEW_H

#include <httpd.h>
#include <apr_hash.h>

#include "core/base/buffer.h"
#include "httpd/policy/domains.h"
#include "httpd/policy/startup_findings.h"
#include "httpd/status/query.h"
#include "httpd/status/reports.h"

typedef struct mts_status_hosted mts_status_hosted; /* httpd/status/hosted.h */

/* The data of one response of the status page, gathered once and rendered in one format. */
typedef struct mts_status_view {
    request_rec *r;
    apr_pool_t *p; /* of the request */
    apr_time_t now;
    mts_status_query query;
    const mts_domains *domains;
    const mts_startup_findings *startup;
    const mts_domain *domain; /* of the query, if it has a policy here */
    mta_sts_list_row row; /* of the query's domain, if it is hosted; row.domain: NULL: it is not */
    const mts_status_hosted *hosted; /* NULL: MTASTSHosting is off */
    const mts_status_reports *reports;
    mta_sts_buffer *out;
} mts_status_view;

/* The facts about a domain; on the page of a customer without those about the machine: paths,
 * locations, and findings about virtual hosts and certificates. */
mts_domain_facts mts_status_facts(const mts_status_view *view, const mts_domain *domain);

/* --- the list of policy domains (list.c) --- */

/* One page of the list. */
typedef struct mts_status_list {
    apr_array_header_t *domains; /* of const mts_domain *: the domains on the page */
    int found;                   /* domains that match the query */
    int pages;                   /* at least 1 */
} mts_status_list;

#define MTS_STATUS_PAGE 50  /* domains on one page */
#define MTS_STATUS_WORST 10 /* domains on the overview */

/* The domains that match the query, those with the worst problems first, then by name. */
mts_status_list mts_status_list_of(const mts_status_view *view);

/* The sessions of these domains: name -> tlsrpt_domain; NULL if they are unknown. */
apr_hash_t *mts_status_list_shares(const mts_status_view *view, const mts_status_list *list);

/* --- the verdict (verdict.c) --- */

/* The verdict on the whole server, or on the domain of the query. */
mta_sts_severity mts_status_verdict(const mts_status_view *view);

/* --- formats: each adds a whole response to view->out --- */

void mts_status_overview_html(const mts_status_view *view);
void mts_status_list_html(const mts_status_view *view);
void mts_status_domain_html(const mts_status_view *view);
void mts_status_json(const mts_status_view *view);
void mts_status_prometheus(const mts_status_view *view);

/* An error: a page with a link to the overview, a JSON object, or a line of text. */
void mts_status_error(const mts_status_view *view, int status, const char *sentence);

/* An error as JSON. */
void mts_status_error_json(const mts_status_view *view, const char *sentence);

/* --- parts of HTML pages --- */

void mts_status_begin_html(const mts_status_view *view, const char *title);
void mts_status_end_html(const mts_status_view *view);
void mts_status_verdict_html(const mts_status_view *view);
void mts_status_domains_html(const mts_status_view *view);
void mts_status_sessions_html(const mts_status_view *view);
void mts_status_senders_html(const mts_status_view *view);
void mts_status_hosted_html(const mts_status_view *view);
void mts_status_hosted_list_html(const mts_status_view *view);
void mts_status_controls_html(const mts_status_view *view);

/* A link to a page of a list, and links to all pages; anchor: id of the section. */
void mts_status_page_link_html(const mts_status_view *view, int page, const char *name,
                               const char *anchor);
void mts_status_pages_html(const mts_status_view *view, int pages, const char *anchor);

/* The contents of the quarantine, and what to do about them; nothing if it is empty. */
void mts_status_quarantine_html(const mts_status_view *view);

/* The two cells of a table with the sessions of a domain; shares: as mts_status_shares_of returns
 * them. */
void mts_status_sessions_cells_html(const mts_status_view *view, const char *domain,
                                    apr_hash_t *shares);
void mts_status_readiness_html(const mts_status_view *view);
void mts_status_causes_html(const mts_status_view *view);
void mts_status_endpoint_html(const mts_status_view *view);

/* --- small parts (parts.c) --- */

void mts_status_finding_html(mta_sts_buffer *out, const mta_sts_finding *finding);
void mts_status_tile_html(mta_sts_buffer *out, const char *class, const char *name,
                          const char *value, const char *more);
void mts_status_certificate_tile_html(const mts_status_view *view,
                                      const mta_sts_certificate *certificate);
void mts_status_session_tiles_html(const mts_status_view *view);

/* "FILE:LINE" or a path, always on one line: if it is too long, its beginning is hidden. */
void mts_status_location_html(mta_sts_buffer *out, const char *location);

/* The URL of a domain's page for the same range. */
const char *mts_status_domain_link(const mts_status_view *view, const char *name);

/* The URL of a report as it was received. NULL if it is not on this machine, cannot be read, or is
 * about other domains as well and the page is that of a customer. */
const char *mts_status_report_link(const mts_status_view *view, const tlsrpt_index_report *report);

/* The other machine that has the report; NULL if this one has it, or the page is that of a
 * customer. */
const char *mts_status_report_machine(const mts_status_view *view,
                                      const tlsrpt_index_report *report);

/* The name of a sender, truncated, but not escaped. */
const char *mts_status_name_of(apr_pool_t *p, const char *organization);

/* Whether reports, or verified reports, contain failures. Some have failure details although they
 * count no failed sessions. */
int mts_status_has_failures(const mts_status_reports *reports);
int mts_status_has_verified_failures(const mts_status_reports *reports);

/* The sessions to which the figures on a page refer: those of verified reports; if there are none,
 * those of unverified ones, marked as such. */
typedef struct mts_status_figures {
    int is_verified;
    apr_int64_t successful, failed;
    apr_int64_t unverified; /* number of sessions in unverified reports that are left out */
} mts_status_figures;

mts_status_figures mts_status_figures_of(const tlsrpt_domain *domain);
mts_status_figures mts_status_figures_of_reports(const mts_status_reports *reports);

/* A badge for unverified reports; adds nothing for verified ones. */
void mts_status_unverified_html(mta_sts_buffer *out, int is_verified);

/* The share of successful sessions in percent; never 100 % if there is a failed session. */
const char *mts_status_share(apr_pool_t *p, apr_int64_t successful, apr_int64_t failed);

/* The explanations of a cause: of const tlsrpt_explanation *, never empty. */
apr_array_header_t *mts_status_explain(apr_pool_t *p, const mts_status_cause *cause);

#endif
