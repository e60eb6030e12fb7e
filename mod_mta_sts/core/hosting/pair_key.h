/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_PAIR_KEY_H
#define CORE_HOSTING_PAIR_KEY_H

#include <apr_pools.h>

/*
 * Reads private keys in PEM format. OpenSSL's usual way to read one searches all its decoders each
 * time; for ten thousand keys, one decoder for each form that ACME clients write is made once.
 */

typedef struct mta_sts_pair_key_reader mta_sts_pair_key_reader;

/* It is freed with p. */
mta_sts_pair_key_reader *mta_sts_pair_key_reader_make(apr_pool_t *p);

/*
 * Reads the key of a certificate. Never asks for a password.
 *
 * @param pem   of len bytes
 * @param leaf  the certificate (an X509 *), which the key must belong to
 * @param error out: why there is no such key; a constant
 * @return an EVP_PKEY *, owned by the caller; or NULL
 */
struct evp_pkey_st;
struct x509_st;
struct evp_pkey_st *mta_sts_pair_key_read(mta_sts_pair_key_reader *reader, const char *pem,
                                          apr_size_t len, struct x509_st *leaf, const char **error);

#endif
