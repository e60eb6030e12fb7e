/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_CERTIFICATE_FIXTURE_H
#define TESTS_UNIT_CERTIFICATE_FIXTURE_H

#include <string.h>

#include <apr_strings.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* Creates certificates and keys with chosen properties. Everything is allocated from the given
 * pool. */

#define HOST "mta-sts.example.com"

/* One entry of a subjectAltName; a list of them ends with NAMES_END. */
typedef struct san {
    int type;
    const char *bytes;
    int len;
} san;

#define SAN(type, literal)                                                                         \
    {                                                                                              \
        type, literal, sizeof(literal) - 1                                                         \
    }
#define DNS(literal) SAN(GEN_DNS, literal)
#define NAMES_END                                                                                  \
    {                                                                                              \
        0, NULL, 0                                                                                 \
    }

static const san only_host[] = {DNS(HOST), NAMES_END};

static inline apr_status_t free_key(void *key)
{
    EVP_PKEY_free(key);
    return APR_SUCCESS;
}

static inline apr_status_t free_x509(void *x509)
{
    X509_free(x509);
    return APR_SUCCESS;
}

static inline EVP_PKEY *make_key(apr_pool_t *p)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
    EVP_PKEY *key = NULL;

    assert_non_null(context);
    assert_int_equal(EVP_PKEY_keygen_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1), 1);
    assert_int_equal(EVP_PKEY_keygen(context, &key), 1);
    EVP_PKEY_CTX_free(context);
    apr_pool_cleanup_register(p, key, free_key, apr_pool_cleanup_null);
    return key;
}

static inline GENERAL_NAME *make_name(const san *entry)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value =
        ASN1_STRING_type_new(entry->type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);

    assert_non_null(name);
    assert_non_null(value);
    assert_int_equal(ASN1_STRING_set(value, entry->bytes, entry->len), 1);
    GENERAL_NAME_set0_value(name, entry->type, value);
    return name;
}

static inline void add_names(X509 *x509, const san *entries)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();

    assert_non_null(names);
    for (; entries->bytes; entries++) {
        assert_true(sk_GENERAL_NAME_push(names, make_name(entries)) > 0);
    }
    assert_int_equal(X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, 0), 1);
    GENERAL_NAMES_free(names);
}

/* Adds a subjectAltName of arbitrary bytes. */
static inline void add_raw_names(X509 *x509, const char *bytes, int len)
{
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension;

    assert_non_null(value);
    assert_int_equal(ASN1_OCTET_STRING_set(value, (const unsigned char *)bytes, len), 1);
    extension = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
}

/* Sets times in ASN.1 notation: 13 characters are a UTCTime, 15 a GeneralizedTime. */
static inline void set_times(X509 *x509, const char *from, const char *until)
{
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(x509), from), 1);
    assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(x509), until), 1);
}

static inline void sign(apr_pool_t *p, X509 *x509)
{
    EVP_PKEY *key = make_key(p);

    assert_int_equal(X509_set_pubkey(x509, key), 1);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
}

/* An unsigned certificate, valid in 2026. Its common name is always the host. */
static inline X509 *draft_x509(apr_pool_t *p)
{
    X509 *x509 = X509_new();
    X509_NAME *subject = X509_NAME_new();

    assert_non_null(x509);
    assert_non_null(subject);
    apr_pool_cleanup_register(p, x509, free_x509, apr_pool_cleanup_null);
    assert_int_equal(X509_set_version(x509, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), 1), 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                                (const unsigned char *)HOST, -1, -1, 0),
                     1);
    assert_int_equal(X509_set_subject_name(x509, subject), 1);
    assert_int_equal(X509_set_issuer_name(x509, subject), 1);
    X509_NAME_free(subject);
    set_times(x509, "260101000000Z", "261231235959Z");
    return x509;
}

static inline X509 *make_x509(apr_pool_t *p, const san *names)
{
    X509 *x509 = draft_x509(p);

    if (names) {
        add_names(x509, names);
    }
    sign(p, x509);
    return x509;
}

/* Returns what was written to a memory BIO, and frees the BIO. */
static inline const char *take_text(apr_pool_t *p, BIO *bio)
{
    char *bytes;
    long len = BIO_get_mem_data(bio, &bytes);
    const char *text = apr_pstrmemdup(p, bytes, (apr_size_t)len);

    BIO_free(bio);
    return text;
}

static inline BIO *new_bio(void)
{
    BIO *bio = BIO_new(BIO_s_mem());

    assert_non_null(bio);
    return bio;
}

static inline const char *pem_of(apr_pool_t *p, X509 *x509)
{
    BIO *bio = new_bio();

    assert_int_equal(PEM_write_bio_X509(bio, x509), 1);
    return take_text(p, bio);
}

static inline const char *pem_with(apr_pool_t *p, const san *names)
{
    return pem_of(p, make_x509(p, names));
}

static inline const char *pem_of_bytes(apr_pool_t *p, const char *label, const unsigned char *bytes,
                                       long len)
{
    BIO *bio = new_bio();

    assert_true(PEM_write_bio(bio, label, "", bytes, len) > 0);
    return take_text(p, bio);
}

static inline unsigned char *der_of(apr_pool_t *p, X509 *x509, int *len)
{
    unsigned char *der, *end;

    *len = i2d_X509(x509, NULL);
    assert_true(*len > 0);
    der = end = apr_palloc(p, (apr_size_t)*len);
    assert_int_equal(i2d_X509(x509, &end), *len);
    return der;
}

static inline const char *pkcs8_key(apr_pool_t *p, const EVP_CIPHER *cipher)
{
    BIO *bio = new_bio();

    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, make_key(p), cipher, cipher ? "secret" : "",
                                                   cipher ? 6 : 0, NULL, NULL),
                     1);
    return take_text(p, bio);
}

static inline const char *traditional_key(apr_pool_t *p, const EVP_CIPHER *cipher)
{
    BIO *bio = new_bio();
    unsigned char password[] = "secret";

    assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, make_key(p), cipher,
                                                          cipher ? password : NULL, cipher ? 6 : 0,
                                                          NULL, NULL),
                     1);
    return take_text(p, bio);
}

#endif
