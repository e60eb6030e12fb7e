/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_MX_PROBE_H
#define CORE_CHECK_MX_PROBE_H

#include "core/base/finding.h"
#include "core/check/mx_effect.h"
#include "core/check/peer.h"
#include "core/check/policy_fetch.h"

/*
 * How far a sender gets with one address of an MX host (RFC 8461 section 4.2, RFC 3207): up to a
 * verified TLS connection. Who probes is cli/net/smtp_probe.h.
 */

typedef enum mta_sts_smtp_stage {
    MTA_STS_SMTP_CONNECT,
    MTA_STS_SMTP_GREETING,
    MTA_STS_SMTP_EHLO,
    MTA_STS_SMTP_STARTTLS,
    MTA_STS_SMTP_HANDSHAKE,
} mta_sts_smtp_stage;

typedef enum mta_sts_smtp_result {
    MTA_STS_SMTP_NOT_TRIED,     /* there was no time for it */
    MTA_STS_SMTP_SECURED,       /* the handshake is done: see peer */
    MTA_STS_SMTP_NO_ROUTE,      /* this machine has no way there */
    MTA_STS_SMTP_REFUSED,       /* nobody listens on that port */
    MTA_STS_SMTP_UNREACHABLE,   /* the connection fails in another way: see detail */
    MTA_STS_SMTP_TIMEOUT,       /* nothing more came in time, at that stage */
    MTA_STS_SMTP_CLOSED,        /* it closed the connection, at that stage */
    MTA_STS_SMTP_REJECTED,      /* it answered with a code that says no, at that stage: see reply */
    MTA_STS_SMTP_INVALID_REPLY, /* what it says is no SMTP: see reply */
    MTA_STS_SMTP_NO_STARTTLS,   /* it does not offer it */
    MTA_STS_SMTP_TLS_OLD,       /* nothing newer than TLS 1.1 */
    MTA_STS_SMTP_TLS_FAILED,    /* the handshake fails: see detail */
} mta_sts_smtp_result;

typedef struct mta_sts_mx_probe {
    const char *address; /* IPv4 or IPv6, as text */
    mta_sts_smtp_result result;
    mta_sts_smtp_stage stage; /* how far it got */
    int code;                 /* of the reply that ended it, or 0 */
    const char *reply;        /* that reply's last line, or NULL */
    const char *detail;       /* the library's words, or NULL */
    mta_sts_peer peer;        /* with MTA_STS_SMTP_SECURED */
} mta_sts_mx_probe;

/*
 * Judges one probe.
 *
 * @param host the MX host; borrowed by the findings
 * @return what senders make of that address, if the policy covers its host
 */
mta_sts_mx_effect mta_sts_mx_probe_check(const mta_sts_mx_probe *probe, const char *host,
                                         const mta_sts_check_limits *limits,
                                         mta_sts_findings *findings);

/* Whether this id is the one of a probe that fails in every mode alike. */
int mta_sts_mx_probe_is_alike(const char *id);

#endif
