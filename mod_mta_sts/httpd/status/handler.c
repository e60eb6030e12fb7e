/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status/handler.h"

#include <string.h>

#include <apr_base64.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <openssl/sha.h>

#include "httpd/status/hosted.h"
#include "httpd/status/stored_report.h"
#include "httpd/status/style.h"
#include "httpd/status/view.h"

#define HANDLER_NAME "mta-sts-status"
#define DOMAIN_HANDLER_NAME "mta-sts-domain-status" /* the page of a customer */

static const char *const content_types[] = {
    [MTS_STATUS_HTML] = "text/html; charset=utf-8",
    [MTS_STATUS_JSON] = "application/json",
    [MTS_STATUS_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
};

/* The Content-Security-Policy: forbids loading, executing and submitting anything; the style sheet
 * is allowed by its hash. */
static const char *content_policy(apr_pool_t *p)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char encoded[64];

    SHA256((const unsigned char *)mts_status_style, sizeof(mts_status_style) - 1, digest);
    apr_base64_encode_binary(encoded, digest, sizeof(digest));
    return apr_pstrcat(p,
                       "default-src 'none'; img-src data:; form-action 'self'; base-uri 'none'; "
                       "frame-ancestors 'none'; style-src 'sha256-",
                       encoded, "'", NULL);
}

static void set_headers(request_rec *r)
{
    apr_table_setn(r->headers_out, "Content-Security-Policy", content_policy(r->pool));
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    apr_table_setn(r->headers_out, "Referrer-Policy", "no-referrer");
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
}

static int send_text(request_rec *r, const char *type, const char *bytes, apr_size_t len)
{
    set_headers(r);
    ap_set_content_type(r, type);
    ap_set_content_length(r, (apr_off_t)len);
    ap_rwrite(bytes, (int)len, r);
    return OK;
}

static int refuse(const mts_status_view *view, int status, const char *sentence)
{
    view->r->status = status;
    mts_status_error(view, status, sentence);
    return send_text(view->r, content_types[view->query.format], view->out->bytes, view->out->len);
}

/* Why the page does not exist, or NULL if it does. */
static const char *find_missing(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    int pages;

    if (view->query.domain) {
        return view->domain || view->row.domain || reports->reports > 0 || reports->apart_count ||
                       reports->problem
                   ? NULL
                   : "This domain has no policy on this server, and no report of this time range "
                     "is "
                     "about it.";
    }
    if (mts_status_query_is_hosted(&view->query)) {
        if (!view->hosted) {
            return "This server has no hosted domains: MTASTSHosting is off.";
        }
        pages = view->hosted->pages;
    }
    else {
        pages = view->query.page > 1 ? mts_status_list_of(view).pages : 1;
        if (view->hosted && view->query.show == MTS_STATUS_SHOW_FAILING) {
            pages = view->hosted->pages > pages ? view->hosted->pages : pages;
        }
    }
    return view->query.page <= pages
               ? NULL
               : apr_psprintf(view->p, "Page %d does not exist: the last page of the list is %d.",
                              view->query.page, pages);
}

static void show_html(const mts_status_view *view)
{
    if (view->query.domain) {
        mts_status_domain_html(view);
    }
    else if (mts_status_query_is_hosted(&view->query)) {
        mts_status_hosted_list_html(view);
    }
    else if (mts_status_query_is_list(&view->query)) {
        mts_status_list_html(view);
    }
    else {
        mts_status_overview_html(view);
    }
}

static int show(const mts_status_view *view)
{
    static void (*const formats[])(const mts_status_view *view) = {
        [MTS_STATUS_HTML] = show_html,
        [MTS_STATUS_JSON] = mts_status_json,
        [MTS_STATUS_PROMETHEUS] = mts_status_prometheus,
    };
    mts_status_format format = view->query.format;
    const char *missing = find_missing(view);

    if (missing) {
        return refuse(view, HTTP_NOT_FOUND, missing);
    }
    formats[format](view);
    return send_text(view->r, content_types[format], view->out->bytes, view->out->len);
}

/* The reports for a customer: without the reason why the index cannot be read, which contains its
 * path, and without the ids of reports, which may contain other domains. */
static const mts_status_reports *own_reports(const mts_status_view *view)
{
    mts_status_reports *reports = apr_pmemdup(view->p, view->reports, sizeof(*reports));
    int i;

    if (reports->problem) {
        reports->problem = "the index of reports cannot be read now";
        return reports;
    }
    reports->receipts = apr_array_copy(view->p, reports->receipts);
    for (i = 0; i < reports->receipts->nelts; i++) {
        APR_ARRAY_IDX(reports->receipts, i, tlsrpt_index_report).report_id = NULL;
    }
    return reports;
}

static int answer(mts_status_view *view)
{
    const mts_status_query *query = &view->query;

    view->domains = mts_domains_of(view->p);
    view->startup = mts_startup_findings_of(view->r->server);
    view->domain = query->domain ? mts_domains_find(view->domains, query->domain) : NULL;
    if (query->domain && !view->domain) {
        view->domain =
            mts_domains_hosted(view->r->server, view->domains, view->p, query->domain, &view->row);
    }
    view->reports = mts_status_reports_of(view->r, view->domains, query, view->now);
    if (query->is_in_path) {
        view->reports = own_reports(view);
    }
    else {
        view->hosted = mts_status_hosted_read(view);
    }
    return show(view);
}

static int answer_report(const mts_status_view *view)
{
    mts_status_stored stored;
    int status;
    const char *error = mts_status_stored_find(view, &stored, &status);

    if (error) {
        return refuse(view, status, error);
    }
    set_headers(view->r);
    return mts_status_stored_send(view->r, &stored);
}

static int handle(request_rec *r)
{
    mts_status_view view = {.r = r, .p = r->pool, .now = apr_time_now()};
    int is_own = r->handler && strcmp(r->handler, DOMAIN_HANDLER_NAME) == 0;
    const char *error;

    if (!is_own && (!r->handler || strcmp(r->handler, HANDLER_NAME) != 0)) {
        return DECLINED;
    }
    if (r->method_number != M_GET) { /* httpd counts HEAD as GET */
        ap_allow_methods(r, REPLACE_ALLOW, "GET", "HEAD", NULL);
        return HTTP_METHOD_NOT_ALLOWED;
    }
    if (ap_discard_request_body(r) != OK) {
        return HTTP_BAD_REQUEST;
    }
    view.out = mta_sts_buffer_make(r->pool);
    error = mts_status_query_read(r->pool, r->args, &view.query);
    if (is_own) {
        const char *slash = strrchr(r->uri, '/');
        const char *own = mts_status_query_own(r->pool, slash ? slash + 1 : r->uri, &view.query);

        if (own && !view.query.domain) {
            return refuse(&view, HTTP_NOT_FOUND, own);
        }
        error = error ? error : own;
    }
    return error               ? refuse(&view, HTTP_BAD_REQUEST, error)
           : view.query.report ? answer_report(&view)
                               : answer(&view);
}

void mts_status_register_hooks(void)
{
    ap_hook_handler(handle, NULL, NULL, APR_HOOK_MIDDLE);
    mts_domains_register_hooks();
    mts_status_reports_register_hooks();
}
