/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_PEER_H
#define CORE_CHECK_PEER_H

#include "core/policy/certificate.h"
#include "core/base/finding.h"

/*
 * What was seen of a server in a TLS handshake, and the judgement of it by the rules that are the
 * same for a policy host and for an MX (RFC 8461 section 3.3 and 4.2): a chain to a trusted CA, the
 * host's name, dates.
 */

typedef enum mta_sts_trust {
    MTA_STS_TRUST_NO_CERTIFICATE,   /* it showed no certificate */
    MTA_STS_TRUST_OK,               /* a chain to a CA that is trusted here */
    MTA_STS_TRUST_SELF_SIGNED,      /* it signed itself */
    MTA_STS_TRUST_CHAIN_INCOMPLETE, /* it came without the certificate of its CA, unknown here */
    MTA_STS_TRUST_UNKNOWN_CA,       /* the chain leads to a CA that is not trusted here */
    MTA_STS_TRUST_CHAIN_INVALID,    /* the chain fails for another reason: see detail */
} mta_sts_trust;

typedef struct mta_sts_peer {
    const char *version;              /* "TLSv1.3"; NULL without a handshake */
    mta_sts_trust trust;              /* whatever the dates and names of the server's own
                                         certificate are */
    const char *detail;               /* the TLS library's word for what is wrong, or NULL */
    mta_sts_certificate *certificate; /* the server's own, or NULL */
    apr_array_header_t *chain;        /* of mta_sts_der: all that it sent, its own first; or NULL */
} mta_sts_peer;

/*
 * Judges a server that a handshake was finished with.
 *
 * @param host  the name that it must have; borrowed by the findings
 * @param chain_fix what to do if the chain is not trusted; borrowed
 * @return whether a sender would trust it
 */
int mta_sts_peer_check(const mta_sts_peer *peer, const char *host, apr_time_t now,
                       const mta_sts_certificate_use *use, const char *chain_fix,
                       mta_sts_findings *findings);

#endif
