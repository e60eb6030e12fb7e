/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_MX_PROBE_H
#define CORE_CHECK_MX_PROBE_H

#include "core/base/finding.h"
#include "core/check/mx_effect.h"
#include "core/check/peer.h"
#include "core/check/policy_fetch.h"

/*
 * How far a sender gets with one address of an MX host (RFC 8461 section 4.2, RFC 3207), up to a
 * verified TLS connection. cli/net/smtp_probe.h does the probing.
 */

typedef enum mta_sts_smtp_stage {
    MTA_STS_SMTP_CONNECT,
    MTA_STS_SMTP_GREETING,
    MTA_STS_SMTP_EHLO,
    MTA_STS_SMTP_STARTTLS,
    MTA_STS_SMTP_HANDSHAKE,
} mta_sts_smtp_stage;

typedef enum mta_sts_smtp_result {
    MTA_STS_SMTP_NOT_TRIED,     /* the time limit of the run was reached first */
    MTA_STS_SMTP_SECURED,       /* the handshake succeeded: see peer */
    MTA_STS_SMTP_NO_ROUTE,      /* this machine has no route to the address */
    MTA_STS_SMTP_REFUSED,       /* nothing listens on that port */
    MTA_STS_SMTP_UNREACHABLE,   /* the connection failed for another reason: see detail */
    MTA_STS_SMTP_TIMEOUT,       /* the server did not respond in time at that stage */
    MTA_STS_SMTP_CLOSED,        /* the server closed the connection at that stage */
    MTA_STS_SMTP_REJECTED,      /* the server replied with an error code at that stage: see reply */
    MTA_STS_SMTP_INVALID_REPLY, /* the reply is not SMTP: see reply */
    MTA_STS_SMTP_NO_STARTTLS,   /* the server does not offer STARTTLS */
    MTA_STS_SMTP_TLS_OLD,       /* the server supports nothing newer than TLS 1.1 */
    MTA_STS_SMTP_TLS_FAILED,    /* the handshake failed: see detail */
} mta_sts_smtp_result;

typedef struct mta_sts_mx_probe {
    const char *address; /* IPv4 or IPv6 address in text form */
    mta_sts_smtp_result result;
    mta_sts_smtp_stage stage; /* the stage at which the probe ended */
    int code;                 /* reply code of the reply that ended it, or 0 */
    const char *reply;        /* the last line of that reply, or NULL */
    const char *detail;       /* the error text of the library, or NULL */
    mta_sts_peer peer;        /* with MTA_STS_SMTP_SECURED */
} mta_sts_mx_probe;

/*
 * Judges one probe and adds its findings.
 *
 * @param host the MX host; borrowed by the findings
 * @return what senders do at that address, provided that the policy covers the host
 */
mta_sts_mx_effect mta_sts_mx_probe_check(const mta_sts_mx_probe *probe, const char *host,
                                         const mta_sts_check_limits *limits,
                                         mta_sts_findings *findings);

/* Whether the server accepts mail at this address, but not over TLS. */
int mta_sts_mx_probe_is_plain(const mta_sts_mx_probe *probe);

/* Whether this is a finding id of a probe that fails in the same way in every mode. */
int mta_sts_mx_probe_fails_in_every_mode(const char *id);

#endif
