/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/endpoint/handler.h"

#include <ap_mpm.h>
#include <apr_strings.h>
#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>
#include <http_request.h>

#include "core/base/number.h"
#include "httpd/config/report_config.h"
#include "httpd/config/state.h"
#include "httpd/endpoint/access.h"
#include "httpd/endpoint/answer.h"
#include "httpd/endpoint/body.h"
#include "httpd/endpoint/known.h"
#include "httpd/endpoint/opened.h"
#include "httpd/endpoint/waiter.h"
#include "httpd/shared/counters.h"
#include "httpd/shared/limit.h"
#include "httpd/shared/room.h"
#include "tlsrpt/index/clock.h"

#define HANDLER_NAME "mta-sts-report"
#define LIMITED "report"

/* --- storing --- */

/* Where a report is to be stored, and the space that it needs there. */
typedef struct destination {
    tlsrpt_area area;
    int directory;
    apr_int64_t cost; /* bytes on disk */
} destination;

/* Counts a report (sign 1), or reverts that (-1). Reports are counted before they are stored, so
 * that simultaneous reports cannot exceed the quota. */
static void count(const request_rec *r, const destination *to, int sign)
{
    mts_counters_add_usage(to->area, to->directory, sign * to->cost, sign);
    mts_room_add(to->area, r->useragent_ip, sign * to->cost, r->request_time);
}

/* Why a report cannot be stored because of the quota, or NULL.
 *
 * @param outcome out: set if the report is rejected
 */
static const char *check_room(const request_rec *r, const destination *to, mts_counter *outcome)
{
    const mts_report_config *config = mts_report_config_of(r->server);
    const char *name = to->area == TLSRPT_REPORTS ? "spool" : "quarantine";
    const mts_room_question question = {
        to->area, r->useragent_ip, to->cost, mts_counters_used(to->area),
        to->area == TLSRPT_REPORTS ? config->spool_quota : config->quarantine_quota};
    const char *shortage = tlsrpt_spool_shortage(mts_state_spool(), to->cost);

    *outcome = MTS_REPORT_QUOTA;
    if (shortage) {
        return shortage;
    }
    switch (mts_room_ask(&question)) {
    case MTS_ROOM_ALLOWED:
        return NULL;
    case MTS_ROOM_SHARE:
        *outcome = MTS_REPORT_SHARE;
        return apr_psprintf(
            r->pool, "the networks of this address have used up their share of the %s", name);
    default:
        return apr_psprintf(r->pool, "the %s is full: %s bytes", name,
                            mta_sts_size_render(r->pool, question.quota));
    }
}

static int store_counted(request_rec *r, const mts_body *body, const mts_opened *found,
                         const destination *to)
{
    tlsrpt_receipt receipt = {tlsrpt_clock_stamp(r->request_time), "https", r->useragent_ip, NULL};
    tlsrpt_spool *spool = mts_state_spool();
    mts_counter outcome;
    tlsrpt_stored stored;
    const char *why;

    count(r, to, 1);
    why = check_room(r, to, &outcome);
    if (why && !tlsrpt_spool_has(spool, to->area, found->digest)) {
        count(r, to, -1);
        return mts_report_answer(r, outcome, 0, why);
    }
    stored = tlsrpt_spool_store(spool, to->area, found->digest, &receipt, body->bytes, body->len,
                                r->pool, &why);
    if (stored == TLSRPT_STORED) {
        return mts_report_answer(r, found->outcome, 0, found->why);
    }
    count(r, to, -1);
    return stored == TLSRPT_STORED_ALREADY ? mts_report_answer(r, MTS_REPORT_REPEATED, 0, NULL)
                                           : mts_report_answer(r, MTS_REPORT_NOT_STORED, 0, why);
}

static int store(request_rec *r, const mts_body *body, const mts_opened *found)
{
    const destination to = {found->outcome == MTS_REPORT_NEW ? TLSRPT_REPORTS : TLSRPT_QUARANTINE,
                            tlsrpt_spool_directory_of(found->digest), tlsrpt_spool_cost(body->len)};
    int status;

    mts_counters_note_storing(to.area, to.directory, 1);
    status = store_counted(r, body, found, &to);
    mts_counters_note_storing(to.area, to.directory, 0);
    return status;
}

/* --- uploads --- */

/* The maximum number of simultaneous uploads, which leaves some workers for policies and other
 * sites. */
static int uploads_max = 1;

/* The same for rejections that wait for the rest of a body. */
static int refusals_max = 1;

static void count_workers(void)
{
    int processes = 1, threads = 1, workers, left;

    ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &processes);
    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    workers = processes * (threads > 0 ? threads : 1);
    left = workers / 5 > 2 ? workers / 5 : 2;
    uploads_max = workers - left < 1                ? 1
                  : workers - left > MTS_TOKENS_MAX ? MTS_TOKENS_MAX
                                                    : workers - left;
    refusals_max = uploads_max / 8 > 1 ? uploads_max / 8 : 1;
}

/* --- handlers --- */

