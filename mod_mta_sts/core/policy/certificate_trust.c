/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/certificate.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"

static const char chain_fix[] =
    "let SSLCertificateFile name the file with the complete chain (certbot's fullchain.pem)";

/* One result: "%s" is the file in the message, and the CA in the second part. */
static const struct {
    mta_sts_severity severity;
    const char *id;
    const char *format;
    const char *of_issuer;
    const char *loss;
    const char *fix;
} texts[] = {
    [MTA_STS_TRUST_SELF_SIGNED] =
        {MTA_STS_ERROR, "certificate-self-signed", "the certificate in %s is self-signed", NULL,
         ": senders do not accept a policy from this host",
         "get a certificate of a public CA (certbot, or mod_md with MDomain)"},
    [MTA_STS_TRUST_CHAIN_INCOMPLETE] =
        {MTA_STS_ERROR, "certificate-chain-incomplete",
         "%s lacks the certificate of the CA that issued it", ", %s",
         ", and this machine does not trust it directly: most senders do not accept a policy from "
         "this host",
         chain_fix},
    [MTA_STS_TRUST_UNKNOWN_CA] =
        {MTA_STS_WARNING, "certificate-ca-unknown",
         "the certificate in %s leads to a CA that this machine does not trust", " (%s)",
         ": senders that do not trust it either accept no policy from this host",
         "use a certificate of a public CA, with its complete chain (certbot's fullchain.pem); a "
         "private CA is known only to your own senders"},
    [MTA_STS_TRUST_CHAIN_INVALID] = {MTA_STS_ERROR, "certificate-chain-broken",
                                     "the CA certificate that %s contains has expired", " (%s)",
                                     ": senders do not accept a policy from this host", chain_fix},
};

void mta_sts_certificate_trust_check(const mta_sts_certificate *certificate, const char *host,
                                     mta_sts_findings *findings)
{
    apr_pool_t *p = findings->pool;
    const char *issuer = certificate->issuer;
    mta_sts_trust trust = certificate->trust;

    if (trust >= sizeof(texts) / sizeof(texts[0]) || !texts[trust].id) {
        return;
    }
    mta_sts_finding_add(
        findings, texts[trust].severity, texts[trust].id, host, texts[trust].fix, "%s%s%s",
        apr_psprintf(p, texts[trust].format, certificate->path),
        issuer && texts[trust].of_issuer
            ? apr_psprintf(p, texts[trust].of_issuer, mta_sts_text_quote(p, issuer, strlen(issuer)))
            : "",
        texts[trust].loss);
}
