/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_MX_EFFECT_H
#define CORE_CHECK_MX_EFFECT_H

#include "core/base/finding.h"

/*
 * What a sender does at an MX host in mode testing and in mode enforce, for each way in which the
 * host can fail, and the consequences for the domain. A sender tries the MX hosts by preference,
 * and each address of a host; in mode enforce it skips those that it cannot verify (RFC 8461
 * section 5.1). So mode enforce makes a difference only where a sender in mode testing delivers.
 */
typedef enum mta_sts_mx_effect {
    MTA_STS_MX_SECURE,     /* verified TLS */
    MTA_STS_MX_UNVERIFIED, /* TLS, but the certificate is expired, untrusted or for another host */
    MTA_STS_MX_PLAIN,      /* STARTTLS is not offered, or it fails */
    MTA_STS_MX_UNCOVERED,  /* the policy does not cover it */
    MTA_STS_MX_CLOSED,     /* no connection, or not SMTP: no mail in any mode */
    MTA_STS_MX_ABSENT,     /* no address, or no host name: no mail in any mode */
    MTA_STS_MX_NOT_NOW, /* temporary failure of DNS or of the host: mail is deferred in any mode */
    MTA_STS_MX_UNSEEN,  /* this machine could not test it */
} mta_sts_mx_effect;

/* What a sender does there, as the end of a sentence that begins with "a sender in mode ..."; a
 * string constant. */
const char *mta_sts_mx_effect_in_testing(mta_sts_mx_effect effect);
const char *mta_sts_mx_effect_in_enforce(mta_sts_mx_effect effect);

/* Whether senders in mode testing deliver there, but those in mode enforce do not. */
int mta_sts_mx_effect_is_loss(mta_sts_mx_effect effect);

/* Whether senders cannot deliver there now, in any mode. */
int mta_sts_mx_effect_is_undeliverable(mta_sts_mx_effect effect);

/* Whether it is unknown what senders do there. */
int mta_sts_mx_effect_is_unknown(mta_sts_mx_effect effect);

/* The severity of the finding, assuming mode enforce and no other working MX host. */
mta_sts_severity mta_sts_mx_effect_severity(mta_sts_mx_effect effect);

#endif