/* Whether a request is for the endpoint. In a quick handler, r->uri is as the client sent it; other
 * spellings of the path are not handled. */
static int is_for_endpoint(const request_rec *r)
{
    const char *path = mts_report_path_of(r->server);

    return path && r->uri && strcmp(r->uri, path) == 0 && strcmp(ap_http_scheme(r), "https") == 0;
}

static int reject_body(request_rec *r, apr_size_t max, int status)
{
    if (status == HTTP_REQUEST_ENTITY_TOO_LARGE) {
        mts_body_discard(r, max);
        return mts_report_answer(r, MTS_REPORT_TOO_LARGE, 0, NULL);
    }
    if (status == HTTP_TOO_MANY_REQUESTS) {
        return mts_report_answer(r, MTS_REPORT_BUSY, 0, NULL);
    }
    if (status == AP_FILTER_ERROR) { /* a filter has sent a response */
        mts_counters_add(MTS_REPORT_INCOMPLETE);
        return status;
    }
    return mts_report_answer(r, MTS_REPORT_INCOMPLETE, status, NULL);
}

/* Every request counts against the limit, because even those that are refused or repeated cost
 * time. It counts in the current minute: one that began in an earlier minute, with slow headers,
 * would free the slots of this minute. */
static mts_limit_state count_request(const request_rec *r)
{
    return mts_limit_count_with_networks(
        LIMITED, r->useragent_ip, mts_report_config_of(r->server)->per_minute, apr_time_now());
}

static int take_body(request_rec *r)
{
    apr_size_t max = (apr_size_t)mts_report_config_of(r->server)->max_sent;
    mts_body *body;
    mts_opened found;
    int status;

    if (mts_body_is_declared_too_large(r, max)) {
        return reject_body(r, max, HTTP_REQUEST_ENTITY_TOO_LARGE);
    }
    if (!mts_body_is_plain_or_gzip(r)) {
        mts_body_discard(r, max);
        return mts_report_answer(r, MTS_REPORT_NOT_A_REPORT, 0, "its Content-Encoding is not gzip");
    }
    status = mts_body_read(r, max, &body);
    if (status == OK) {
        status = mts_opened_decode(r, max, body);
    }
    if (status != OK) {
        return reject_body(r, max, status);
    }
    mts_opened_make(r, body, &found);
    status = found.outcome == MTS_REPORT_NEW || found.outcome == MTS_REPORT_QUARANTINED
                 ? store(r, body, &found)
                 : mts_report_answer(r, found.outcome, 0, found.why);
    mts_body_free(r, body);
    return status;
}

/* A refusal before anything of the body is read. */
static int refuse(request_rec *r, mts_counter outcome, const char *why)
{
    mts_body_discard_briefly(r, (apr_size_t)mts_report_config_of(r->server)->max_sent,
                             refusals_max);
    return mts_report_answer(r, outcome, 0, why);
}

static int receive(request_rec *r)
{
    mts_limit_state limit;
    apr_uint64_t upload;
    int status;

    limit = count_request(r);
    if (limit != MTS_LIMIT_ALLOWED) {
        return refuse(r, MTS_REPORT_LIMITED,
                      limit == MTS_LIMIT_REACHED
                          ? NULL
                          : "too many reports from the network of this address in one minute");
    }
    upload = mts_token_take(MTS_TOKEN_UPLOAD, uploads_max, r->useragent_ip);
    if (!upload) {
        return refuse(r, MTS_REPORT_BUSY, NULL);
    }
    status = take_body(r);
    mts_token_release(MTS_TOKEN_UPLOAD, upload);
    return status;
}

static int handle(request_rec *r)
{
    if (!r->handler || strcmp(r->handler, HANDLER_NAME) != 0 || r->main || !is_for_endpoint(r)) {
        return DECLINED;
    }
    if (r->method_number != M_POST) {
        return refuse(r, MTS_REPORT_METHOD, NULL);
    }
    return receive(r);
}

static int handle_quickly(request_rec *r, int is_lookup)
{
    int status;

    if (is_lookup || r->main || !is_for_endpoint(r)) {
        return DECLINED;
    }
    status = mts_access_check(r);
    if (status != OK) {
        mts_body_discard_briefly(r, (apr_size_t)mts_report_config_of(r->server)->max_sent,
                                 refusals_max);
        r->connection->keepalive = AP_CONN_CLOSE; /* do not wait for the rest of the body */
        return status;
    }
    r->handler = HANDLER_NAME;
    return ap_invoke_handler(r);
}

static void child_init(apr_pool_t *pchild, server_rec *main)
{
    (void)main;
    mts_opened_child_init(pchild);
    mts_waiter_child_init();
    count_workers();
}

void mts_report_handler_prepare(void)
{
    mts_known_prepare();
}

void mts_report_handler_register_hooks(void)
{
    static const char *const before[] = {"mod_cache.c", NULL};

    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_quick_handler(handle_quickly, NULL, before, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(handle, NULL, before, APR_HOOK_REALLY_FIRST);
}
