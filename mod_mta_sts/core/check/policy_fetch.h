/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_POLICY_FETCH_H
#define CORE_CHECK_POLICY_FETCH_H

#include <apr_time.h>

#include "core/base/finding.h"
#include "core/check/peer.h"

/*
 * What came of fetching a policy from one address of the policy host (RFC 8461 section 3.3), and
 * what a sender would make of it. Who fetches is cli/net/fetch.h.
 */

typedef enum mta_sts_fetch_status {
    MTA_STS_FETCH_NOT_TRIED,       /* there was no time for it */
    MTA_STS_FETCH_ANSWERED,        /* an HTTP answer came, whatever its status, to its end */
    MTA_STS_FETCH_NO_ROUTE,        /* this machine has no way there: it lacks IPv6, or a network */
    MTA_STS_FETCH_REFUSED,         /* nobody listens on that port */
    MTA_STS_FETCH_UNREACHABLE,     /* the connection fails in another way: see detail */
    MTA_STS_FETCH_CONNECT_TIMEOUT, /* no connection in time */
    MTA_STS_FETCH_TLS_OLD,         /* nothing newer than TLS 1.1 */
    MTA_STS_FETCH_TLS_FAILED,      /* no TLS connection: see detail */
    MTA_STS_FETCH_TIMEOUT,         /* connected, but the answer was not complete in time */
    MTA_STS_FETCH_TOO_LONG,        /* an answer of more than MTA_STS_POLICY_READ_MAX bytes */
    MTA_STS_FETCH_BROKEN,          /* no HTTP, or it broke off: see detail */
} mta_sts_fetch_status;

typedef struct mta_sts_policy_fetch {
    const char *address; /* IPv4 or IPv6, as text */
    mta_sts_fetch_status status;
    const char *detail;       /* the library's words, or NULL */
    mta_sts_peer peer;        /* version NULL: no TLS connection */
    apr_interval_time_t took; /* from the connection to the last byte */
    int http_status;          /* with MTA_STS_FETCH_ANSWERED, as all that follows */
    const char *content_type; /* as it was sent, or NULL */
    const char *location;     /* of a redirect, or NULL */
    const char *text;         /* the body, not NUL-terminated */
    apr_size_t len;
} mta_sts_policy_fetch;

/* What is the same for all judgements of one run. */
typedef struct mta_sts_check_limits {
    apr_time_t now;   /* the time to judge for */
    int warning_days; /* certificates that expire within this many days are warnings; -1: by their
                         lifetime (mta_sts_certificate_soon()) */
    int error_days;   /* or errors; 0: only when they have ended */
} mta_sts_check_limits;

/*
 * Judges one fetch, all but the policy text itself.
 *
 * @param host the policy host; borrowed by the findings
 * @return whether a sender would use the text
 */
int mta_sts_policy_fetch_check(const mta_sts_policy_fetch *fetch, const char *host,
                               const mta_sts_check_limits *limits, mta_sts_findings *findings);

/* Whether a web page came instead of a policy: its body begins with "<". */
int mta_sts_policy_fetch_is_page(const mta_sts_policy_fetch *fetch);

/* Whether the fetch ended before the server could say anything. */
int mta_sts_policy_fetch_is_unreached(const mta_sts_policy_fetch *fetch);

#endif
