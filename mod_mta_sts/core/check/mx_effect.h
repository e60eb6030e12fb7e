/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_MX_EFFECT_H
#define CORE_CHECK_MX_EFFECT_H

#include "core/base/finding.h"

/*
 * What a sender makes of an MX host, in mode testing and in mode enforce, for each way in which the
 * host can fail, and what that comes to for the domain. A sender tries the MX hosts in their order,
 * and each address of a host; in mode enforce it passes over those that it cannot verify (RFC 8461
 * section 5.1). So mode enforce changes something only where a sender in mode testing delivers.
 */
typedef enum mta_sts_mx_effect {
    MTA_STS_MX_SECURE,     /* verified TLS */
    MTA_STS_MX_UNVERIFIED, /* TLS, but the certificate is expired, untrusted or names another host
                            */
    MTA_STS_MX_PLAIN,      /* no STARTTLS, or it fails */
    MTA_STS_MX_UNCOVERED,  /* the policy does not name it */
    MTA_STS_MX_CLOSED,     /* no connection, or no SMTP: no mail in any mode */
    MTA_STS_MX_ABSENT,     /* no address, or no host name: no mail in any mode */
    MTA_STS_MX_NOT_NOW,    /* a temporary failure, of DNS or of the host: later, in any mode */
    MTA_STS_MX_UNSEEN,     /* this machine could not try it */
} mta_sts_mx_effect;

/* What a sender does there, as the end of a sentence that begins "a sender in mode ...". */
const char *mta_sts_mx_effect_in_testing(mta_sts_mx_effect effect);
const char *mta_sts_mx_effect_in_enforce(mta_sts_mx_effect effect);

/* Whether senders in mode testing deliver there, but those in mode enforce do not. */
int mta_sts_mx_effect_is_loss(mta_sts_mx_effect effect);

/* Whether senders deliver nothing there now, whatever the mode is. */
int mta_sts_mx_effect_is_alike(mta_sts_mx_effect effect);

/* Whether it cannot be known from here what senders do. */
int mta_sts_mx_effect_is_unknown(mta_sts_mx_effect effect);

/* Of the finding about it, if no other MX host makes up for it and mode enforce is on. */
mta_sts_severity mta_sts_mx_effect_severity(mta_sts_mx_effect effect);

#endif
