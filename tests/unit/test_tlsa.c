/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>
#include <openssl/sha.h>

#include "certificate_fixture.h"
#include "check_fixture.h"
#include "core/check/tlsa.h"

#define MX "mx1.example.com"

/* A CA, and a certificate that it issued for MX. */
typedef struct chain {
    apr_array_header_t *sent; /* of mta_sts_der: the certificate, the CA's */
    X509 *own, *ca;
} chain;

static X509 *issue(apr_pool_t *p, const char *subject, EVP_PKEY *key, const char *issuer,
                   EVP_PKEY *issuer_key, const char *extension)
{
    X509 *x509 = X509_new();
    X509_EXTENSION *made = X509V3_EXT_conf_nid(
        NULL, NULL,
        strncmp(extension, "DNS:", 4) == 0 ? NID_subject_alt_name : NID_basic_constraints,
        extension);

    assert_true(x509 && made);
    apr_pool_cleanup_register(p, x509, free_x509, apr_pool_cleanup_null);
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), (long)strlen(extension));
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                               (const unsigned char *)subject, -1, -1, 0);
    X509_NAME_add_entry_by_txt(X509_get_issuer_name(x509), "CN", MBSTRING_ASC,
                               (const unsigned char *)issuer, -1, -1, 0);
    set_times(x509, "20200101000000Z", "21200101000000Z");
    X509_set_pubkey(x509, key);
    X509_add_ext(x509, made, -1);
    X509_EXTENSION_free(made);
    assert_true(X509_sign(x509, issuer_key, EVP_sha256()) > 0);
    return x509;
}

static void push(apr_pool_t *p, apr_array_header_t *sent, X509 *x509)
{
    unsigned char *der = NULL;
    int len = i2d_X509(x509, &der);
    mta_sts_der copy = {apr_pmemdup(p, der, (apr_size_t)len), len};

    APR_ARRAY_PUSH(sent, mta_sts_der) = copy;
    OPENSSL_free(der);
}

static chain make_chain(apr_pool_t *p, const char *names)
{
    chain made = {.sent = apr_array_make(p, 2, sizeof(mta_sts_der))};
    EVP_PKEY *ca_key = make_key(p), *key = make_key(p);

    made.ca = issue(p, "CA", ca_key, "CA", ca_key, "critical,CA:TRUE");
    made.own = issue(p, "mx", key, "CA", ca_key, names);
    push(p, made.sent, made.own);
    push(p, made.sent, made.ca);
    return made;
}

/* "U S M HEX" of a certificate. */
static const char *record_of(apr_pool_t *p, X509 *x509, int usage, int selector, int matching)
{
    unsigned char *der = NULL, digest[64];
    int len = selector ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der) : i2d_X509(x509, &der);
    const char *hex;

    if (matching == 1) {
        hex = apr_pescape_hex(p, SHA256(der, (size_t)len, digest), 32, 0);
    }
    else if (matching == 2) {
        hex = apr_pescape_hex(p, SHA512(der, (size_t)len, digest), 64, 0);
    }
    else {
        hex = apr_pescape_hex(p, der, (apr_size_t)len, 0);
    }
    OPENSSL_free(der);
    return apr_psprintf(p, "%d %d %d %s", usage, selector, matching, hex);
}

static mta_sts_tlsa_result compare(apr_pool_t *p, const chain *of, const char *record,
                                   const char *other)
{
    apr_array_header_t *records = apr_array_make(p, 2, sizeof(const char *));

    APR_ARRAY_PUSH(records, const char *) = record;
    if (other) {
        APR_ARRAY_PUSH(records, const char *) = other;
    }
    return mta_sts_tlsa_compare(p, records, of->sent, MX, "example.com");
}

