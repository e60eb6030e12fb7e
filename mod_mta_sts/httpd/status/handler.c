/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status/handler.h"

#include <string.h>

#include <apr_base64.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <openssl/sha.h>

#include "httpd/status/style.h"
#include "httpd/status/view.h"

#define HANDLER_NAME "mta-sts-status"

static const char *const content_types[] = {
    [MTS_STATUS_HTML] = "text/html; charset=utf-8",
    [MTS_STATUS_JSON] = "application/json",
    [MTS_STATUS_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
};

/* Nothing may be loaded, run or sent anywhere; the style sheet is named by its hash. */
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

static int refuse(request_rec *r, int status, const char *sentence)
{
    const char *text = apr_pstrcat(r->pool, sentence, "\n", NULL);

    r->status = status;
    return send_text(r, "text/plain; charset=utf-8", text, strlen(text));
}

/* Whether anything is known of the domain that is asked for. */
static int is_known(const mts_status_view *view)
{
    return view->domain || view->reports->reports > 0 || view->reports->problem;
}

static int show(mts_status_view *view)
{
    static void (*const formats[])(const mts_status_view *view) = {
        [MTS_STATUS_JSON] = mts_status_json,
        [MTS_STATUS_PROMETHEUS] = mts_status_prometheus,
    };
    mts_status_format format = view->query.format;

    if (view->query.domain && !is_known(view)) {
        return refuse(view->r, HTTP_NOT_FOUND,
                      "This domain has no policy here, and no report of that time tells of it.");
    }
    if (format == MTS_STATUS_HTML) {
        (view->query.domain ? mts_status_domain_html : mts_status_overview_html)(view);
    }
    else {
        formats[format](view);
    }
    return send_text(view->r, content_types[format], view->out->bytes, view->out->len);
}

static int answer(request_rec *r, const mts_status_query *query)
{
    mts_status_view view = {.r = r, .p = r->pool, .now = apr_time_now(), .query = *query};

    view.domains = mts_domains_of(r->server);
    view.noticed = mts_startup_findings_of(r->server);
    view.domain = query->domain ? mts_domains_find(view.domains, query->domain) : NULL;
    view.reports = mts_status_reports_of(r, query, view.now);
    view.out = mta_sts_buffer_make(r->pool);
    return show(&view);
}

static int handle(request_rec *r)
{
    mts_status_query query;
    const char *error;

    if (!r->handler || strcmp(r->handler, HANDLER_NAME) != 0) {
        return DECLINED;
    }
    if (r->method_number != M_GET) { /* httpd counts HEAD as GET */
        ap_allow_methods(r, REPLACE_ALLOW, "GET", "HEAD", NULL);
        return HTTP_METHOD_NOT_ALLOWED;
    }
    if (ap_discard_request_body(r) != OK) {
        return HTTP_BAD_REQUEST;
    }
    error = mts_status_query_read(r->pool, r->args, &query);
    return error ? refuse(r, HTTP_BAD_REQUEST, error) : answer(r, &query);
}

void mts_status_register_hooks(void)
{
    ap_hook_handler(handle, NULL, NULL, APR_HOOK_MIDDLE);
    mts_domains_register_hooks();
    mts_status_reports_register_hooks();
}
