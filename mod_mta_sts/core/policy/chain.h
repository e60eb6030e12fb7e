/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_POLICY_CHAIN_H
#define CORE_POLICY_CHAIN_H

#include <apr_pools.h>

/*
 * Whether the certificates in a file form a chain to a CA that this machine trusts (RFC 8461
 * section 3.3). The chain is built by names and key identifiers; signatures are not verified,
 * because that would delay the start of a server with many virtual hosts by seconds.
 */

/* Whether senders trust a certificate, regardless of its names and dates. */
typedef enum mta_sts_trust {
    MTA_STS_TRUST_NO_CERTIFICATE,   /* the server presented no certificate */
    MTA_STS_TRUST_OK,               /* there is a chain to a trusted CA */
    MTA_STS_TRUST_SELF_SIGNED,      /* the certificate is self-signed */
    MTA_STS_TRUST_CHAIN_INCOMPLETE, /* the server sent no intermediate certificate */
    MTA_STS_TRUST_UNKNOWN_CA,       /* the chain leads to an untrusted CA */
    MTA_STS_TRUST_CHAIN_INVALID,    /* the chain is not valid for another reason: see detail */
    MTA_STS_TRUST_NOT_JUDGED,
} mta_sts_trust;

/* The CAs that this machine trusts. */
typedef struct x509_store_st mta_sts_trust_store;

/*
 * Opens the trust store of the system, or the one that the environment variables SSL_CERT_FILE and
 * SSL_CERT_DIR name.
 *
 * @param p pool of the store, which is freed with it
 * @return NULL if it contains no CA, so that trust cannot be judged
 */
mta_sts_trust_store *mta_sts_trust_store_open(apr_pool_t *p);

/*
 * Judges a chain.
 *
 * @param own    the certificate of the server (an X509 *)
 * @param others the certificates after it in the file (a STACK_OF(X509) *)
 * @param issuer out: the name of the CA whose certificate is missing, expired or not trusted,
 *               allocated from p; or NULL
 */
struct x509_st;
struct stack_st_X509;
mta_sts_trust mta_sts_chain_judge(apr_pool_t *p, mta_sts_trust_store *store, struct x509_st *own,
                                  struct stack_st_X509 *others, const char **issuer);

#endif
