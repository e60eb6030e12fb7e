/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/endpoint/handler.h"

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <apr_allocator.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>
#include <http_request.h>

#include "core/base/number.h"
#include "httpd/shared/counters.h"
#include "httpd/config/report_scope.h"
#include "httpd/endpoint/answer.h"
#include "httpd/endpoint/body.h"
#include "httpd/config/report_config.h"
#include "httpd/shared/limit.h"
#include "httpd/shared/memory.h"
#include "httpd/config/state.h"
#include "tlsrpt/report/read.h"
#include "tlsrpt/report/report.h"

#define HANDLER_NAME "mta-sts-report"
#define LIMITED "report"
#define SPARE_MAX (256 * 1024) /* bytes that a child retains for its next report */
#define LARGE (1024 * 1024)    /* bytes of parsed JSON; a usual report needs a tenth of it */
#define NUDGE (96 * 1024)      /* bytes: over 64 KiB, below glibc's threshold for mmap */

/* --- opening --- */

/* The result of reading a body, before it is stored. */
typedef struct opened {
    mts_counter outcome; /* MTS_REPORT_NEW: about a local domain; MTS_REPORT_QUARANTINED: to be
                            quarantined; else: rejected */
    const char *why;     /* in the pool of the request */
    char digest[TLSRPT_DIGEST_LENGTH + 1];
} opened;

static mts_counter outcome_of(const request_rec *r, apr_pool_t *p, const tlsrpt_reading *reading)
{
    static const mts_counter outcomes[] = {
        [TLSRPT_NOT_A_REPORT] = MTS_REPORT_NOT_A_REPORT,
        [TLSRPT_TOO_LARGE] = MTS_REPORT_TOO_LARGE,
        [TLSRPT_NO_POLICIES] = MTS_REPORT_NO_POLICIES,
        [TLSRPT_UNREADABLE] = MTS_REPORT_QUARANTINED,
    };

    if (reading->outcome != TLSRPT_READ) {
        return outcomes[reading->outcome];
    }
    return mts_report_scope_has(r->server, p, reading->report) ? MTS_REPORT_NEW
                                                               : MTS_REPORT_QUARANTINED;
}

/* The allocator for reading reports; NULL: that of the request. Returning the memory to the system
 * after each report, as for a large one, would stop all processors briefly, five times a report. It
 * is never destroyed: prefork may stop a child while it reads a report, and destroys the pools of
 * the child before those of the request. */
static apr_allocator_t *allocator;

static void child_init(apr_pool_t *pchild, server_rec *main)
{
    apr_thread_mutex_t *mutex;

    (void)main;
    if (apr_thread_mutex_create(&mutex, APR_THREAD_MUTEX_DEFAULT, pchild) != APR_SUCCESS ||
        apr_allocator_create(&allocator) != APR_SUCCESS) {
        allocator = NULL;
        return;
    }
    apr_allocator_mutex_set(allocator, mutex);
    apr_allocator_max_free_set(allocator, SPARE_MAX);
}

/*
 * Memory that jansson allocated stays in the arena of its thread, so each thread that ever read a
 * large report would hold 16 MiB. glibc trims the top of an arena only when a block of at least
 * 64 KiB is freed, which jansson never does, and raises the threshold as larger blocks are freed,
 * unless it is set explicitly. malloc_trim returns free memory below the top.
 */
static void trim_memory(apr_size_t parsed)
{
#ifdef __GLIBC__
    void *volatile nudge;

    if (parsed > LARGE && mallopt(M_TRIM_THRESHOLD, LARGE)) {
        nudge = malloc(NUDGE);
        free(nudge);
        malloc_trim(0);
    }
#else
    (void)parsed;
#endif
}

/* Only one report is read at a time in all children, which bounds the memory. */
static void open_report(request_rec *r, const mts_body *body, opened *found)
{
    tlsrpt_limits limits = mts_report_limits_of(r->server);
    const tlsrpt_reading *reading;
    apr_size_t parsed;
    apr_pool_t *p;

    mts_memory_lock();
    apr_pool_create_ex(&p, r->pool, NULL, allocator);
    reading = tlsrpt_report_read(p, body->bytes, body->len, &limits);
    found->outcome = outcome_of(r, p, reading);
    found->why =
        reading->reason ? apr_pstrdup(r->pool, reading->reason) : "it is not about a local domain";
    apr_cpystrn(found->digest, reading->digest, sizeof(found->digest));
    parsed = reading->parsed;
    apr_pool_destroy(p);
    trim_memory(parsed);
    mts_memory_unlock();
}

/* --- storing --- */

/* Why there is no room for a report, or NULL. */
static const char *check_room(const request_rec *r, tlsrpt_area area, apr_int64_t bytes,
                              apr_int64_t cost)
{
    const mts_report_config *config = mts_report_config_of(r->server);
    apr_int64_t quota = area == TLSRPT_REPORTS ? config->spool_quota : config->quarantine_quota;
    apr_int64_t room;

    if (bytes > quota) {
        return apr_psprintf(r->pool, "the %s is full: %s bytes (see MTASTSReportQuota)",
                            area == TLSRPT_REPORTS ? "spool" : "quarantine",
                            mta_sts_size_render(r->pool, quota));
    }
    room = tlsrpt_spool_room(mts_state_spool());
    return room >= 0 && room < cost ? "the disk is full except for its reserve" : NULL;
}

