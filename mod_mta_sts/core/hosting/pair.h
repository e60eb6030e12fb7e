/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_PAIR_H
#define CORE_HOSTING_PAIR_H

#include <apr_pools.h>
#include <apr_time.h>

/*
 * A key pair: a certificate with its chain, and its private key, as OpenSSL objects. Its memory
 * belongs to no pool and contains no pointer into this code, because httpd keeps pairs across a
 * graceful restart, which unloads and reloads the module.
 */

/* The algorithm of the key. A client may support only one of them, so a name may have a pair of
 * each kind. */
typedef enum mta_sts_pair_kind {
    MTA_STS_PAIR_EC,
    MTA_STS_PAIR_RSA,
    MTA_STS_PAIR_OTHER, /* Ed25519 */
    MTA_STS_PAIR_KINDS
} mta_sts_pair_kind;

typedef struct mta_sts_pair_chain mta_sts_pair_chain;
struct x509_st;
struct evp_pkey_st;
struct stack_st_X509;

typedef struct mta_sts_pair {
    struct x509_st *leaf;
    struct evp_pkey_st *key;
    mta_sts_pair_chain *chain; /* shared with other pairs */
    mta_sts_pair_kind kind;
    apr_time_t not_before, not_after;
    int name_count;
    const char *const *names; /* the DNS names of its subjectAltName, lower case; 1 at least */
} mta_sts_pair;

/* The contents of the two files of a pair. */
typedef struct mta_sts_pair_text {
    const char *certificate; /* PEM: the certificate, then its chain */
    apr_size_t certificate_len;
    const char *key; /* PEM */
    apr_size_t key_len;
} mta_sts_pair_text;

/* Reads pairs; those with the same intermediate certificates share them. */
typedef struct mta_sts_pair_reader mta_sts_pair_reader;

/* Creates a reader, which is freed with p; the pairs that it has read are not. */
mta_sts_pair_reader *mta_sts_pair_reader_make(apr_pool_t *p);

/*
 * Reads a pair, and checks that the key belongs to the certificate. Never asks for a password.
 *
 * @param scratch pool of temporary data
 * @param error   out: why the pair cannot be used, a string constant. OpenSSL's error queue is
 *                unchanged
 * @return the pair, which the caller frees with mta_sts_pair_free; or NULL
 */
mta_sts_pair *mta_sts_pair_read(mta_sts_pair_reader *reader, const mta_sts_pair_text *text,
                                apr_pool_t *scratch, const char **error);

/* Frees a pair; does nothing for NULL. */
void mta_sts_pair_free(mta_sts_pair *pair);

/* Whether both have the same certificates, and so the same key. */
int mta_sts_pair_is_same(const mta_sts_pair *one, const mta_sts_pair *other);

/* Whether the certificate is valid at this time. */
int mta_sts_pair_is_valid(const mta_sts_pair *pair, apr_time_t now);

/* Whether a pair takes precedence over another one: the one that is valid now, then the one issued
 * last, then the one that is valid longest. */
int mta_sts_pair_is_better(const mta_sts_pair *pair, const mta_sts_pair *than, apr_time_t now);

/* The intermediate certificates, borrowed from the pair. */
struct stack_st_X509 *mta_sts_pair_intermediates(const mta_sts_pair *pair);

#endif
