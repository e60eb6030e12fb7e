/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <openssl/err.h>

#include "pair_fixture.h"
#include "table_fixture.h"

static mta_sts_pair *read_text(apr_pool_t *p, mta_sts_pair_reader *reader, const char *certificate,
                               const char *key, const char **error)
{
    mta_sts_pair_text text = text_of(certificate, key);

    return mta_sts_pair_read(reader, &text, p, error);
}

static void assert_pair(apr_pool_t *p, mta_sts_pair_reader *reader, const char *certificate,
                        const char *key, mta_sts_pair_kind kind)
{
    const char *error;
    mta_sts_pair *pair = read_text(p, reader, certificate, key, &error);

    if (!pair) {
        fail_msg("%s", error);
    }
    assert_null(error);
    assert_int_equal(pair->kind, kind);
    assert_int_equal(pair->name_count, 1);
    assert_string_equal(pair->names[0], "mta-sts.a.example");
    assert_int_equal(pair->not_before, apr_time_from_sec(APR_INT64_C(1767225600)));
    assert_int_equal(ERR_peek_error(), 0);
    mta_sts_pair_free(pair);
}

/* One reader reads all of them, in turns, as it does for the pairs of a machine. */
static void test_keys_of_all_kinds_and_forms_are_read_by_one_reader(void **state)
{
    static const struct {
        int type;
        mta_sts_pair_kind kind;
    } kinds[] = {{EVP_PKEY_EC, MTA_STS_PAIR_EC},
                 {EVP_PKEY_RSA, MTA_STS_PAIR_RSA},
                 {EVP_PKEY_ED25519, MTA_STS_PAIR_OTHER}};
    mta_sts_pair_reader *reader = mta_sts_pair_reader_make(*state);
    size_t i, round;

    for (round = 0; round < 3; round++) {
        for (i = 0; i < COUNT(kinds); i++) {
            EVP_PKEY *key = make_key_of(*state, kinds[i].type);
            const char *leaf = pem_of(*state, make_leaf(*state, key, one_name, NULL, NULL));

            assert_pair(*state, reader, leaf, pkcs8_of(*state, key, NULL), kinds[i].kind);
            if (kinds[i].type != EVP_PKEY_ED25519) {
                assert_pair(*state, reader, leaf, traditional_of(*state, key, NULL), kinds[i].kind);
            }
        }
    }
}

static void test_the_parameters_before_an_ec_key_do_no_harm(void **state)
{
    static const char parameters[] =
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    EVP_PKEY *key = make_key(*state);
    const char *text = apr_pstrcat(*state, parameters, traditional_of(*state, key, NULL), NULL);

    assert_pair(*state, mta_sts_pair_reader_make(*state),
                pem_of(*state, make_leaf(*state, key, one_name, NULL, NULL)), text,
                MTA_STS_PAIR_EC);
}

static void test_names_are_those_of_the_subject_alternative_name_in_lower_case(void **state)
{
    static const san names[] = {DNS("MTA-STS.A.Example"),
                                DNS("*.b.example"),
                                DNS("mta-sts.c.example\0.evil.example"),
                                SAN(GEN_EMAIL, "a@d.example"),
                                SAN(GEN_IPADD, "\x7f\0\0\1"),
                                NAMES_END};
    EVP_PKEY *key = make_key(*state);
    const char *error;
    mta_sts_pair *pair = read_text(*state, mta_sts_pair_reader_make(*state),
                                   pem_of(*state, make_leaf(*state, key, names, NULL, NULL)),
                                   pkcs8_of(*state, key, NULL), &error);

    assert_non_null(pair);
    assert_int_equal(pair->name_count, 2);
    assert_string_equal(pair->names[0], "mta-sts.a.example");
    assert_string_equal(pair->names[1], "*.b.example");
    mta_sts_pair_free(pair);
}

static const char *cut(apr_pool_t *p, const char *text, size_t part)
{
    return apr_pstrmemdup(p, text, strlen(text) * part / 10);
}

/* A certificate for a key of a kind that OpenSSL does not know, as new ones are for years. */
static const char *leaf_of_unknown_kind(apr_pool_t *p, EVP_PKEY *key)
{
    X509 *x509 = make_leaf(p, key, one_name, NULL, NULL);
    unsigned char *bytes = OPENSSL_memdup("\4key", 4);

    assert_int_equal(X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(x509),
                                            OBJ_txt2obj("1.3.6.1.4.1.55555.1", 1), V_ASN1_UNDEF,
                                            NULL, bytes, 4),
                     1);
    return pem_of(p, x509);
}

