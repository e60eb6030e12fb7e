/* SPDX-License-Identifier: Apache-2.0 */
#include "core/check/peer.h"

#include <string.h>

#include "core/base/text.h"

static void check_trust(const mta_sts_peer *peer, const char *host,
                        const mta_sts_certificate_use *use, const char *chain_fix,
                        mta_sts_findings *findings)
{
    static const struct {
        const char *id;
        const char *what;
    } texts[] = {
        [MTA_STS_TRUST_NO_CERTIFICATE] = {"certificate-absent",
                                          "the server presents no certificate"},
        [MTA_STS_TRUST_SELF_SIGNED] = {"certificate-self-signed", "the certificate is self-signed"},
        [MTA_STS_TRUST_CHAIN_INCOMPLETE] =
            {"certificate-chain-incomplete",
             "the server presents its own certificate only, and no CA that is "
             "trusted here issued it"},
        [MTA_STS_TRUST_UNKNOWN_CA] =
            {"certificate-ca-unknown",
             "the certificate was issued by a CA that is not trusted here"},
        [MTA_STS_TRUST_CHAIN_INVALID] = {"certificate-chain-broken",
                                         "the certificate chain is not valid"},
    };
    const char *detail =
        peer->detail ? mta_sts_text_quote(findings->pool, peer->detail, strlen(peer->detail))
                     : NULL;

    if (peer->trust != MTA_STS_TRUST_OK) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, texts[peer->trust].id, host, chain_fix,
                            "%s, %s%s%s%s: %s", texts[peer->trust].what, use->where,
                            detail ? " (" : "", detail ? detail : "", detail ? ")" : "", use->loss);
    }
}

int mta_sts_peer_check(const mta_sts_peer *peer, const char *host, apr_time_t now,
                       const mta_sts_certificate_use *use, const char *chain_fix,
                       mta_sts_findings *findings)
{
    const mta_sts_certificate *certificate = peer->certificate;

    check_trust(peer, host, use, chain_fix, findings);
    if (!certificate) {
        return 0;
    }
    if (certificate->error) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "certificate-unreadable", host, chain_fix,
                            "the certificate %s: %s", use->where, certificate->error);
        return 0;
    }
    mta_sts_certificate_judge(certificate, host, now, use, findings);
    return peer->trust == MTA_STS_TRUST_OK && mta_sts_certificate_names(certificate, host) &&
           now >= certificate->not_before && now <= certificate->not_after;
}
