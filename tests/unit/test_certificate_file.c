/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ui.h>

#include "certificate_file_fixture.h"
#include "table_fixture.h"

static const char *in_crlf(apr_pool_t *p, const char *text)
{
    char *crlf = apr_palloc(p, 2 * strlen(text) + 1), *out = crlf;

    for (; *text; text++) {
        if (*text == '\n') {
            *out++ = '\r';
        }
        *out++ = *text;
    }
    *out = '\0';
    return crlf;
}

static void test_the_first_of_several_certificates_counts(void **state)
{
    static const san ca[] = {DNS("ca.example"), NAMES_END};
    const char *server = pem_with(*state, only_host), *issuer = pem_with(*state, ca);
    const char *root = pem_with(*state, NULL);
    const mta_sts_certificate *certificate;

    certificate = read_text(*state, apr_pstrcat(*state, server, issuer, root, NULL));
    assert_null(certificate->error);
    assert_string_equal(names_of(*state, certificate), HOST);
    certificate = read_text(*state, apr_pstrcat(*state, issuer, server, NULL));
    assert_null(certificate->error);
    assert_string_equal(names_of(*state, certificate), "ca.example");
    certificate = read_text(*state, apr_pstrcat(*state, root, server, NULL));
    assert_null(certificate->error);
    assert_string_equal(names_of(*state, certificate), "");
}

/* A chain is sent in the order of its file, so a good certificate later in it does not help. */
static void test_a_broken_first_certificate_is_not_skipped(void **state)
{
    const char *server = pem_with(*state, only_host);
    const char *broken = pem_of_bytes(*state, "CERTIFICATE", (const unsigned char *)"\x30\x00", 2);

    assert_non_null(read_text(*state, apr_pstrcat(*state, broken, server, NULL))->error);
}

/* Key and certificate may be in one file; nobody must be asked for a password. */
static void test_a_key_may_precede_the_certificate(void **state)
{
    static const unsigned char curve[] = "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
    const char *const before[] = {
        pkcs8_key(*state, NULL),
        traditional_key(*state, NULL),
        pkcs8_key(*state, EVP_aes_256_cbc()),
        traditional_key(*state, EVP_aes_256_cbc()),
        pem_of_bytes(*state, "EC PARAMETERS", curve, sizeof(curve) - 1),
        apr_pstrcat(*state, pem_of_bytes(*state, "EC PARAMETERS", curve, sizeof(curve) - 1),
                    traditional_key(*state, NULL), NULL),
    };
    const char *server = pem_with(*state, only_host);
    size_t i;

    for (i = 0; i < COUNT(before); i++) {
        const mta_sts_certificate *certificate =
            read_text(*state, apr_pstrcat(*state, before[i], server, NULL));

        if (certificate->error) {
            fail_msg("after %.30s: %s", before[i], certificate->error);
        }
        assert_string_equal(names_of(*state, certificate), HOST);
    }
}

static void test_text_around_the_certificate_is_skipped(void **state)
{
    const char *server = pem_with(*state, only_host);
    const char *lines = server + strlen("-----BEGIN CERTIFICATE-----\n");
    const char *const texts[] = {
        apr_pstrcat(*state, "Certificate:\n    Data:\n\n# mine\n\n", server, NULL),
        apr_pstrcat(*state, "----- not yet -----\n\xff\xfe\x01\n", server, NULL),
        apr_pstrcat(*state, server, "and more\n-----BEGIN CERTIFICATE-----\nof it", NULL),
        apr_pstrmemdup(*state, server, strlen(server) - 1), /* no line end */
        in_crlf(*state, server),
        in_crlf(*state, apr_pstrcat(*state, "# mine\n", server, NULL)),
        apr_pstrcat(*state, "-----BEGIN X509 CERTIFICATE-----\n",
                    apr_pstrmemdup(*state, lines, strlen(lines) - strlen("CERTIFICATE-----\n")),
                    "X509 CERTIFICATE-----\n", NULL),
    };
    size_t i;

    for (i = 0; i < COUNT(texts); i++) {
        const mta_sts_certificate *certificate = read_text(*state, texts[i]);

        if (certificate->error || strcmp(names_of(*state, certificate), HOST) != 0) {
            fail_msg("%d: %s", (int)i, certificate->error ? certificate->error : "other names");
        }
    }
}

