/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/endpoint/body.h"

#include <stdlib.h>

#include <apr_buckets.h>
#include <apr_cstr.h>
#include <http_core.h>
#include <http_protocol.h>

#include "core/base/monotonic.h"
#include "httpd/endpoint/waiter.h"
#include "httpd/shared/tokens.h"
#include "tlsrpt/report/inflate.h"

#define FIRST_SIZE 8192
#define READ_SIZE 32768

/* Receiving a body may take this long, plus a second for each RATE_MIN bytes received. */
#define DEADLINE apr_time_from_sec(30)
#define RATE_MIN 32768

/* A rejection waits this long for the rest of a body over HTTP/2, unless too many requests do so
 * already. */
#define REFUSAL_WAIT apr_time_from_sec(1)

/* The time between attempts to read over HTTP/2, which is doubled each time that nothing has
 * arrived. */
#define PAUSE_FIRST apr_time_from_msec(1)
#define PAUSE_LONGEST apr_time_from_msec(50)

static apr_status_t free_bytes(void *bytes)
{
    free(*(char **)bytes);
    *(char **)bytes = NULL;
    return APR_SUCCESS;
}

void mts_body_free(request_rec *r, mts_body *body)
{
    apr_pool_cleanup_run(r->pool, &body->bytes, free_bytes);
}

/* LimitRequestBody and the limit for reports, whichever is smaller. */
static apr_size_t limit_of(const request_rec *r, apr_size_t max)
{
    apr_off_t limit = ap_get_limit_req_body(r);

    return limit > 0 && limit < (apr_off_t)max ? (apr_size_t)limit : max;
}

/* The length that a request declares for its body, or -1. */
static apr_off_t declared_length(const request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");
    apr_off_t declared;

    return length && ap_parse_strict_length(&declared, length) ? declared : -1;
}

int mts_body_is_declared_too_large(const request_rec *r, apr_size_t max)
{
    return declared_length(r) > (apr_off_t)limit_of(r, max);
}

/* Ensures space for further bytes and one more. The size is doubled, so that data is rarely
 * moved. */
static int make_room(mts_body *body, apr_size_t *size, apr_size_t more)
{
    apr_size_t needed = *size ? *size : FIRST_SIZE;
    char *moved;

    while (needed - body->len <= more) {
        needed *= 2;
    }
    if (needed == *size) {
        return 1;
    }
    moved = realloc(body->bytes, needed);
    if (!moved) {
        return 0;
    }
    body->bytes = moved;
    *size = needed;
    return 1;
}

/* Adds the contents of a brigade. Returns OK or an HTTP status. */
static int add_brigade(apr_bucket_brigade *brigade, apr_size_t max, mts_body *body,
                       apr_size_t *size, int *at_end)
{
    apr_bucket *bucket;

    for (bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade);
         bucket = APR_BUCKET_NEXT(bucket)) {
        const char *bytes;
        apr_size_t len;

        if (APR_BUCKET_IS_EOS(bucket)) {
            *at_end = 1;
            return OK;
        }
        if (APR_BUCKET_IS_METADATA(bucket)) {
            continue;
        }
        if (apr_bucket_read(bucket, &bytes, &len, APR_BLOCK_READ) != APR_SUCCESS) {
            return HTTP_BAD_REQUEST;
        }
        if (len > max - body->len) {
            return HTTP_REQUEST_ENTITY_TOO_LARGE;
        }
        if (!make_room(body, size, len)) {
            return HTTP_SERVICE_UNAVAILABLE;
        }
        memcpy(body->bytes + body->len, bytes, len);
        body->len += len;
    }
    return OK;
}

/* The time by which the next bytes must have arrived, because a slow sender occupies a worker. */
static apr_time_t deadline_of(apr_time_t began, apr_size_t received)
{
    return began + DEADLINE + (apr_interval_time_t)received * APR_USEC_PER_SEC / RATE_MIN;
}

/* Limits the wait for the next bytes. Returns the previous timeout of the connection. */
static apr_interval_time_t bound_wait(apr_socket_t *socket, apr_interval_time_t longest)
{
    apr_interval_time_t before = -1;

    if (socket && apr_socket_timeout_get(socket, &before) == APR_SUCCESS &&
        (before < 0 || before > longest)) {
        apr_socket_timeout_set(socket, longest);
    }
    return before;
}

/* With HTTP/2 a request has no socket of its own, and the time for which mod_http2 waits cannot be
 * set. Returns APR_EBUSY if too many others wait. */
static apr_status_t poll_some(mts_waiter *waiter, apr_bucket_brigade *brigade, apr_time_t end)
{
    const request_rec *r = waiter->r;
    apr_interval_time_t pause = PAUSE_FIRST;
    apr_status_t result;

    while (mta_sts_monotonic_now() < end) {
        result = ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES, APR_NONBLOCK_READ,
                                READ_SIZE);
        if (!APR_STATUS_IS_EAGAIN(result) &&
            !(result == APR_SUCCESS && APR_BRIGADE_EMPTY(brigade))) {
            return result;
        }
        if (!mts_waiter_may_wait(waiter)) {
            return APR_EBUSY;
        }
        apr_sleep(pause);
        pause = pause * 2 < PAUSE_LONGEST ? pause * 2 : PAUSE_LONGEST;
    }
    return APR_TIMEUP;
}

