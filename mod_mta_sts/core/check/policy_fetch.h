/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_POLICY_FETCH_H
#define CORE_CHECK_POLICY_FETCH_H

#include <apr_time.h>

#include "core/base/finding.h"
#include "core/check/peer.h"

/*
 * The result of fetching a policy from one address of the policy host (RFC 8461 section 3.3), and
 * whether a sender would use it. cli/net/fetch.h does the fetching.
 */

typedef enum mta_sts_fetch_status {
    MTA_STS_FETCH_NOT_TRIED,   /* the time limit of the run was reached first */
    MTA_STS_FETCH_ANSWERED,    /* a complete HTTP response, of any status */
    MTA_STS_FETCH_NO_ROUTE,    /* this machine has no route to the address: it has no IPv6, or no
                                  network */
    MTA_STS_FETCH_REFUSED,     /* nothing listens on that port */
    MTA_STS_FETCH_UNREACHABLE, /* the connection failed for another reason: see detail */
    MTA_STS_FETCH_CONNECT_TIMEOUT, /* no connection in time */
    MTA_STS_FETCH_TLS_OLD,         /* the server supports nothing newer than TLS 1.1 */
    MTA_STS_FETCH_NAME_UNKNOWN,    /* TLS alert unrecognized_name (RFC 6066 section 3) */
    MTA_STS_FETCH_TLS_FAILED,      /* the TLS handshake failed: see detail */
    MTA_STS_FETCH_TIMEOUT,         /* connected, but the response was not complete in time */
    MTA_STS_FETCH_TOO_LONG,        /* the response is longer than MTA_STS_POLICY_READ_MAX bytes */
    MTA_STS_FETCH_BROKEN,          /* not HTTP, or the connection broke: see detail */
} mta_sts_fetch_status;

typedef struct mta_sts_policy_fetch {
    const char *address; /* IPv4 or IPv6 address in text form */
    mta_sts_fetch_status status;
    const char *detail;       /* the error text of the library, or NULL */
    mta_sts_peer peer;        /* its version is NULL if there was no TLS connection */
    apr_interval_time_t took; /* from the connection to the last byte, in microseconds */
    int http_status;          /* this and all members below: only with MTA_STS_FETCH_ANSWERED */
    const char *content_type; /* as sent, or NULL */
    const char *location;     /* the Location header of a redirect, or NULL */
    const char *text;         /* the body, not NUL-terminated */
    apr_size_t len;
} mta_sts_policy_fetch;

/* The limits that apply to all checks of one run. */
typedef struct mta_sts_check_limits {
    apr_time_t now;   /* the time at which certificates should be valid */
    int warning_days; /* certificates that expire within this many days are warnings; -1: depends on
                         their lifetime (mta_sts_certificate_soon()) */
    int error_days;   /* within this many days they are errors; 0: only once expired */
} mta_sts_check_limits;

/*
 * Judges one fetch, except for the policy text itself, and adds its findings.
 *
 * @param host the policy host; borrowed by the findings
 * @return whether a sender would use the text
 */
int mta_sts_policy_fetch_check(const mta_sts_policy_fetch *fetch, const char *host,
                               const mta_sts_check_limits *limits, mta_sts_findings *findings);

/* Whether the response is a web page instead of a policy: its body begins with "<". */
int mta_sts_policy_fetch_is_page(const mta_sts_policy_fetch *fetch);

/* Whether the fetch ended before the server sent anything. */
int mta_sts_policy_fetch_is_unreached(const mta_sts_policy_fetch *fetch);

#endif