/* `openssl x509 -trustout` writes such files, and mod_ssl presents the certificate in them. */
static void test_a_certificate_with_trust_settings_counts_as_the_first_as_in_mod_ssl(void **state)
{
    static const san ca[] = {DNS("ca.example"), NAMES_END};
    X509 *x509 = make_x509(*state, only_host);
    const mta_sts_certificate *certificate;
    const char *text;
    BIO *bio = new_bio();

    assert_int_equal(X509_alias_set1(x509, (const unsigned char *)"mine", 4), 1);
    assert_int_equal(PEM_write_bio_X509_AUX(bio, x509), 1);
    text = take_text(*state, bio);
    assert_contains(text, "-----BEGIN TRUSTED CERTIFICATE-----\n");
    certificate = read_text(*state, apr_pstrcat(*state, text, pem_with(*state, ca), NULL));
    assert_null(certificate->error);
    assert_string_equal(names_of(*state, certificate), HOST);
}

/* A certificate that cannot be read is one warning with the reason, and is not judged. */
static void assert_unreadable(apr_pool_t *p, const char *path, const char *reason)
{
    const mta_sts_certificate *certificate = mta_sts_certificate_read(p, path, NULL);
    const mta_sts_findings *findings;

    if (!certificate->error) {
        fail_msg("%s can be read", path);
    }
    assert_string_equal(certificate->path, path);
    findings = check(p, certificate);
    assert_string_equal(findings_summary(p, findings), "warning certificate-unreadable@0");
    assert_contains(only_message(findings), reason);
    assert_contains(only_message(findings), certificate->error);
    assert_false(mta_sts_certificate_names(certificate, HOST));
}

static void test_a_missing_file_cannot_be_read(void **state)
{
    const char *path = new_path(*state);

    assert_unreadable(*state, path, strerror(ENOENT));
    assert_unreadable(*state, apr_pstrcat(*state, path, "/cert.pem", NULL), strerror(ENOENT));
    assert_unreadable(*state, apr_pstrcat(*state, write_text(*state, ""), "/cert.pem", NULL),
                      strerror(ENOTDIR));
}

/* As after a failed `certbot renew`: a dangling link into the archive. */
static void test_a_dangling_link_cannot_be_read(void **state)
{
    const char *path = new_path(*state), *loop = new_path(*state);

    assert_int_equal(symlink("/nonexistent/cert1.pem", path), 0);
    assert_unreadable(*state, path, strerror(ENOENT));
    assert_int_equal(symlink(loop, loop), 0);
    assert_unreadable(*state, loop, strerror(ELOOP));
}

static void test_a_directory_cannot_be_read(void **state)
{
    assert_unreadable(*state, directory, "");
}

/* Root can read everything, so the test gives up root for this. */
static void test_a_file_without_read_permission_cannot_be_read(void **state)
{
    const char *path = write_text(*state, pem_with(*state, only_host));
    mta_sts_certificate *certificate;
    uid_t user = geteuid();

    assert_int_equal(chmod(path, 0), 0);
    if (user == 0 && seteuid(65534) != 0) {
        skip();
    }
    certificate = mta_sts_certificate_read(*state, path, NULL);
    assert_int_equal(seteuid(user), 0);
    assert_non_null(certificate->error);
    assert_string_equal(certificate->error, strerror(EACCES));
    assert_string_equal(findings_summary(*state, check(*state, certificate)),
                        "warning certificate-unreadable@0");
}

static void test_a_file_without_a_certificate_in_pem_format_cannot_be_read(void **state)
{
    const char *server = pem_with(*state, only_host);
    const char *body = strchr(server, '\n') + 1;
    const char *const texts[] = {
        "",
        "\n",
        "-----BEGIN CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        "-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n",
        apr_pstrcat(*state, "-----BEGIN PUBLIC KEY-----\n", body, NULL),
        apr_pstrcat(*state, "-----BEGIN CERTIFICATE REQUEST-----\n", body, NULL),
        apr_pstrcat(*state, "-----BEGIN X509 CRL-----\n", body, NULL),
        body,
        pkcs8_key(*state, NULL),
        traditional_key(*state, NULL),
        pkcs8_key(*state, EVP_aes_256_cbc()),
        traditional_key(*state, EVP_aes_256_cbc()),
        "\xff\xfe\x00",
    };
    size_t i;

    for (i = 0; i < COUNT(texts); i++) {
        assert_unreadable(*state, write_text(*state, texts[i]), "no certificate in PEM format");
    }
}

