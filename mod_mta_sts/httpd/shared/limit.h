/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_LIMIT_H
#define HTTPD_SHARED_LIMIT_H

#include <httpd.h>

/*
 * Rate limits per minute: requests from one client address, and log lines about it. The counts are
 * in a table of fixed size that all child processes share; addresses for which it has no free slot
 * share one limit.
 */

/* The result of counting. */
typedef enum mts_limit_state {
    MTS_LIMIT_ALLOWED, /* within the limit, and counted */
    MTS_LIMIT_REACHED,
} mts_limit_state;

/*
 * Counts one event.
 *
 * @param what    name of the kind of event; a string constant
 * @param address the client's address; for IPv6 its /64 counts, because one client has all of it
 * @param limit   maximum number per minute, 1..1000000
 * @param now     current time
 */
mts_limit_state mts_limit_count(const char *what, const char *address, apr_int64_t limit,
                                apr_time_t now);

#endif
