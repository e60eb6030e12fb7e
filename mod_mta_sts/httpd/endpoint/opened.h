/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_ENDPOINT_OPENED_H
#define HTTPD_ENDPOINT_OPENED_H

#include <httpd.h>

#include "httpd/endpoint/body.h"
#include "httpd/shared/counters.h"

/*
 * Reads the report in a body before it is stored. Bytes that were received before are recognized
 * without inflating them. Otherwise, the number of bodies that all child processes inflate at the
 * same time is limited, and reports that need much memory are parsed one at a time; small reports
 * do not wait for them.
 */
typedef struct mts_opened {
    mts_counter outcome; /* MTS_REPORT_NEW: about a local domain; MTS_REPORT_QUARANTINED: to be
                            quarantined; all others: rejected */
    const char *why;     /* allocated from the pool of the request; NULL: the default sentence */
    char digest[TLSRPT_DIGEST_LENGTH + 1]; /* set unless the report is rejected */
} mts_opened;

/*
 * Decodes the Content-Encoding of a body, which counts as inflating.
 *
 * @param max see mts_body_read
 * @return OK, HTTP_REQUEST_ENTITY_TOO_LARGE, or HTTP_TOO_MANY_REQUESTS if it would have to wait too
 *         long for others
 */
int mts_opened_decode(request_rec *r, apr_size_t max, mts_body *body);

/* Reads a body. It is rejected with MTS_REPORT_BUSY if it would have to wait too long for
 * others. */
void mts_opened_make(request_rec *r, const mts_body *body, mts_opened *found);

/* Must be called in child_init. */
void mts_opened_child_init(apr_pool_t *pchild);

#endif