static void test_a_certificate_that_openssl_cannot_parse_is_an_error_with_its_reason(void **state)
{
    const char *path = write_text(*state, "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n"
                                          "-----END CERTIFICATE-----\n");
    const char *reason;

    ERR_clear_error();
    assert_unreadable(*state, path, "its certificate cannot be parsed: too long");
    assert_int_equal(ERR_peek_error(), 0);

    /* An error that the caller left in the queue is not taken for the reason, and remains. */
    ERR_put_error(ERR_LIB_X509, 0, ERR_R_PASSED_NULL_PARAMETER, __FILE__, __LINE__);
    reason = mta_sts_certificate_read(*state, path, NULL)->error;
    assert_contains(reason, "its certificate cannot be parsed: ");
    assert_null(strstr(reason, "passed a null parameter"));
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), ERR_R_PASSED_NULL_PARAMETER);
    assert_int_equal(ERR_get_error(), 0);
}

static void test_a_certificate_in_der_format_cannot_be_read(void **state)
{
    int len;
    const unsigned char *der = der_of(*state, make_x509(*state, only_host), &len);

    assert_unreadable(*state, write_bytes(*state, der, (size_t)len),
                      "no certificate in PEM format");
}

static void test_a_certificate_truncated_anywhere_cannot_be_read(void **state)
{
    const char *server = pem_with(*state, only_host);
    size_t len;

    for (len = 0; len < strlen(server) - 1; len++) {
        apr_pool_t *round;

        assert_int_equal(apr_pool_create(&round, *state), APR_SUCCESS);
        assert_unreadable(round, write_bytes(round, server, len), "no certificate in PEM format");
        apr_pool_destroy(round);
    }
}

/* OpenSSL refuses some of these when it parses the certificate, depending on its version. */
static void test_a_certificate_with_invalid_dates_cannot_be_read(void **state)
{
    static const char *const dates[] = {
        "", "Z", "261331000000Z", "26010100000Z", "tomorrow", "260101000000+9999"};
    size_t i;

    for (i = 0; i < COUNT(dates); i++) {
        X509 *x509 = draft_x509(*state), *parsed;
        const unsigned char *der;
        int len;

        add_names(x509, only_host);
        ASN1_STRING_set(i % 2 ? X509_getm_notBefore(x509) : X509_getm_notAfter(x509), dates[i], -1);
        sign(*state, x509);
        der = der_of(*state, x509, &len);
        parsed = d2i_X509(NULL, &der, len);
        ERR_clear_error();
        assert_unreadable(*state, write_text(*state, pem_of(*state, x509)),
                          parsed ? "it has dates that" : "cannot be parsed: utctime is too short");
        X509_free(parsed);
    }
}

static void test_a_certificate_with_any_byte_changed_is_read_or_rejected(void **state)
{
    static const san names[] = {DNS(HOST), DNS("*.example.com"), SAN(GEN_URI, "a:b"), NAMES_END};
    static const unsigned char changes[] = {0x01, 0x80, 0xff};
    int len, i;
    unsigned char *der = der_of(*state, make_x509(*state, names), &len);
    size_t c;

    for (i = 0; i < len; i++) {
        for (c = 0; c < COUNT(changes); c++) {
            const mta_sts_certificate *certificate;
            apr_pool_t *round;

            assert_int_equal(apr_pool_create(&round, *state), APR_SUCCESS);
            der[i] ^= changes[c];
            certificate = read_text(round, pem_of_bytes(round, "CERTIFICATE", der, len));
            der[i] ^= changes[c];
            if (certificate->error) {
                assert_int_equal(certificate->names->nelts, 0);
            }
            check(round, certificate);
            apr_pool_destroy(round);
        }
    }
}

