/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_LIMIT_H
#define HTTPD_SHARED_LIMIT_H

#include <httpd.h>

/*
 * Rate limits per minute: requests from one client address, log lines about it. The counts are in a
 * table of fixed size that all children share; addresses that do not fit in share a limit.
 */

/* The result of counting. */
typedef enum mts_limit_state {
    MTS_LIMIT_ALLOWED, /* within the limit, and counted */
    MTS_LIMIT_REACHED,
} mts_limit_state;

/*
 * Counts one event.
 *
 * @param what    what is limited: a string constant
 * @param address the client's; for IPv6 its /64 is used, since one client has all of it
 * @param limit   per minute, 1..1000000
 * @param now     current time
 */
mts_limit_state mts_limit_count(const char *what, const char *address, apr_int64_t limit,
                                apr_time_t now);

#endif
