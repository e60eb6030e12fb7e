/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/policy/handler.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_core.h>
#include <util_filter.h>

#include "httpd/shared/counters.h"
#include "httpd/shared/module.h"
#include "httpd/config/policies.h"
#include "httpd/hosting/hosting.h"
#include "httpd/policy/fetch_note.h"

APLOG_USE_MODULE(mta_sts);

#define POLICY_PATH "/.well-known/mta-sts.txt" /* RFC 8461 section 3.3 */
#define HANDLER_NAME "mta-sts"
#define CONTENT_TYPE "text/plain; charset=us-ascii"

/*
 * Senders must get the bytes of a policy unchanged, neither compressed nor reduced to a byte range,
 * no matter what the configuration or the sender asks for. Of the filters above the protocol level,
 * only that of mod_headers remains, which sets headers that the admin wants in all responses.
 */
static void remove_changing_filters(request_rec *r)
{
    ap_filter_t *filter, *next;

    for (filter = r->output_filters; filter && filter->frec->ftype < AP_FTYPE_CONNECTION;
         filter = next) {
        next = filter->next;
        if (filter->frec == ap_byterange_filter_handle ||
            (filter->frec->ftype < AP_FTYPE_PROTOCOL &&
             strcmp(filter->frec->name, "fixup_headers_out") != 0)) {
            ap_remove_output_filter(filter);
        }
    }
}

/* In seconds, sent with 503: the snapshot of hosted domains is built within seconds. */
#define RETRY_AFTER "30"

/* Finds the policy of a hosted domain. Returns the status if there is none. */
static int find_hosted(request_rec *r, mts_requested *requested)
{
    mta_sts_lookup_policy found;
    mts_policy *policy;
    const char *domain;

    if (!requested->domain || !mts_hosting_is_on(r->server)) {
        return DECLINED;
    }
    domain = apr_pstrmemdup(r->pool, requested->domain, (apr_size_t)requested->len);
    switch (mts_hosting_find(r->server, domain, r->pool, &found)) {
    case MTA_STS_LOOKUP_FOUND:
        policy = apr_pcalloc(r->pool, sizeof(*policy));
        policy->text = found.text;
        policy->len = found.len;
        apr_cpystrn(policy->id, found.id, sizeof(policy->id));
        requested->policy = policy;
        return OK;
    case MTA_STS_LOOKUP_FAILED:
        return HTTP_SERVICE_UNAVAILABLE;
    case MTA_STS_LOOKUP_NONE:
        break;
    }
    return DECLINED;
}

/* Finds the policy to serve, configured or hosted. Returns OK, or the status of the response if
 * there is none. */
static int find_policy(request_rec *r, mts_requested *requested)
{
    mts_policies_find(r, requested);
    return requested->policy ? OK : find_hosted(r, requested);
}

/* Responds when it is not known whether there is a policy: senders must not conclude that there is
 * none. */
static int refuse(request_rec *r, int status)
{
    if (status == HTTP_SERVICE_UNAVAILABLE) {
        mts_counters_add(MTS_POLICY_UNAVAILABLE);
        apr_table_setn(r->err_headers_out, "Retry-After", RETRY_AFTER);
    }
    return status;
}

static apr_bucket *make_bucket(const mts_policy *policy, apr_bucket_alloc_t *alloc)
{
    return policy->at ? apr_bucket_immortal_create(policy->text, policy->len, alloc)
                      : apr_bucket_transient_create(policy->text, policy->len, alloc);
}

static int send_policy(request_rec *r, const mts_policy *policy)
{
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, alloc);

    if (!r->main) { /* if a page includes the policy (subrequest), the filters belong to the page */
        remove_changing_filters(r);
    }
    ap_set_content_type(r, CONTENT_TYPE);
    ap_set_content_length(r, (apr_off_t)policy->len);
    apr_table_setn(r->headers_out, "Cache-Control", "max-age=60"); /* RFC 8461 section 8.2 */
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    APR_BRIGADE_INSERT_TAIL(brigade, make_bucket(policy, alloc));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(alloc));
    if (ap_pass_brigade(r->output_filters, brigade) != APR_SUCCESS && !r->connection->aborted) {
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "the policy could not be sent completely");
    }
    return OK;
}

/* Whether the client gets the policy: not with HEAD, or if it requested a page that includes the
 * policy. */
static int gets_policy(const request_rec *r)
{
    return !r->header_only && !r->main;
}

/* Responds to a request for which there is a policy. */
static int answer(request_rec *r, const mts_requested *requested)
{
    if (r->method_number != M_GET) { /* httpd counts HEAD as GET */
        mts_counters_add(MTS_POLICY_METHOD);
        mts_fetch_note(r, MTA_STS_FETCH_METHOD, requested);
        ap_allow_methods(r, REPLACE_ALLOW, "GET", "HEAD", NULL);
        return HTTP_METHOD_NOT_ALLOWED;
    }
    if (ap_request_has_body(r) && ap_discard_request_body(r) != OK) {
        mts_counters_add(MTS_POLICY_BAD_BODY);
        mts_fetch_note(r, MTA_STS_FETCH_FAILED, requested);
        return HTTP_BAD_REQUEST;
    }
    mts_counters_add(MTS_POLICY_SERVED);
    if (gets_policy(r)) {
        mts_fetch_note(r, MTA_STS_FETCH_SERVED, requested);
    }
    return send_policy(r, requested->policy);
}

/* The content handler. The quick handler has stored the policy that it found in the request's
 * configuration. */
static int handle(request_rec *r)
{
    const mts_requested *found;
    mts_requested requested;
    int status;

    if (!r->handler || strcmp(r->handler, HANDLER_NAME) != 0) {
        return DECLINED;
    }
    found = ap_get_module_config(r->request_config, &mta_sts_module);
    if (found) {
        return answer(r, found);
    }
    status = find_policy(r, &requested);
    return status == OK ? answer(r, &requested) : refuse(r, status);
}

/* r->uri is as the client sent it; other spellings of the path are not handled. At this point,
 * httpd has neither mapped the request to a file nor checked access, and neither is necessary. */
static int handle_quickly(request_rec *r, int is_lookup)
{
    mts_requested requested;
    int status;

    if (is_lookup || r->main || !r->uri || strcmp(r->uri, POLICY_PATH) != 0) {
        return DECLINED;
    }
    status = find_policy(r, &requested);
    if (status != OK) {
        mts_fetch_note_refused(r, status == HTTP_SERVICE_UNAVAILABLE);
        return refuse(r, status);
    }
    ap_set_module_config(r->request_config, &mta_sts_module, &requested);
    r->handler = HANDLER_NAME;
    status = ap_invoke_handler(r);
    ap_set_module_config(r->request_config, &mta_sts_module, NULL);
    return status;
}

void mts_policy_handler_register_hooks(void)
{
    /* mod_cache must not serve an outdated copy of the policy. */
    static const char *const before[] = {"mod_cache.c", NULL};

    ap_hook_quick_handler(handle_quickly, NULL, before, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(handle, NULL, before, APR_HOOK_REALLY_FIRST);
}