static void test_a_bad_pair_is_refused_with_the_reason_and_never_asks_for_a_password(void **state)
{
    EVP_PKEY *key = make_key(*state), *other = make_key(*state);
    EVP_PKEY *rsa = make_key_of(*state, EVP_PKEY_RSA);
    const char *leaf = pem_of(*state, make_leaf(*state, key, one_name, NULL, NULL));
    const char *text = pkcs8_of(*state, key, NULL);
    const struct {
        const char *certificate, *key, *error;
    } cases[] = {
        {"", text, "it contains no certificate"},
        {text, text, "it contains no certificate"},
        {cut(*state, leaf, 5), text, "it contains no certificate"},
        {pem_of(*state, make_leaf(*state, key, NULL, NULL, NULL)), text, "has no DNS name"},
        {leaf, "", "its key file contains no private key"},
        {leaf, leaf, "its key file contains no private key"},
        {leaf, cut(*state, text, 5), "its key file contains no private key"},
        {leaf, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
         "its key file contains no private key"},
        /* half renewed */
        {leaf, pkcs8_of(*state, other, NULL), "the key does not belong to the certificate"},
        {leaf, traditional_of(*state, other, NULL), "the key does not belong to the certificate"},
        {leaf, pkcs8_of(*state, rsa, NULL), "the key does not belong to the certificate"},
        {leaf_of_unknown_kind(*state, key), text, "the certificate is for a kind of key that"},
        {leaf_of_unknown_kind(*state, key), "", "the certificate is for a kind of key that"},
        {leaf, pkcs8_of(*state, key, "secret"), "the key is encrypted"},
        {leaf, traditional_of(*state, key, "secret"), "the key is encrypted"},
        {apr_pstrcat(*state, leaf, cut(*state, leaf, 5), NULL), text, "a certificate after"},
        {apr_pstrcat(*state, leaf, leaf, leaf, leaf, leaf, leaf, leaf, leaf, leaf, leaf, leaf, leaf,
                     NULL),
         text, "more than 10 intermediate"},
    };
    mta_sts_pair_reader *reader = mta_sts_pair_reader_make(*state);
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const char *error;

        if (read_text(*state, reader, cases[i].certificate, cases[i].key, &error)) {
            fail_msg("case %zu is a pair", i);
        }
        if (!strstr(error, cases[i].error)) {
            fail_msg("case %zu: \"%s\"", i, error);
        }
        assert_int_equal(ERR_peek_error(), 0);
        assert_pair(*state, reader, leaf, text, MTA_STS_PAIR_EC);
    }
}

static void test_pairs_with_the_same_intermediates_share_them(void **state)
{
    mta_sts_pair_reader *reader = mta_sts_pair_reader_make(*state);
    const char *issuer = pem_with(*state, only_host), *error;
    EVP_PKEY *key = make_key(*state), *other = make_key(*state);
    const char *leaf = pem_of(*state, make_leaf(*state, key, one_name, NULL, NULL));
    const char *other_leaf = pem_of(*state, make_leaf(*state, other, one_name, NULL, NULL));
    mta_sts_pair *one = read_text(*state, reader, apr_pstrcat(*state, leaf, issuer, NULL),
                                  pkcs8_of(*state, key, NULL), &error);
    mta_sts_pair *two = read_text(*state, reader, apr_pstrcat(*state, other_leaf, issuer, NULL),
                                  pkcs8_of(*state, other, NULL), &error);
    mta_sts_pair *alone = read_text(*state, reader, leaf, pkcs8_of(*state, key, NULL), &error);

    assert_int_equal(sk_X509_num(mta_sts_pair_intermediates(one)), 1);
    assert_ptr_equal(mta_sts_pair_intermediates(one), mta_sts_pair_intermediates(two));
    assert_int_equal(sk_X509_num(mta_sts_pair_intermediates(alone)), 0);
    assert_true(mta_sts_pair_is_same(one, one));
    assert_false(mta_sts_pair_is_same(one, two));
    assert_false(mta_sts_pair_is_same(one, alone));
    mta_sts_pair_free(one);
    mta_sts_pair_free(alone);
    assert_int_equal(sk_X509_num(mta_sts_pair_intermediates(two)), 1);
    mta_sts_pair_free(two);
    mta_sts_pair_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_keys_of_all_kinds_and_forms_are_read_by_one_reader),
        POOL_TEST(test_the_parameters_before_an_ec_key_do_no_harm),
        POOL_TEST(test_names_are_those_of_the_subject_alternative_name_in_lower_case),
        POOL_TEST(test_a_bad_pair_is_refused_with_the_reason_and_never_asks_for_a_password),
        POOL_TEST(test_pairs_with_the_same_intermediates_share_them),
    };
    int failed = RUN_POOL_TESTS(tests);

    EVP_PKEY_free(rsa_key);
    return failed;
}
