/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_PEER_H
#define CORE_CHECK_PEER_H

#include "core/policy/certificate.h"
#include "core/base/finding.h"

/*
 * What a TLS handshake showed of a server, and its check by the rules that are the same for a
 * policy host and for an MX (RFC 8461 section 3.3 and 4.2): a chain to a trusted CA, the host's
 * name, dates.
 */

typedef struct mta_sts_peer {
    const char *version;              /* "TLSv1.3"; NULL without a handshake */
    mta_sts_trust trust;              /* regardless of the dates and names of the
                                         certificate */
    const char *detail;               /* the error text of the TLS library, or NULL */
    mta_sts_certificate *certificate; /* of the server, or NULL */
    apr_array_header_t *chain;        /* of mta_sts_der: all certificates that the server sent,
                                         its own first; or NULL */
} mta_sts_peer;

/*
 * Checks a server after a completed handshake.
 *
 * @param host  the required name; borrowed by the findings
 * @param chain_fix what to do if the chain is not trusted; borrowed
 * @return whether a sender would trust it
 */
int mta_sts_peer_check(const mta_sts_peer *peer, const char *host, apr_time_t now,
                       const mta_sts_certificate_use *use, const char *chain_fix,
                       mta_sts_findings *findings);

#endif
