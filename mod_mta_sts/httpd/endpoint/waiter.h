/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_ENDPOINT_WAITER_H
#define HTTPD_ENDPOINT_WAITER_H

#include <httpd.h>

/*
 * A request that waits: for the rest of its body, or until others have been read. Over HTTP/2 it
 * holds one of the threads that mod_http2 has in each process, so those that wait use two thirds of
 * them at most: a third waits for up to 0.1 seconds, and a third longer, of which each network has
 * a share. The last third always answers other requests. mod_http2 also depends on that: once all
 * its threads have been in use together, it may leave later requests waiting although threads are
 * idle (h2_workers.c: a thread goes idle as soon as the first connection in the ring has no work).
 */
typedef struct mts_waiter {
    const request_rec *r;
    apr_time_t began;
    apr_uint64_t brief, slow; /* tokens */
} mts_waiter;

/* Called once in each child. */
void mts_waiter_child_init(void);

mts_waiter mts_waiter_begin(const request_rec *r);

/* Asked before each pause: whether to wait on. Always, except over HTTP/2.
 *
 * @param waiter a mts_waiter; void for mts_token_wait
 */
int mts_waiter_may_wait(void *waiter);

void mts_waiter_end(mts_waiter *waiter);

#endif
