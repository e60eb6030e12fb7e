/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_PAIR_FIXTURE_H
#define TESTS_UNIT_PAIR_FIXTURE_H

#include "certificate_fixture.h"
#include "core/hosting/pair.h"

/* Key pairs of different kinds as text. Creating an RSA key takes long, so all tests share one. */

static const san one_name[] = {DNS("mta-sts.a.example"), NAMES_END};

static EVP_PKEY *rsa_key;

static inline EVP_PKEY *make_key_of(apr_pool_t *p, int type)
{
    EVP_PKEY_CTX *context;

    if (type == EVP_PKEY_EC) {
        return make_key(p);
    }
    if (type == EVP_PKEY_RSA && rsa_key) {
        return rsa_key;
    }
    context = EVP_PKEY_CTX_new_id(type, NULL);
    assert_int_equal(EVP_PKEY_keygen_init(context), 1);
    if (type == EVP_PKEY_RSA) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
    }
    EVP_PKEY *key = NULL;
    assert_int_equal(EVP_PKEY_keygen(context, &key), 1);
    EVP_PKEY_CTX_free(context);
    if (type == EVP_PKEY_RSA) {
        rsa_key = key;
    }
    else {
        apr_pool_cleanup_register(p, key, free_key, apr_pool_cleanup_null);
    }
    return key;
}

/* A certificate for a key, valid in 2026 unless times are given. */
static inline X509 *make_leaf(apr_pool_t *p, EVP_PKEY *key, const san *names, const char *from,
                              const char *until)
{
    X509 *x509 = draft_x509(p);

    if (names) {
        add_names(x509, names);
    }
    if (from) {
        set_times(x509, from, until);
    }
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    assert_true(
        X509_sign(x509, key, EVP_PKEY_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256()) > 0);
    return x509;
}

static inline const char *pkcs8_of(apr_pool_t *p, EVP_PKEY *key, const char *password)
{
    BIO *bio = new_bio();

    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, password ? EVP_aes_128_cbc() : NULL,
                                                   password, password ? (int)strlen(password) : 0,
                                                   NULL, NULL),
                     1);
    return take_text(p, bio);
}

/* "EC PRIVATE KEY" or "RSA PRIVATE KEY". */
static inline const char *traditional_of(apr_pool_t *p, EVP_PKEY *key, const char *password)
{
    BIO *bio = new_bio();

    assert_int_equal(
        PEM_write_bio_PrivateKey_traditional(bio, key, password ? EVP_aes_128_cbc() : NULL,
                                             (const unsigned char *)password,
                                             password ? (int)strlen(password) : 0, NULL, NULL),
        1);
    return take_text(p, bio);
}

static inline mta_sts_pair_text text_of(const char *certificate, const char *key)
{
    return (mta_sts_pair_text){certificate, strlen(certificate), key, strlen(key)};
}

#endif
