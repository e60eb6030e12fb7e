/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_PAIR_KEY_H
#define CORE_HOSTING_PAIR_KEY_H

#include <apr_pools.h>

/*
 * Reads private keys in PEM format. OpenSSL's usual function searches all its decoders for each
 * key. To read ten thousand keys quickly, a reader creates a decoder once for each format that ACME
 * clients write.
 */

typedef struct mta_sts_pair_key_reader mta_sts_pair_key_reader;

/* Creates a reader, which is freed with p. */
mta_sts_pair_key_reader *mta_sts_pair_key_reader_make(apr_pool_t *p);

/*
 * Reads the key of a certificate. Never asks for a password.
 *
 * @param pem   len bytes
 * @param leaf  the certificate (an X509 *) to which the key must belong
 * @param error out: why the key cannot be used; a string constant
 * @return an EVP_PKEY *, owned by the caller; or NULL
 */
struct evp_pkey_st;
struct x509_st;
struct evp_pkey_st *mta_sts_pair_key_read(mta_sts_pair_key_reader *reader, const char *pem,
                                          apr_size_t len, struct x509_st *leaf, const char **error);

#endif