/* The error queue belongs to the thread: mod_ssl would take an error left there for its own. */
static void test_reading_leaves_nothing_in_the_error_queue(void **state)
{
    static const char *const raw[] = {"garbage", "\x30\x7f\x82\x01m"};
    apr_array_header_t *paths = apr_array_make(*state, 8, sizeof(const char *));
    int i;

    APR_ARRAY_PUSH(paths, const char *) = write_text(*state, pem_with(*state, only_host));
    APR_ARRAY_PUSH(paths, const char *) = write_text(*state, pem_with(*state, NULL));
    APR_ARRAY_PUSH(paths, const char *) = write_text(*state, pkcs8_key(*state, NULL));
    APR_ARRAY_PUSH(paths, const char *) = write_text(*state, "");
    APR_ARRAY_PUSH(paths, const char *) = new_path(*state);
    APR_ARRAY_PUSH(paths, const char *) = directory;
    for (i = 0; i < (int)COUNT(raw); i++) {
        X509 *x509 = draft_x509(*state);

        add_raw_names(x509, raw[i], (int)strlen(raw[i]));
        sign(*state, x509);
        APR_ARRAY_PUSH(paths, const char *) = write_text(*state, pem_of(*state, x509));
    }
    for (i = 0; i < paths->nelts; i++) {
        unsigned long error;

        ERR_clear_error();
        mta_sts_certificate_read(*state, APR_ARRAY_IDX(paths, i, const char *), NULL);
        error = ERR_peek_error();
        ERR_clear_error();
        if (error) {
            fail_msg("file %d left: %s", i, ERR_error_string(error, NULL));
        }
    }
}

static int asked;

static int note_question(UI *ui)
{
    (void)ui;
    asked++;
    return 0;
}

/* A start of the server must not wait for input on a terminal. */
static void test_reading_never_asks_for_a_password(void **state)
{
    static const char encrypted[] = "-----BEGIN CERTIFICATE-----\n"
                                    "Proc-Type: 4,ENCRYPTED\n"
                                    "DEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n"
                                    "AAAAAAAAAAAAAAAAAAAAAA==\n"
                                    "-----END CERTIFICATE-----\n";
    const UI_METHOD *before = UI_get_default_method();
    UI_METHOD *terminal = UI_create_method("a terminal where nobody sits");
    const mta_sts_certificate *certificate;

    assert_non_null(terminal);
    assert_int_equal(UI_method_set_opener(terminal, note_question), 0);
    UI_set_default_method(terminal);
    asked = 0;
    certificate = read_text(*state, encrypted);
    read_text(*state, pkcs8_key(*state, EVP_aes_256_cbc()));
    read_text(*state, traditional_key(*state, EVP_aes_256_cbc()));
    UI_set_default_method(before);
    UI_destroy_method(terminal);
    assert_non_null(certificate->error);
    assert_int_equal(asked, 0);
}

static int next_descriptor(void)
{
    int descriptor = open("/dev/null", O_RDONLY);

    close(descriptor);
    return descriptor;
}

static void test_reading_leaves_no_file_open(void **state)
{
    const char *const paths[] = {
        write_text(*state, pem_with(*state, only_host)),
        write_text(*state, ""),
        new_path(*state),
        directory,
    };
    int before = next_descriptor();
    size_t i;

    for (i = 0; i < COUNT(paths); i++) {
        mta_sts_certificate_read(*state, paths[i], NULL);
        assert_int_equal(next_descriptor(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_the_first_of_several_certificates_counts),
        POOL_TEST(test_a_broken_first_certificate_is_not_skipped),
        POOL_TEST(test_a_key_may_precede_the_certificate),
        POOL_TEST(test_text_around_the_certificate_is_skipped),
        POOL_TEST(test_a_certificate_with_trust_settings_counts_as_the_first_as_in_mod_ssl),
        POOL_TEST(test_a_missing_file_cannot_be_read),
        POOL_TEST(test_a_dangling_link_cannot_be_read),
        POOL_TEST(test_a_directory_cannot_be_read),
        POOL_TEST(test_a_file_without_read_permission_cannot_be_read),
        POOL_TEST(test_a_file_without_a_certificate_in_pem_format_cannot_be_read),
        POOL_TEST(test_a_certificate_that_openssl_cannot_parse_is_an_error_with_its_reason),
        POOL_TEST(test_a_certificate_in_der_format_cannot_be_read),
        POOL_TEST(test_a_certificate_truncated_anywhere_cannot_be_read),
        POOL_TEST(test_a_certificate_with_invalid_dates_cannot_be_read),
        POOL_TEST(test_a_certificate_with_any_byte_changed_is_read_or_rejected),
        POOL_TEST(test_reading_leaves_nothing_in_the_error_queue),
        POOL_TEST(test_reading_never_asks_for_a_password),
        POOL_TEST(test_reading_leaves_no_file_open),
    };

    return RUN_DIRECTORY_TESTS(tests);
}