static apr_status_t read_some(mts_waiter *waiter, apr_bucket_brigade *brigade, apr_time_t end)
{
    const request_rec *r = waiter->r;
    apr_socket_t *socket = ap_get_conn_socket(r->connection);
    apr_interval_time_t left = end - mta_sts_monotonic_now(), before;
    apr_status_t result;

    if (r->connection->master || left <= 0) {
        return poll_some(waiter, brigade, end);
    }
    before = bound_wait(socket, left);
    result =
        ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES, APR_BLOCK_READ, READ_SIZE);
    if (socket && before >= 0) {
        apr_socket_timeout_set(socket, before);
    }
    return result;
}

/* The HTTP status for a body whose rest cannot be read. */
static int status_of(apr_status_t result)
{
    return result == APR_SUCCESS ? OK
           : result == APR_EBUSY ? HTTP_TOO_MANY_REQUESTS
                                 : ap_map_http_request_error(result, HTTP_BAD_REQUEST);
}

/* Reads the raw bytes of a body. */
static int read_bytes(request_rec *r, apr_size_t max, mts_body *body)
{
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    mts_waiter waiter = mts_waiter_begin(r);
    apr_size_t size = 0;
    int at_end = 0;
    int status = ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK);

    while (status == OK && !at_end) {
        status = status_of(read_some(&waiter, brigade, deadline_of(waiter.began, body->len)));
        if (status == OK) {
            status = add_brigade(brigade, max, body, &size, &at_end);
        }
        apr_brigade_cleanup(brigade);
    }
    mts_waiter_end(&waiter);
    apr_brigade_destroy(brigade);
    return status;
}

/* @param patience maximum time to wait, in microseconds; 0: as long as for a body that is read */
static void discard(request_rec *r, apr_size_t max, apr_interval_time_t patience)
{
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    mts_waiter waiter = mts_waiter_begin(r);
    apr_time_t end;
    apr_off_t limit = 2 * (apr_off_t)limit_of(r, max), len, discarded = 0;
    int at_end = r->expecting_100 || declared_length(r) > limit;

    while (!at_end && discarded <= limit) {
        end = patience ? waiter.began + patience : deadline_of(waiter.began, (apr_size_t)discarded);
        if (read_some(&waiter, brigade, end) != APR_SUCCESS ||
            apr_brigade_length(brigade, 1, &len) != APR_SUCCESS) {
            break;
        }
        at_end = APR_BRIGADE_EMPTY(brigade) || APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(brigade));
        discarded += len;
        apr_brigade_cleanup(brigade);
    }
    mts_waiter_end(&waiter);
    apr_brigade_destroy(brigade);
}

void mts_body_discard(request_rec *r, apr_size_t max)
{
    discard(r, max, 0);
}

void mts_body_discard_briefly(request_rec *r, apr_size_t max, int waiting_max)
{
    apr_uint64_t token;

    if (!r->connection->master || ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK) != OK) {
        return;
    }
    token = mts_token_take(MTS_TOKEN_REFUSAL, waiting_max, r->useragent_ip);
    if (token) {
        discard(r, max, REFUSAL_WAIT);
        mts_token_release(MTS_TOKEN_REFUSAL, token);
    }
}

static const char *encoding_of(const request_rec *r)
{
    const char *encoding = apr_table_get(r->headers_in, "Content-Encoding");

    return encoding && apr_cstr_casecmp(encoding, "identity") != 0 ? encoding : NULL;
}

int mts_body_is_plain_or_gzip(const request_rec *r)
{
    const char *encoding = encoding_of(r);

    return !encoding || apr_cstr_casecmp(encoding, "gzip") == 0 ||
           apr_cstr_casecmp(encoding, "x-gzip") == 0;
}

int mts_body_is_encoded(const request_rec *r, const mts_body *body)
{
    return encoding_of(r) && tlsrpt_inflate_is_gzip(body->bytes, body->len);
}

int mts_body_decode(request_rec *r, apr_size_t max, mts_body *body)
{
    tlsrpt_inflate *stream = tlsrpt_inflate_start(r->pool, body->bytes, body->len);
    mts_body inner = {NULL, 0};
    apr_size_t size = 0;
    apr_ssize_t got;

    max = limit_of(r, max);
    do {
        got = stream && make_room(&inner, &size, READ_SIZE)
                  ? tlsrpt_inflate_read(stream, inner.bytes + inner.len, READ_SIZE)
                  : -1;
        inner.len += got > 0 ? (apr_size_t)got : 0;
    } while (got > 0 && inner.len <= max && tlsrpt_inflate_is_gzip(inner.bytes, inner.len));
    if (got < 0 || !tlsrpt_inflate_is_gzip(inner.bytes, inner.len)) {
        free(inner.bytes);
        return OK;
    }
    free(body->bytes);
    *body = inner;
    return inner.len > max ? HTTP_REQUEST_ENTITY_TOO_LARGE : OK;
}

int mts_body_read(request_rec *r, apr_size_t max, mts_body **body)
{
    mts_body *got = *body = apr_pcalloc(r->pool, sizeof(*got));

    max = limit_of(r, max);
    apr_pool_cleanup_register(r->pool, &got->bytes, free_bytes, apr_pool_cleanup_null);
    return read_bytes(r, max, got);
}
