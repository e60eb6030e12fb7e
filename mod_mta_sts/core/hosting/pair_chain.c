/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/pair_chain.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#define CERTIFICATES_MAX 10 /* per chain; senders do not accept more */
#define CHAINS_MAX 1000     /* maximum number of chains in the cache */

struct mta_sts_pair_chain {
    int holders;
    STACK_OF(X509) * certificates;
    unsigned char digest[SHA256_DIGEST_LENGTH]; /* of its text */
};

struct mta_sts_pair_chains {
    apr_hash_t *by_digest;
};

static apr_status_t free_chains(void *memory)
{
    const mta_sts_pair_chains *chains = memory;
    apr_hash_index_t *at;

    for (at = apr_hash_first(NULL, chains->by_digest); at; at = apr_hash_next(at)) {
        mta_sts_pair_chain_release(apr_hash_this_val(at));
    }
    return APR_SUCCESS;
}

mta_sts_pair_chains *mta_sts_pair_chains_make(apr_pool_t *p)
{
    mta_sts_pair_chains *chains = apr_palloc(p, sizeof(*chains));

    chains->by_digest = apr_hash_make(p);
    apr_pool_cleanup_register(p, chains, free_chains, apr_pool_cleanup_null);
    return chains;
}

/* Whether reading stopped at the end of the text, and not at a malformed certificate. */
static int is_at_end(void)
{
    unsigned long error = ERR_peek_last_error();

    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

static STACK_OF(X509) * read_certificates(const char *pem, apr_size_t len, const char **error)
{
    BIO *bio = BIO_new_mem_buf(pem, (int)len);
    STACK_OF(X509) *certificates = sk_X509_new_null();
    X509 *x509;

    *error = NULL;
    ERR_set_mark();
    while ((x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        sk_X509_push(certificates, x509);
    }
    if (!is_at_end()) {
        *error = "a certificate after the first cannot be parsed";
    }
    else if (sk_X509_num(certificates) > CERTIFICATES_MAX) {
        *error = "it has more than 10 intermediate certificates";
    }
    ERR_pop_to_mark();
    BIO_free(bio);
    if (*error) {
        sk_X509_pop_free(certificates, X509_free);
        return NULL;
    }
    return certificates;
}

mta_sts_pair_chain *mta_sts_pair_chains_find(mta_sts_pair_chains *chains, const char *pem,
                                             apr_size_t len, const char **error)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    STACK_OF(X509) * certificates;
    mta_sts_pair_chain *chain;

    SHA256((const unsigned char *)pem, len, digest);
    chain = apr_hash_get(chains->by_digest, digest, sizeof(digest));
    if (chain) {
        chain->holders++;
        return chain;
    }
    certificates = read_certificates(pem, len, error);
    if (!certificates) {
        return NULL;
    }
    chain = calloc(1, sizeof(*chain));
    chain->certificates = certificates;
    chain->holders = 1;
    memcpy(chain->digest, digest, sizeof(digest));
    if (apr_hash_count(chains->by_digest) < CHAINS_MAX) {
        chain->holders++;
        apr_hash_set(chains->by_digest, chain->digest, sizeof(chain->digest), chain);
    }
    return chain;
}

void mta_sts_pair_chain_release(mta_sts_pair_chain *chain)
{
    if (chain && --chain->holders == 0) {
        sk_X509_pop_free(chain->certificates, X509_free);
        free(chain);
    }
}

int mta_sts_pair_chain_is_same(const mta_sts_pair_chain *one, const mta_sts_pair_chain *other)
{
    return memcmp(one->digest, other->digest, sizeof(one->digest)) == 0;
}

STACK_OF(X509) * mta_sts_pair_chain_certificates(const mta_sts_pair_chain *chain)
{
    return chain->certificates;
}