static void test_every_selector_and_matching_type_matches_what_the_server_shows(void **state)
{
    chain made = make_chain(*state, "DNS:" MX);
    int selector, matching;

    for (selector = 0; selector <= 1; selector++) {
        for (matching = 0; matching <= 2; matching++) {
            const char *own = record_of(*state, made.own, 3, selector, matching);
            const char *ca = record_of(*state, made.ca, 2, selector, matching);

            assert_int_equal(compare(*state, &made, own, NULL), MTA_STS_TLSA_MATCH);
            assert_int_equal(compare(*state, &made, ca, NULL), MTA_STS_TLSA_MATCH);
            assert_int_equal(
                compare(*state, &made, record_of(*state, made.ca, 3, selector, matching), NULL),
                MTA_STS_TLSA_MISMATCH);
        }
    }
}

static void test_one_record_that_matches_is_enough_and_usages_0_and_1_are_none(void **state)
{
    chain made = make_chain(*state, "DNS:" MX), other = make_chain(*state, "DNS:" MX);
    const char *right = record_of(*state, made.own, 3, 1, 1);
    const char *wrong = record_of(*state, other.own, 3, 1, 1);
    const char *unusable[] = {record_of(*state, made.own, 1, 1, 1),
                              record_of(*state, made.ca, 0, 0, 1),
                              "3 1 1 00",
                              "3 2 1 00",
                              "3 1 9 00",
                              "3 1 1 "};
    size_t i;

    assert_int_equal(compare(*state, &made, wrong, right), MTA_STS_TLSA_MATCH);
    assert_int_equal(compare(*state, &made, wrong, NULL), MTA_STS_TLSA_MISMATCH);
    for (i = 0; i < COUNT(unusable); i++) {
        assert_int_equal(compare(*state, &made, unusable[i], NULL), MTA_STS_TLSA_UNUSABLE);
        assert_int_equal(compare(*state, &made, unusable[i], wrong), MTA_STS_TLSA_MISMATCH);
    }
}

static void test_an_anchor_needs_the_name_of_the_host_but_a_key_does_not(void **state)
{
    chain made = make_chain(*state, "DNS:other.example.com");

    assert_int_equal(compare(*state, &made, record_of(*state, made.ca, 2, 0, 1), NULL),
                     MTA_STS_TLSA_UNVERIFIED);
    assert_int_equal(compare(*state, &made, record_of(*state, made.own, 3, 1, 1), NULL),
                     MTA_STS_TLSA_MATCH);
}

static void test_the_certificate_of_an_anchor_may_name_the_domain_that_the_mail_is_for(void **state)
{
    chain made = make_chain(*state, "DNS:example.com");

    assert_int_equal(compare(*state, &made, record_of(*state, made.ca, 2, 0, 1), NULL),
                     MTA_STS_TLSA_MATCH);
}

/* A whole certificate in DNS need not be sent by the server; a hash must be. */
static void test_an_anchor_that_the_record_contains_need_not_be_sent(void **state)
{
    chain made = make_chain(*state, "DNS:" MX), other = make_chain(*state, "DNS:" MX);

    made.sent->nelts = 1;
    assert_int_equal(compare(*state, &made, record_of(*state, made.ca, 2, 0, 0), NULL),
                     MTA_STS_TLSA_MATCH);
    assert_int_equal(compare(*state, &made, record_of(*state, other.ca, 2, 0, 0), NULL),
                     MTA_STS_TLSA_MISMATCH);
    assert_int_equal(compare(*state, &made, record_of(*state, made.ca, 2, 0, 1), NULL),
                     MTA_STS_TLSA_MISMATCH);
    assert_int_equal(compare(*state, &made, "2 0 0 abc", NULL), MTA_STS_TLSA_MISMATCH);
}

static void test_the_record_to_publish_is_the_one_that_matches(void **state)
{
    chain made = make_chain(*state, "DNS:" MX);
    const char *record = mta_sts_tlsa_record(*state, made.sent);

    assert_string_equal(record, record_of(*state, made.own, 3, 1, 1));
    assert_int_equal(compare(*state, &made, record, NULL), MTA_STS_TLSA_MATCH);
    assert_null(mta_sts_tlsa_record(*state, NULL));
}

/* --- TLSA records in the check --- */

