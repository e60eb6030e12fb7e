/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/endpoint/opened.h"

#include <stdlib.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <apr_allocator.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "httpd/config/report_config.h"
#include "httpd/config/report_scope.h"
#include "httpd/endpoint/known.h"
#include "httpd/endpoint/waiter.h"
#include "httpd/hosting/hosting.h"
#include "tlsrpt/report/read.h"

#define PATIENCE apr_time_from_sec(20)
#define SMALL_SENT (64 * 1024) /* in bytes; bodies up to this size may use one more token */
#define SMALL_MEMORY (1 << 20) /* in bytes of parsed JSON; up to this size, no token is needed */
/* In bytes; the memory that a child process retains for its next report. */
#define SPARE_MAX (256 * 1024)
#define LARGE (1024 * 1024) /* in bytes of parsed JSON; a typical report needs a tenth of that */
/* In bytes; larger than 64 KiB, but smaller than glibc's threshold for mmap(). */
#define NUDGE (96 * 1024)

/* The allocator for reading reports; NULL: the allocator of the request. It retains memory, because
 * returning memory to the system after each report would interrupt all processors five times per
 * report (TLB shootdown). It is never destroyed: prefork may stop a child process while it is
 * reading a report, and destroys the pools of the child before those of the request. */
static apr_allocator_t *allocator;

void mts_opened_child_init(apr_pool_t *pchild)
{
    apr_thread_mutex_t *mutex;

    if (apr_thread_mutex_create(&mutex, APR_THREAD_MUTEX_DEFAULT, pchild) != APR_SUCCESS ||
        apr_allocator_create(&allocator) != APR_SUCCESS) {
        allocator = NULL;
        return;
    }
    apr_allocator_mutex_set(allocator, mutex);
    apr_allocator_max_free_set(allocator, SPARE_MAX);
}

/*
 * Memory that jansson has freed stays in the arena of its thread, so each thread that has ever read
 * a large report would retain 16 MiB. glibc trims the top of an arena only when a block of at least
 * 64 KiB is freed, which jansson never does, and raises the threshold as larger blocks are freed,
 * unless it is set explicitly. malloc_trim() returns free memory below the top.
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

/* --- tokens --- */

typedef struct reader {
    const request_rec *r;
    apr_uint64_t survey, large; /* tokens */
} reader;

static apr_uint64_t wait_for(const request_rec *r, mts_token_kind kind, int limit)
{
    mts_waiter waiter = mts_waiter_begin(r);
    apr_uint64_t token = mts_token_wait(kind, limit, PATIENCE, mts_waiter_may_wait, &waiter);

    mts_waiter_end(&waiter);
    return token;
}

/* Half of the processors, so that requests for policies need not wait for one. */
static int surveys_max(apr_size_t sent)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int half = processors > 2 ? (int)(processors < 16 ? processors / 2 : 8) : 1;

    return half + (sent <= SMALL_SENT);
}

int mts_opened_decode(request_rec *r, apr_size_t max, mts_body *body)
{
    apr_uint64_t token;
    int status;

    if (!mts_body_is_encoded(r, body)) {
        return OK;
    }
    token = wait_for(r, MTS_TOKEN_SURVEY, surveys_max(body->len));
    if (!token) {
        return HTTP_TOO_MANY_REQUESTS;
    }
    status = mts_body_decode(r, max, body);
    mts_token_release(MTS_TOKEN_SURVEY, token);
    return status;
}

/* The gate of the reader, called between the two passes over the bytes. */
static int pass(void *baton, apr_size_t memory)
{
    reader *opening = baton;

    if (memory <= SMALL_MEMORY) {
        return 1;
    }
    mts_token_release(MTS_TOKEN_SURVEY, opening->survey);
    opening->survey = 0;
    opening->large = wait_for(opening->r, MTS_TOKEN_LARGE, 1);
    return opening->large != 0;
}

static mts_counter outcome_of(const request_rec *r, apr_pool_t *p, const tlsrpt_reading *reading)
{
    static const mts_counter outcomes[] = {
        [TLSRPT_NOT_A_REPORT] = MTS_REPORT_NOT_A_REPORT,
        [TLSRPT_TOO_LARGE] = MTS_REPORT_TOO_LARGE,
        [TLSRPT_NO_POLICIES] = MTS_REPORT_NO_POLICIES,
        [TLSRPT_UNREADABLE] = MTS_REPORT_QUARANTINED,
        [TLSRPT_NOT_ADMITTED] = MTS_REPORT_BUSY,
    };

    if (reading->outcome != TLSRPT_READ) {
        return outcomes[reading->outcome];
    }
    return mts_report_scope_has(r->server, p, reading->report) ||
                   mts_hosting_has_report(r->server, p, reading->report)
               ? MTS_REPORT_NEW
               : MTS_REPORT_QUARANTINED;
}

static void open_body(request_rec *r, const mts_body *body, mts_opened *found)
{
    tlsrpt_limits limits = mts_report_limits_of(r->server);
    reader tokens = {r, wait_for(r, MTS_TOKEN_SURVEY, surveys_max(body->len)), 0};
    const tlsrpt_gate gate = {pass, &tokens};
    const tlsrpt_reading *reading;
    apr_size_t parsed;
    apr_pool_t *p;

    if (!tokens.survey) {
        found->outcome = MTS_REPORT_BUSY;
        return;
    }
    apr_pool_create_ex(&p, r->pool, NULL, allocator);
    reading = tlsrpt_report_read_gated(p, body->bytes, body->len, &limits, &gate);
    found->outcome = outcome_of(r, p, reading);
    found->why =
        reading->reason ? apr_pstrdup(r->pool, reading->reason) : "it is not about a local domain";
    apr_cpystrn(found->digest, reading->digest, sizeof(found->digest));
    parsed = reading->parsed;
    apr_pool_destroy(p);
    trim_memory(parsed);
    mts_token_release(MTS_TOKEN_SURVEY, tokens.survey);
    mts_token_release(MTS_TOKEN_LARGE, tokens.large);
}

/* When an outcome is forgotten: a report about a domain that is not local is quarantined, but with
 * MTASTSHosting the domain can become local at any time. */
static apr_time_t end_of(const request_rec *r, mts_counter outcome)
{
    return outcome == MTS_REPORT_QUARANTINED && mts_hosting_is_on(r->server)
               ? r->request_time + MTS_KNOWN_BRIEFLY
               : 0;
}

void mts_opened_make(request_rec *r, const mts_body *body, mts_opened *found)
{
    mts_known_key key = mts_known_key_of(body->bytes, body->len);

    memset(found, 0, sizeof(*found));
    if (mts_known_find(&key, r->request_time, found->digest, &found->outcome)) {
        found->why = found->outcome == MTS_REPORT_QUARANTINED ? "as it was before" : NULL;
        return;
    }
    open_body(r, body, found);
    if (found->outcome != MTS_REPORT_BUSY) {
        mts_known_add(&key, end_of(r, found->outcome), found->digest, found->outcome);
    }
}
