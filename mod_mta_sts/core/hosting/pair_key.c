/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/pair_key.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
#include <openssl/decoder.h>
#endif

#define TYPES 2

struct mta_sts_pair_key_reader {
    EVP_PKEY *read; /* where the decoders store the key */
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
    OSSL_DECODER_CTX *decoders[TYPES];
#endif
};

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
static const char *const types[TYPES] = {"EC", "RSA"};

static apr_status_t free_reader(void *memory)
{
    mta_sts_pair_key_reader *reader = memory;
    int i;

    for (i = 0; i < TYPES; i++) {
        OSSL_DECODER_CTX_free(reader->decoders[i]);
    }
    return APR_SUCCESS;
}

/* OpenSSL does not promise that a decoder can be reused, so callers compare the key with its
 * certificate. */
static EVP_PKEY *decode_as(mta_sts_pair_key_reader *reader, int type, const unsigned char *der,
                           size_t len)
{
    OSSL_DECODER_CTX **decoder = &reader->decoders[type];
    EVP_PKEY *key;

    if (!*decoder) {
        *decoder = OSSL_DECODER_CTX_new_for_pkey(&reader->read, "DER", "PrivateKeyInfo",
                                                 types[type], EVP_PKEY_KEYPAIR, NULL, NULL);
    }
    reader->read = NULL;
    if (*decoder) {
        OSSL_DECODER_from_data(*decoder, &der, &len);
    }
    key = reader->read;
    reader->read = NULL;
    return key;
}

/* Reads the key if it is the first PEM block of the file, in PKCS #8 format and of a known type. */
static EVP_PKEY *read_quickly(mta_sts_pair_key_reader *reader, BIO *bio, const X509 *leaf)
{
    int type = EVP_PKEY_base_id(X509_get0_pubkey(leaf)) == EVP_PKEY_RSA;
    char *name = NULL, *header = NULL;
    unsigned char *der = NULL;
    long len = 0;
    EVP_PKEY *key = NULL;

    if (PEM_read_bio(bio, &name, &header, &der, &len) == 1 &&
        strcmp(name, PEM_STRING_PKCS8INF) == 0) {
        key = decode_as(reader, type, der, (size_t)len);
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(der, (size_t)len);
    return key;
}
#else
static apr_status_t free_reader(void *memory)
{
    (void)memory;
    return APR_SUCCESS;
}

static EVP_PKEY *read_quickly(mta_sts_pair_key_reader *reader, BIO *bio, const X509 *leaf)
{
    (void)reader;
    (void)bio;
    (void)leaf;
    return NULL;
}
#endif

mta_sts_pair_key_reader *mta_sts_pair_key_reader_make(apr_pool_t *p)
{
    mta_sts_pair_key_reader *reader = apr_pcalloc(p, sizeof(*reader));

    apr_pool_cleanup_register(p, reader, free_reader, apr_pool_cleanup_null);
    return reader;
}

/* Starting httpd must not wait for a password to be typed. */
static int no_password(char *out, int size, int writing, void *was_asked)
{
    (void)out;
    (void)size;
    (void)writing;
    *(int *)was_asked = 1;
    return -1;
}

static EVP_PKEY *if_belongs(EVP_PKEY *key, X509 *leaf)
{
    if (key && X509_check_private_key(leaf, key) != 1) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

static EVP_PKEY *read_any(BIO *bio, X509 *leaf, const char **error)
{
    int was_asked = 0;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, &was_asked);

    if (!key) {
        *error = was_asked ? "the key is encrypted, and httpd never asks for a password"
                           : "its key file contains no private key in PEM format";
        return NULL;
    }
    key = if_belongs(key, leaf);
    if (!key) {
        *error = "the key does not belong to the certificate";
    }
    return key;
}

EVP_PKEY *mta_sts_pair_key_read(mta_sts_pair_key_reader *reader, const char *pem, apr_size_t len,
                                X509 *leaf, const char **error)
{
    BIO *bio;
    EVP_PKEY *key;

    *error = NULL;
    ERR_set_mark();
    if (!X509_get0_pubkey(leaf)) {
        *error = "the certificate is for a kind of key that this version of OpenSSL does not know";
        ERR_pop_to_mark();
        return NULL;
    }
    bio = BIO_new_mem_buf(pem, (int)len);
    key = if_belongs(read_quickly(reader, bio, leaf), leaf);
    if (!key) {
        (void)BIO_reset(bio);
        key = read_any(bio, leaf, error);
    }
    BIO_free(bio);
    ERR_pop_to_mark();
    return key;
}
