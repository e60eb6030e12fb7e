/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_ENDPOINT_OPENED_H
#define HTTPD_ENDPOINT_OPENED_H

#include <httpd.h>

#include "httpd/endpoint/body.h"
#include "httpd/shared/counters.h"

/*
 * What a body turned out to be, before it is stored. Bytes that were received before are recognized
 * without inflating them. Of others a bounded number is inflated at once over all children, and
 * one at a time is parsed that takes much memory: small reports do not wait for it.
 */
typedef struct mts_opened {
    mts_counter outcome; /* MTS_REPORT_NEW: about a local domain; MTS_REPORT_QUARANTINED: to be
                            quarantined; else: rejected */
    const char *why;     /* in the pool of the request; NULL: the default sentence */
    char digest[TLSRPT_DIGEST_LENGTH + 1]; /* unless it is rejected */
} mts_opened;

/* Opens a body. If there are too many others for too long, it is rejected with MTS_REPORT_BUSY. */
void mts_opened_make(request_rec *r, const mts_body *body, mts_opened *found);

/* For child_init. */
void mts_opened_child_init(apr_pool_t *pchild);

#endif
