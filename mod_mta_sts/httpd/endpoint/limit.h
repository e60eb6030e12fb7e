/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_ENDPOINT_LIMIT_H
#define HTTPD_ENDPOINT_LIMIT_H

#include <httpd.h>

/*
 * How often something may happen in a minute: new reports of one client address, lines in the log
 * about it. The numbers are in memory of a fixed size that all children share; where there are more
 * addresses than it has room for, those beyond are let through.
 */

/* Whether there was room in the table. */
typedef enum mts_limit_state {
    MTS_LIMIT_TAKEN, /* within the limit, and counted */
    MTS_LIMIT_REACHED,
    MTS_LIMIT_UNKNOWN, /* not counted: the table is full */
} mts_limit_state;

/*
 * Counts one more.
 *
 * @param what    what happens: a string constant
 * @param address the client's; of IPv6 its /64 counts, since one client has all of that
 * @param limit   in one minute, 1..1000000
 */
mts_limit_state mts_limit_take(const char *what, const char *address, apr_int64_t limit,
                               apr_time_t now);

/* Takes one back that turned out not to count. */
void mts_limit_give_back(const char *what, const char *address, apr_time_t now);

#endif
