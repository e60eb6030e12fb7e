/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_ENDPOINT_BODY_H
#define HTTPD_ENDPOINT_BODY_H

#include <httpd.h>

/*
 * The body of a request as it was sent, read into memory up to a limit.
 */

typedef struct mts_body {
    char *bytes;
    apr_size_t len;
} mts_body;

/* Whether the Content-Length exceeds max, before anything is read. */
int mts_body_is_declared_too_large(const request_rec *r, apr_size_t max);

/* Whether mts_body_decode can decode the Content-Encoding: gzip, once, or none. */
int mts_body_is_plain_or_gzip(const request_rec *r);

/*
 * Reads the body through the input filters, with any framing: a length, chunks, HTTP/2.
 *
 * @param max  in bytes; LimitRequestBody applies as well
 * @param body out: in the pool of the request; its bytes live until mts_body_free
 * @return OK, HTTP_REQUEST_ENTITY_TOO_LARGE, HTTP_TOO_MANY_REQUESTS if too many requests wait
 *         over HTTP/2, or another status if the body is incomplete
 */
int mts_body_read(request_rec *r, apr_size_t max, mts_body **body);

/* Whether a body has a Content-Encoding that must be decoded. */
int mts_body_is_encoded(const request_rec *r, const mts_body *body);

/*
 * Decodes a Content-Encoding of gzip once, if it contains gzip; otherwise the gzip is the format of
 * the report.
 *
 * @return OK or HTTP_REQUEST_ENTITY_TOO_LARGE
 */
int mts_body_decode(request_rec *r, apr_size_t max, mts_body *body);

/*
 * Reads and discards the rest of a rejected body: a client that is still sending when the stream is
 * closed (HTTP/2) may not see the response. Does nothing for a body that is declared to be longer
 * than twice max, or whose client is waiting for "100 Continue"; otherwise takes at most as long as
 * mts_body_read.
 *
 * @param max in bytes: the limit for mts_body_read
 */
void mts_body_discard(request_rec *r, apr_size_t max);

/*
 * The same for a body that is rejected before any of it has been read, for HTTP/2 only: with
 * HTTP/1.1 the client gets the response, because httpd itself continues to read before it closes
 * the connection (lingering close). Waits for at most a second, and not at all while too many
 * requests do so, because slow senders must not occupy workers.
 *
 * @param waiting_max maximum number of requests that wait at the same time
 */
void mts_body_discard_briefly(request_rec *r, apr_size_t max, int waiting_max);

/* Frees the bytes of a body. */
void mts_body_free(request_rec *r, mts_body *body);

#endif
