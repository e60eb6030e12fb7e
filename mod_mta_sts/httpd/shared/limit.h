/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_LIMIT_H
#define HTTPD_SHARED_LIMIT_H

#include <httpd.h>

/*
 * Rate limits per minute: new reports from one client address, log lines about it. The counts are
 * in a table of a fixed size that all children share; addresses beyond its size are not limited.
 */

/* The result of counting. */
typedef enum mts_limit_state {
    MTS_LIMIT_ALLOWED, /* within the limit, and counted */
    MTS_LIMIT_REACHED,
    MTS_LIMIT_UNKNOWN, /* not counted: the table is full */
} mts_limit_state;

/*
 * Counts one more.
 *
 * @param what    what is limited: a string constant
 * @param address the client's; for IPv6 its /64, since one client has all of it
 * @param limit   in one minute, 1..1000000
 */
mts_limit_state mts_limit_count(const char *what, const char *address, apr_int64_t limit,
                                apr_time_t now);

/* Takes back one that is not to be counted after all. */
void mts_limit_uncount(const char *what, const char *address, apr_time_t now);

#endif
