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

/* What one answer of the status page is made from, gathered once and shown in one of its formats.
 */
typedef struct mts_status_view {
    request_rec *r;
    apr_pool_t *p; /* of the request */
    apr_time_t now;
    mts_status_query query;
    const mts_domains *domains;
    const mts_startup_findings *noticed;
    const mts_domain *domain; /* the one that is asked for, if it has a policy here */
    const mts_status_reports *reports;
    mta_sts_buffer *out;
} mts_status_view;

/* The policy domains of one page of the list. */
typedef struct mts_status_list {
    apr_array_header_t *domains; /* of const mts_domain *: those of the page */
    int found;                   /* how many match what is searched for */
    int pages;                   /* at least 1 */
} mts_status_list;

#define MTS_STATUS_PAGE 50 /* domains on one page */

mts_status_list mts_status_list_of(const mts_status_view *view);

/* The sessions of those domains: name -> tlsrpt_domain; NULL if they are not known. */
apr_hash_t *mts_status_list_shares(const mts_status_view *view, const mts_status_list *list);

/* The formats. Each adds a whole answer to view->out. */
void mts_status_overview_html(const mts_status_view *view);
void mts_status_domain_html(const mts_status_view *view);
void mts_status_json(const mts_status_view *view);
void mts_status_prometheus(const mts_status_view *view);

/* Parts of the HTML. */
void mts_status_begin_html(const mts_status_view *view, const char *title);
void mts_status_end_html(const mts_status_view *view);
void mts_status_finding_html(mta_sts_buffer *out, const mta_sts_finding *finding);
void mts_status_certificate_tile_html(const mts_status_view *view,
                                      const mta_sts_certificate *certificate);
void mts_status_tile_html(mta_sts_buffer *out, const char *class, const char *name,
                          const char *value, const char *more);
void mts_status_session_tiles_html(const mts_status_view *view);
void mts_status_sessions_html(const mts_status_view *view);
void mts_status_senders_html(const mts_status_view *view);
void mts_status_causes_html(const mts_status_view *view);
void mts_status_endpoint_html(const mts_status_view *view);

/* Words from reports, which are still to be escaped. The link to a domain's page; a name of a
 * sender; the first of some names; the day that ends then. */
const char *mts_status_domain_link(const mts_status_view *view, const char *name);
const char *mts_status_name_of(apr_pool_t *p, const char *organization);
const char *mts_status_join(apr_pool_t *p, const apr_array_header_t *words);
const char *mts_status_last_day(apr_pool_t *p, apr_time_t end);

/* The words for a cause: of const tlsrpt_explanation *, never empty. */
apr_array_header_t *mts_status_explain(apr_pool_t *p, const mts_status_cause *cause);

/* How bad it is that a certificate has so many days left. */
mta_sts_severity mts_status_certificate_severity(int days);

/* In words, for people: "Policies served". */
const char *mts_status_counter_text(int counter);

#endif