/* A repeated report is not new, and a failure to store is not the fault of its sender. */
static void uncount(const request_rec *r, tlsrpt_area area, apr_int64_t cost)
{
    mts_counters_add_usage(area, -cost, -1);
    mts_limit_uncount(LIMITED, r->useragent_ip, r->request_time);
}

/* A report is counted before it is stored, so that many at once do not exceed the quota. */
static int store_counted(request_rec *r, const mts_body *body, const opened *found)
{
    tlsrpt_area area = found->outcome == MTS_REPORT_NEW ? TLSRPT_REPORTS : TLSRPT_QUARANTINE;
    tlsrpt_receipt receipt = {r->request_time, "https", r->useragent_ip, NULL};
    tlsrpt_spool *spool = mts_state_spool();
    apr_int64_t cost = tlsrpt_spool_cost(body->len);
    const char *why;
    tlsrpt_stored stored;

    why = check_room(r, area, mts_counters_add_usage(area, cost, 1), cost);
    if (why && !tlsrpt_spool_has(spool, area, found->digest)) {
        uncount(r, area, cost);
        return mts_report_answer(r, MTS_REPORT_QUOTA, 0, why);
    }
    stored = tlsrpt_spool_store(spool, area, found->digest, &receipt, body->bytes, body->len,
                                r->pool, &why);
    if (stored == TLSRPT_STORED) {
        return mts_report_answer(r, found->outcome, 0, found->why);
    }
    uncount(r, area, cost);
    return stored == TLSRPT_STORED_ALREADY ? mts_report_answer(r, MTS_REPORT_REPEATED, 0, NULL)
                                           : mts_report_answer(r, MTS_REPORT_NOT_STORED, 0, why);
}

static int store(request_rec *r, const mts_body *body, const opened *found)
{
    int status;

    mts_counters_count_once(mts_state_spool());
    mts_counters_note_storing(1);
    status = store_counted(r, body, found);
    mts_counters_note_storing(0);
    return status;
}

/* --- handlers --- */

/* Whether a request is for the endpoint. In a quick handler r->uri is as the client sent it: other
 * spellings of the path are left to httpd. */
static int is_for_endpoint(const request_rec *r)
{
    const char *path = mts_report_path_of(r->server);

    return path && r->uri && strcmp(r->uri, path) == 0 && strcmp(ap_http_scheme(r), "https") == 0;
}

static int reject_body(request_rec *r, int status)
{
    if (status == HTTP_REQUEST_ENTITY_TOO_LARGE) {
        return mts_report_answer(r, MTS_REPORT_TOO_LARGE, 0, NULL);
    }
    if (status == AP_FILTER_ERROR) { /* a filter has sent a response */
        mts_counters_add(MTS_REPORT_INCOMPLETE);
        return status;
    }
    return mts_report_answer(r, MTS_REPORT_INCOMPLETE, status, NULL);
}

/* Every request counts against the limit, except those that uncount takes back. */
static int is_limited(const request_rec *r)
{
    return mts_limit_count(LIMITED, r->useragent_ip, mts_report_config_of(r->server)->per_minute,
                           r->request_time) == MTS_LIMIT_REACHED;
}

static int receive(request_rec *r)
{
    apr_size_t max = (apr_size_t)mts_report_config_of(r->server)->max_sent;
    mts_body *body;
    opened found;
    int status;

    if (is_limited(r)) {
        return mts_report_answer(r, MTS_REPORT_LIMITED, 0, NULL);
    }
    if (mts_body_is_declared_too_large(r, max)) {
        return mts_report_answer(r, MTS_REPORT_TOO_LARGE, 0, NULL);
    }
    if (!mts_body_is_plain_or_gzip(r)) {
        return mts_report_answer(r, MTS_REPORT_NOT_A_REPORT, 0, "its Content-Encoding is not gzip");
    }
    status = mts_body_read(r, max, &body);
    if (status != OK) {
        return reject_body(r, status);
    }
    open_report(r, body, &found);
    status = found.outcome == MTS_REPORT_NEW || found.outcome == MTS_REPORT_QUARANTINED
                 ? store(r, body, &found)
                 : mts_report_answer(r, found.outcome, 0, found.why);
    mts_body_free(r, body);
    return status;
}

static int handle(request_rec *r)
{
    if (!r->handler || strcmp(r->handler, HANDLER_NAME) != 0 || r->main || !is_for_endpoint(r)) {
        return DECLINED;
    }
    if (r->method_number != M_POST) {
        return mts_report_answer(r, MTS_REPORT_METHOD, 0, NULL);
    }
    return receive(r);
}

static int handle_quickly(request_rec *r, int is_lookup)
{
    if (is_lookup || r->main || !is_for_endpoint(r)) {
        return DECLINED;
    }
    r->handler = HANDLER_NAME;
    return ap_invoke_handler(r);
}

void mts_report_handler_register_hooks(void)
{
    static const char *const before[] = {"mod_cache.c", NULL};

    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_quick_handler(handle_quickly, NULL, before, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(handle, NULL, before, APR_HOOK_REALLY_FIRST);
}
