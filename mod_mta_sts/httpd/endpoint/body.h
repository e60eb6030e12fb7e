/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_ENDPOINT_BODY_H
#define HTTPD_ENDPOINT_BODY_H

#include <httpd.h>

/*
 * The body of a request, as it came: read whole into memory, up to a limit.
 */

typedef struct mts_body {
    char *bytes;
    apr_size_t len;
} mts_body;

/* Whether the client told that its body has more bytes than are allowed, before any was read. */
int mts_body_is_declared_too_large(const request_rec *r, apr_size_t max);

/* Whether its Content-Encoding is one that mts_body_read takes off: gzip, once, or none. */
int mts_body_is_plain_or_gzip(const request_rec *r);

/*
 * Reads the body. Whatever framing it has: a length, chunks, HTTP/2; input filters have seen it.
 * Gzip within a Content-Encoding of gzip is unwrapped; gzip alone is the report's own.
 *
 * @param max  bytes; LimitRequestBody counts, too
 * @param body out: lives in the pool of the request, as its bytes do until mts_body_free
 * @return OK, HTTP_REQUEST_ENTITY_TOO_LARGE, or another status: the body did not come whole
 */
int mts_body_read(request_rec *r, apr_size_t max, mts_body **body);

void mts_body_free(request_rec *r, mts_body *body);

#endif