static void test_with_tlsa_records_senders_that_support_dane_need_tls(void **state)
{
    chain made = make_chain(*state, "DNS:" MX);
    const struct {
        mta_sts_smtp_result result;
        mta_sts_smtp_stage stage;
        int is_refused;
    } cases[] = {
        {MTA_STS_SMTP_NO_STARTTLS, MTA_STS_SMTP_EHLO, 1},
        {MTA_STS_SMTP_TLS_OLD, MTA_STS_SMTP_HANDSHAKE, 1},
        {MTA_STS_SMTP_TLS_FAILED, MTA_STS_SMTP_HANDSHAKE, 1},
        {MTA_STS_SMTP_REJECTED, MTA_STS_SMTP_STARTTLS, 1},
        {MTA_STS_SMTP_REFUSED, MTA_STS_SMTP_CONNECT, 0},
        {MTA_STS_SMTP_NO_ROUTE, MTA_STS_SMTP_CONNECT, 0},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mta_sts_check_facts *facts = healthy(*state, TESTING);
        const mta_sts_check_result *result;

        mx_of(facts, 0)->tlsa = one(*state, record_of(*state, made.own, 3, 1, 1));
        probe_of(facts, 0)->result = cases[i].result;
        probe_of(facts, 0)->stage = cases[i].stage;
        probe_of(facts, 0)->peer.chain = NULL;
        result = mta_sts_check_judge(*state, facts, &limits);
        assert_int_equal(strstr(summary(*state, result), "error tlsa-without-tls") != NULL,
                         cases[i].is_refused);
        assert_int_equal(result->verdict.dane != NULL, cases[i].is_refused);
    }
}

static void test_the_check_says_what_senders_with_dane_do_whatever_the_mode_is(void **state)
{
    static const char *const texts[] = {TESTING, ENFORCE};
    chain made = make_chain(*state, "DNS:" MX), other = make_chain(*state, "DNS:" MX);
    const struct {
        const char *record, *expected, *dane;
    } cases[] = {
        {record_of(*state, made.own, 3, 1, 1), "info dane-present; delivers, yes", NULL},
        {record_of(*state, other.own, 3, 1, 1),
         "info dane-present, error tlsa-mismatch; delivers, yes", "do not deliver to " MX},
        {record_of(*state, made.own, 1, 1, 1),
         "info dane-present, warning tlsa-unusable; delivers, yes", NULL},
        {NULL, "warning dns-servfail; delivers, yes", "defer mail to " MX},
    };
    size_t i, j;

    for (i = 0; i < COUNT(cases); i++) {
        for (j = 0; j < COUNT(texts); j++) {
            mta_sts_check_facts *facts = healthy(*state, texts[j]);
            const mta_sts_check_result *result;

            mx_of(facts, 0)->tlsa = one(*state, cases[i].record);
            if (!cases[i].record) {
                mx_of(facts, 0)->tlsa.status = MTA_STS_ANSWER_SERVFAIL;
            }
            probe_of(facts, 0)->peer.chain = made.sent;
            result = mta_sts_check_judge(*state, facts, &limits);
            assert_string_equal(summary(*state, result), cases[i].expected);
            assert_int_equal(result->verdict.dane != NULL, cases[i].dane != NULL);
            if (cases[i].dane) {
                assert_non_null(strstr(result->verdict.dane, cases[i].dane));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_every_selector_and_matching_type_matches_what_the_server_shows),
        POOL_TEST(test_one_record_that_matches_is_enough_and_usages_0_and_1_are_none),
        POOL_TEST(test_an_anchor_needs_the_name_of_the_host_but_a_key_does_not),
        POOL_TEST(test_the_certificate_of_an_anchor_may_name_the_domain_that_the_mail_is_for),
        POOL_TEST(test_an_anchor_that_the_record_contains_need_not_be_sent),
        POOL_TEST(test_the_record_to_publish_is_the_one_that_matches),
        POOL_TEST(test_with_tlsa_records_senders_that_support_dane_need_tls),
        POOL_TEST(test_the_check_says_what_senders_with_dane_do_whatever_the_mode_is),
    };

    return RUN_POOL_TESTS(tests);
}
