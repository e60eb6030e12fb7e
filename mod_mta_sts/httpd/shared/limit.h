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
    MTS_LIMIT_REACHED_BY_NETWORK, /* by several clients of a network together */
} mts_limit_state;

/* How many clients that use up their limit a network may have: a /24 or /48, and a /16 or /32. */
#define MTS_LIMIT_CLIENTS_OF_SITE 8
#define MTS_LIMIT_CLIENTS_OF_WIDE 32

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

/*
 * Counts one event of a client whose networks have limits, too. Those are checked first, so that
 * no network has more clients in the table than its limit allows.
 *
 * @param limit of the client; its networks have a multiple
 */
mts_limit_state mts_limit_count_with_networks(const char *what, const char *address,
                                              apr_int64_t limit, apr_time_t now);

/* Whether a limit is reached, without counting. */
int mts_limit_is_reached(const char *what, const char *address, apr_int64_t limit, apr_time_t now);

#endif
