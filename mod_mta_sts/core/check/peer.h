/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_PEER_H
#define CORE_CHECK_PEER_H

#include "core/policy/certificate.h"
#include "core/base/finding.h"

/*
 * What a TLS handshake revealed about a server, and its check by the rules that a policy host and
 * an MX host have in common (RFC 8461 sections 3.3 and 4.2): a chain to a trusted CA, the host's
 * name, the dates.
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
 * Checks a server after a completed handshake, and adds the findings.
 *
 * @param host      the required name; borrowed by the findings
 * @param now       the time at which the certificate should be valid
 * @param use       texts of the findings about the certificate; borrowed
 * @param chain_fix what to do if the chain is not trusted; borrowed
 * @return whether a sender would trust it
 */
int mta_sts_peer_check(const mta_sts_peer *peer, const char *host, apr_time_t now,
                       const mta_sts_certificate_use *use, const char *chain_fix,
                       mta_sts_findings *findings);

#endif
