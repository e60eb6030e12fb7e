/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <apr_file_io.h>
#include <apr_strings.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ui.h>
#include <openssl/x509v3.h>

#include "certificate_fixture.h"
#include "core/certificate.h"
#include "findings_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define NAME_FIX "run: certbot --apache -d " HOST

/* The day on which everything here is judged: 2026-01-01 00:00:00 UTC. */
#define NOW apr_time_from_sec(APR_INT64_C(1767225600))

/* The files of the tests */

static char *folder;

/* Open to all, so that only the rights of a file decide who reads it. */
static int folder_make(void **state)
{
    const char *parent = getenv("TMPDIR");
    char name[512];

    if (apr_start(state) != 0) {
        return -1;
    }
    snprintf(name, sizeof(name), "%s/test_certificate.XXXXXX", parent ? parent : "/tmp");
    folder = strdup(name);
    return folder && mkdtemp(folder) && chmod(folder, 0755) == 0 ? 0 : -1;
}

static int folder_drop(void **state)
{
    int rc = rmdir(folder);

    free(folder);
    return apr_stop(state) == 0 ? rc : -1;
}

static apr_status_t remove_file(void *path)
{
    remove(path);
    return APR_SUCCESS;
}

/* A path in the folder; what is made there goes away with the pool. */
static char *new_path(apr_pool_t *p)
{
    static int made;
    char *path = apr_psprintf(p, "%s/%d.pem", folder, made++);

    apr_pool_cleanup_register(p, path, remove_file, apr_pool_cleanup_null);
    return path;
}

static const char *write_octets(apr_pool_t *p, const void *octets, size_t len)
{
    const char *path = new_path(p);
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(octets, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    return path;
}

static const char *write_text(apr_pool_t *p, const char *text)
{
    return write_octets(p, text, strlen(text));
}

/* The certificates of the tests */

static const mta_sts_certificate *read_text(apr_pool_t *p, const char *text)
{
    const mta_sts_certificate *certificate = mta_sts_certificate_read(p, write_text(p, text));

    assert_non_null(certificate);
    return certificate;
}

static const mta_sts_certificate *read_names(apr_pool_t *p, const san *names)
{
    const mta_sts_certificate *certificate = read_text(p, pem_with(p, names));

    assert_null(certificate->error);
    return certificate;
}

static const mta_sts_certificate *read_times(apr_pool_t *p, const char *from, const char *until)
{
    const mta_sts_certificate *certificate;
    X509 *x509 = draft_x509(p);

    add_names(x509, only_host);
    set_times(x509, from, until);
    sign(p, x509);
    certificate = read_text(p, pem_of(p, x509));
    assert_null(certificate->error);
    return certificate;
}

/* The names of a certificate, with a comma between them. */
static const char *names_of(apr_pool_t *p, const mta_sts_certificate *certificate)
{
    return apr_array_pstrcat(p, certificate->names, ',');
}

static mta_sts_findings *check_at(apr_pool_t *p, const mta_sts_certificate *certificate,
                                  apr_time_t now)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    int i;

    mta_sts_certificate_check(certificate, HOST, now, NAME_FIX, findings);
    assert_findings_are_showable(findings);
    for (i = 0; i < findings->list->nelts; i++) {
        assert_string_equal(mta_sts_findings_at(findings, i)->subject, HOST);
        assert_non_null(mta_sts_findings_at(findings, i)->fix);
        assert_non_null(strstr(mta_sts_findings_at(findings, i)->message, certificate->path));
    }
    return findings;
}

static mta_sts_findings *check(apr_pool_t *p, const mta_sts_certificate *certificate)
{
    return check_at(p, certificate, NOW);
}

/* The message of the only finding. */
static const char *only_message(const mta_sts_findings *findings)
{
    assert_int_equal(findings->list->nelts, 1);
    return mta_sts_findings_at(findings, 0)->message;
}

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("\"%s\" does not contain \"%s\"", text, part);
    }
}

/* Names */

static void test_the_dns_names_are_read_in_their_order(void **state)
{
    static const san names[] = {DNS(HOST), DNS("example.com"), DNS("*.example.net"),
                                DNS("WWW.Example.ORG"), NAMES_END};
    const char *path = write_text(*state, pem_with(*state, names));
    const mta_sts_certificate *certificate = mta_sts_certificate_read(*state, path);

    assert_null(certificate->error);
    assert_string_equal(certificate->path, path);
    assert_string_equal(names_of(*state, certificate),
                        HOST ",example.com,*.example.net,WWW.Example.ORG");
}

static void test_the_common_name_is_not_a_name(void **state)
{
    const mta_sts_certificate *certificate = read_names(*state, NULL);

    assert_int_equal(certificate->names->nelts, 0);
    assert_false(mta_sts_certificate_names(certificate, HOST));
}

static void test_an_empty_list_of_names_names_nothing(void **state)
{
    static const san names[] = {NAMES_END};

    assert_int_equal(read_names(*state, names)->names->nelts, 0);
}

static void test_only_dns_names_are_names(void **state)
{
    static const san names[] = {
        SAN(GEN_IPADD, "\xc0\x00\x02\x01"),
        SAN(GEN_URI, "https://" HOST "/"),
        SAN(GEN_EMAIL, "root@" HOST),
        SAN(GEN_URI, HOST),
        SAN(GEN_EMAIL, HOST),
        SAN(GEN_IPADD, HOST),
        DNS("www.example.com"),
        NAMES_END,
    };
    const mta_sts_certificate *certificate = read_names(*state, names);

    assert_string_equal(names_of(*state, certificate), "www.example.com");
    assert_false(mta_sts_certificate_names(certificate, HOST));
}

/* A CA that compares whole octets would sign this for the owner of evil.example. */
static void test_a_name_with_nul_inside_names_nothing(void **state)
{
    static const san names[] = {DNS(HOST "\0.evil.example"),
                                DNS(HOST "\0"),
                                DNS("\0" HOST),
                                DNS("*.example.com\0"),
                                DNS("\0"),
                                DNS("www.example.com"),
                                NAMES_END};
    const mta_sts_certificate *certificate = read_names(*state, names);

    assert_string_equal(names_of(*state, certificate), "www.example.com");
    assert_false(mta_sts_certificate_names(certificate, HOST));
}

static void test_an_empty_name_is_left_out(void **state)
{
    static const san names[] = {DNS(""), DNS("www.example.com"), DNS(""), NAMES_END};

    assert_string_equal(names_of(*state, read_names(*state, names)), "www.example.com");
}

static void test_a_malformed_list_of_names_names_nothing(void **state)
{
    static const san raw[] = {
        {0, "", 0},
        {0, "garbage", 7},
        {0, HOST, sizeof(HOST) - 1},
        {0, "\x30\x80", 2},                     /* never ends */
        {0, "\x30\x7f\x82\x01m", 5},            /* longer than it is */
        {0, "\x30\x84\xff\xff\xff\xff\x82", 7}, /* longer than anything */
        {0, "\x0c\x01m", 3},                    /* a UTF8String */
    };
    size_t i;

    for (i = 0; i < COUNT(raw); i++) {
        X509 *x509 = draft_x509(*state);
        const mta_sts_certificate *certificate;

        add_raw_names(x509, raw[i].octets, raw[i].len);
        sign(*state, x509);
        certificate = read_text(*state, pem_of(*state, x509));
        assert_null(certificate->error);
        assert_int_equal(certificate->names->nelts, 0);
        assert_string_equal(findings_summary(*state, check(*state, certificate)),
                            "error certificate-name-missing@0");
    }
}

static void test_a_name_matches_without_case_and_whole(void **state)
{
    static const struct {
        const char *host;
        int named;
    } cases[] = {
        {HOST, 1},
        {"MTA-STS.Example.COM", 1},
        {HOST ".", 1},
        {HOST "..", 0},
        {"mta-sts.example.co", 0},
        {"mta-sts.example.com.net", 0},
        {"xmta-sts.example.com", 0},
        {"www.mta-sts.example.com", 0},
        {"example.com", 0},
        {"mta-sts", 0},
        {"", 0},
    };
    const mta_sts_certificate *certificate = read_names(*state, only_host);
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        if (mta_sts_certificate_names(certificate, cases[i].host) != cases[i].named) {
            fail_msg("%s is %snamed", cases[i].host, cases[i].named ? "not " : "");
        }
    }
}

static void test_an_asterisk_stands_for_one_whole_left_most_label(void **state)
{
    static const struct {
        san names[2];
        int named;
    } cases[] = {
        {{DNS("*.example.com"), NAMES_END}, 1},
        {{DNS("*.EXAMPLE.com"), NAMES_END}, 1},
        {{DNS("*.com"), NAMES_END}, 0},
        {{DNS("*.*.com"), NAMES_END}, 0},
        {{DNS("*"), NAMES_END}, 0},
        {{DNS("*."), NAMES_END}, 0},
        {{DNS("**.example.com"), NAMES_END}, 0},
        {{DNS("*.*.example.com"), NAMES_END}, 0},
        {{DNS("mta-*.example.com"), NAMES_END}, 0},
        {{DNS("*-sts.example.com"), NAMES_END}, 0},
        {{DNS("m*s.example.com"), NAMES_END}, 0},
        {{DNS("mta-sts.*.com"), NAMES_END}, 0},
        {{DNS("mta-sts.example.*"), NAMES_END}, 0},
        {{DNS("*.mta-sts.example.com"), NAMES_END}, 0},
        {{DNS("*example.com"), NAMES_END}, 0},
        {{DNS(".example.com"), NAMES_END}, 0},
        {{DNS("?.example.com"), NAMES_END}, 0},
        {{DNS(" *.example.com"), NAMES_END}, 0},
        {{DNS("*.example.com "), NAMES_END}, 0},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const mta_sts_certificate *certificate = read_names(*state, cases[i].names);

        if (mta_sts_certificate_names(certificate, HOST) != cases[i].named) {
            fail_msg("%s: %d", cases[i].names[0].octets, !cases[i].named);
        }
    }
}

static void test_an_asterisk_stands_for_no_more_and_no_less_than_one_label(void **state)
{
    static const san wildcard[] = {DNS("*.example.com"), NAMES_END};
    const mta_sts_certificate *certificate = read_names(*state, wildcard);

    assert_false(mta_sts_certificate_names(certificate, "example.com"));
    assert_false(mta_sts_certificate_names(certificate, ".example.com"));
    assert_false(mta_sts_certificate_names(certificate, "mta-sts.mail.example.com"));
    assert_false(mta_sts_certificate_names(certificate, "mta-sts.example.net"));
    assert_true(mta_sts_certificate_names(certificate, "www.example.com"));
    assert_true(mta_sts_certificate_names(certificate, HOST "."));
}

static void test_any_of_several_names_will_do(void **state)
{
    static const san last[] = {DNS("example.com"), DNS("*.example.net"), DNS(HOST), NAMES_END};
    static const san none[] = {DNS("example.com"), DNS("*.example.net"), NAMES_END};

    assert_true(mta_sts_certificate_names(read_names(*state, last), HOST));
    assert_false(mta_sts_certificate_names(read_names(*state, none), HOST));
}

/* Dates */

static void test_dates_are_read_from_both_forms_of_time(void **state)
{
    static const struct {
        const char *from, *until;
        apr_int64_t not_before, not_after; /* seconds since 1970 */
    } cases[] = {
        {"260101000000Z", "261231235959Z", 1767225600, 1798761599},
        {"20260101000000Z", "20261231235959Z", 1767225600, 1798761599},
        {"500101000000Z", "491231235959Z", -631152000, 2524607999}, /* 1950 and 2049 */
        {"19500101000000Z", "20500101000000Z", -631152000, 2524608000},
        {"20380119031407Z", "20380119031408Z", 2147483647, 2147483648},
        {"20240229120000Z", "21060207062816Z", 1709208000, 4294967296},
        {"00010101000000Z", "99991231235959Z", -62135596800, 253402300799}, /* RFC 5280 4.1.2.5 */
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const mta_sts_certificate *certificate = read_times(*state, cases[i].from, cases[i].until);

        if (certificate->not_before != apr_time_from_sec(cases[i].not_before) ||
            certificate->not_after != apr_time_from_sec(cases[i].not_after)) {
            fail_msg("%s to %s is %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT, cases[i].from,
                     cases[i].until, apr_time_sec(certificate->not_before),
                     apr_time_sec(certificate->not_after));
        }
    }
}

static void test_dates_do_not_depend_on_the_time_zone(void **state)
{
    static const char *const zones[] = {"EAST-14", "WEST12", "SUMMER-1DST"};
    size_t i;

    for (i = 0; i < COUNT(zones); i++) {
        const mta_sts_certificate *certificate;

        setenv("TZ", zones[i], 1);
        tzset();
        certificate = read_times(*state, "260101000000Z", "260701120000Z");
        assert_int_equal(certificate->not_before, NOW);
        assert_int_equal(certificate->not_after, apr_time_from_sec(1782907200));
        assert_contains(only_message(check_at(*state, certificate, apr_time_from_sec(1782907201))),
                        " on 2026-07-01 12:00 UTC");
        unsetenv("TZ");
        tzset();
    }
}

static void test_the_dates_decide_what_is_said(void **state)
{
    static const struct {
        const char *from, *until, *expected, *told;
    } cases[] = {
        {"260101000000Z", "261231235959Z", "", NULL},
        {"20260101000000Z", "99991231235959Z", "", NULL},
        {"20260101000000Z", "20500101000000Z", "", NULL},
        /* the last two weeks */
        {"250101000000Z", "260116000000Z", "", NULL},
        {"250101000000Z", "260115000000Z", "", NULL},
        {"250101000000Z", "260114235959Z", "warning certificate-ends-soon@0",
         " ends on 2026-01-14 23:59 UTC, in 13 days"},
        {"250101000000Z", "260114000000Z", "warning certificate-ends-soon@0",
         " ends on 2026-01-14 00:00 UTC, in 13 days"},
        {"250101000000Z", "260103120000Z", "warning certificate-ends-soon@0",
         " ends on 2026-01-03 12:00 UTC, in 2 days"},
        {"250101000000Z", "260101000000Z", "warning certificate-ends-soon@0",
         " ends on 2026-01-01 00:00 UTC"},
        /* over */
        {"250101000000Z", "251231235959Z", "error certificate-expired@0",
         " expired on 2025-12-31 23:59 UTC"},
        {"240101000000Z", "250101000000Z", "error certificate-expired@0",
         " expired on 2025-01-01 00:00 UTC"},
        {"500101000000Z", "700101000000Z", "error certificate-expired@0",
         " expired on 1970-01-01 00:00 UTC"},
        /* not begun */
        {"260101000001Z", "261231235959Z", "error certificate-not-yet-valid@0",
         " from 2026-01-01 00:00 UTC"},
        {"270101000000Z", "271231235959Z", "error certificate-not-yet-valid@0",
         " from 2027-01-01 00:00 UTC"},
        {"20510203040506Z", "20520203040506Z", "error certificate-not-yet-valid@0",
         " from 2051-02-03 04:05 UTC"},
        {"260101000001Z", "260105000000Z", "error certificate-not-yet-valid@0", NULL},
        /* never */
        {"270101000000Z", "250101000000Z", "error certificate-not-yet-valid@0", NULL},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const mta_sts_findings *findings =
            check(*state, read_times(*state, cases[i].from, cases[i].until));
        const char *summary = findings_summary(*state, findings);

        if (strcmp(summary, cases[i].expected) != 0) {
            fail_msg("%s to %s: \"%s\"", cases[i].from, cases[i].until, summary);
        }
        if (cases[i].told) {
            assert_contains(only_message(findings), cases[i].told);
        }
    }
}

/* Files */

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

/* A chain is sent in the order of its file, so one good certificate behind helps nobody. */
static void test_a_broken_first_certificate_is_not_passed_over(void **state)
{
    const char *server = pem_with(*state, only_host);
    const char *broken = pem_of_octets(*state, "CERTIFICATE", (const unsigned char *)"\x30\x00", 2);

    assert_non_null(read_text(*state, apr_pstrcat(*state, broken, server, NULL))->error);
}

/* One file for key and certificate is allowed, and a password is nobody's to ask for here. */
static void test_a_key_may_stand_before_the_certificate(void **state)
{
    static const unsigned char curve[] = "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
    const char *const before[] = {
        pkcs8_key(*state, NULL),
        traditional_key(*state, NULL),
        pkcs8_key(*state, EVP_aes_256_cbc()),
        traditional_key(*state, EVP_aes_256_cbc()),
        pem_of_octets(*state, "EC PARAMETERS", curve, sizeof(curve) - 1),
        apr_pstrcat(*state, pem_of_octets(*state, "EC PARAMETERS", curve, sizeof(curve) - 1),
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

static void test_text_around_the_certificate_is_passed_over(void **state)
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

/* `openssl x509 -trustout` writes such files, and mod_ssl shows the certificate in them. */
static void test_a_certificate_with_trust_settings_is_the_first_as_for_mod_ssl(void **state)
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

/* What cannot be read is one warning that says why, and nothing of it is judged. */
static void assert_unreadable(apr_pool_t *p, const char *path, const char *reason)
{
    const mta_sts_certificate *certificate = mta_sts_certificate_read(p, path);
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

static void test_a_file_that_is_not_there_cannot_be_read(void **state)
{
    const char *path = new_path(*state);

    assert_unreadable(*state, path, strerror(ENOENT));
    assert_unreadable(*state, apr_pstrcat(*state, path, "/cert.pem", NULL), strerror(ENOENT));
    assert_unreadable(*state, apr_pstrcat(*state, write_text(*state, ""), "/cert.pem", NULL),
                      strerror(ENOTDIR));
}

/* As with `certbot renew` gone wrong: a link into the archive that leads nowhere. */
static void test_a_link_to_nowhere_cannot_be_read(void **state)
{
    const char *path = new_path(*state), *loop = new_path(*state);

    assert_int_equal(symlink("/nonexistent/cert1.pem", path), 0);
    assert_unreadable(*state, path, strerror(ENOENT));
    assert_int_equal(symlink(loop, loop), 0);
    assert_unreadable(*state, loop, strerror(ELOOP));
}

static void test_a_folder_cannot_be_read(void **state)
{
    assert_unreadable(*state, folder, "");
}

/* Root may read everything, so that it has to step down for this. */
static void test_a_file_that_we_may_not_read_cannot_be_read(void **state)
{
    const char *path = write_text(*state, pem_with(*state, only_host));
    mta_sts_certificate *certificate;
    uid_t user = geteuid();

    assert_int_equal(chmod(path, 0), 0);
    if (user == 0 && seteuid(65534) != 0) {
        skip();
    }
    certificate = mta_sts_certificate_read(*state, path);
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
        "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n",
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

static void test_a_certificate_in_der_format_cannot_be_read(void **state)
{
    int len;
    const unsigned char *der = der_of(*state, make_x509(*state, only_host), &len);

    assert_unreadable(*state, write_octets(*state, der, (size_t)len),
                      "no certificate in PEM format");
}

static void test_a_certificate_cut_anywhere_cannot_be_read(void **state)
{
    const char *server = pem_with(*state, only_host);
    size_t len;

    for (len = 0; len < strlen(server) - 1; len++) {
        apr_pool_t *round;

        assert_int_equal(apr_pool_create(&round, *state), APR_SUCCESS);
        assert_unreadable(round, write_octets(round, server, len), "no certificate in PEM format");
        apr_pool_destroy(round);
    }
}

static void test_a_certificate_with_dates_that_are_none_cannot_be_read(void **state)
{
    static const char *const dates[] = {
        "", "Z", "261331000000Z", "26010100000Z", "tomorrow", "260101000000+9999"};
    size_t i;

    for (i = 0; i < COUNT(dates); i++) {
        X509 *x509 = draft_x509(*state);

        add_names(x509, only_host);
        ASN1_STRING_set(i % 2 ? X509_getm_notBefore(x509) : X509_getm_notAfter(x509), dates[i], -1);
        sign(*state, x509);
        assert_unreadable(*state, write_text(*state, pem_of(*state, x509)), "it has dates that");
    }
}

static void test_a_certificate_with_any_octet_changed_is_read_or_refused(void **state)
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
            certificate = read_text(round, pem_of_octets(round, "CERTIFICATE", der, len));
            der[i] ^= changes[c];
            if (certificate->error) {
                assert_int_equal(certificate->names->nelts, 0);
            }
            check(round, certificate);
            apr_pool_destroy(round);
        }
    }
}

/* The error queue belongs to the thread: what is left there, mod_ssl takes for its own. */
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
    APR_ARRAY_PUSH(paths, const char *) = folder;
    for (i = 0; i < (int)COUNT(raw); i++) {
        X509 *x509 = draft_x509(*state);

        add_raw_names(x509, raw[i], (int)strlen(raw[i]));
        sign(*state, x509);
        APR_ARRAY_PUSH(paths, const char *) = write_text(*state, pem_of(*state, x509));
    }
    for (i = 0; i < paths->nelts; i++) {
        unsigned long error;

        ERR_clear_error();
        mta_sts_certificate_read(*state, APR_ARRAY_IDX(paths, i, const char *));
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

/* A start of the server must not wait for somebody at a terminal. */
static void test_nobody_is_asked_for_a_password(void **state)
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
        folder,
    };
    int before = next_descriptor();
    size_t i;

    for (i = 0; i < COUNT(paths); i++) {
        mta_sts_certificate_read(*state, paths[i]);
        assert_int_equal(next_descriptor(), before);
    }
}

/* Judging */

static void test_a_certificate_that_names_the_host_and_is_valid_is_quiet(void **state)
{
    static const san wildcard[] = {DNS("example.com"), DNS("*.example.com"), NAMES_END};

    assert_int_equal(check(*state, read_names(*state, only_host))->list->nelts, 0);
    assert_int_equal(check(*state, read_names(*state, wildcard))->list->nelts, 0);
}

static void test_a_certificate_for_others_is_an_error_with_the_names_it_has(void **state)
{
    static const struct {
        san names[7];
        const char *told;
    } cases[] = {
        {{NAMES_END}, "(but no DNS name at all)"},
        {{DNS("example.com"), NAMES_END}, "(but \"example.com\")"},
        {{DNS("a.example"), DNS("*.example.net"), NAMES_END},
         "(but \"a.example\", \"*.example.net\")"},
        {{DNS("a"), DNS("b"), DNS("c"), DNS("d"), DNS("e"), NAMES_END},
         "(but \"a\", \"b\", \"c\", \"d\", \"e\")"},
        {{DNS("a"), DNS("b"), DNS("c"), DNS("d"), DNS("e"), DNS("f"), NAMES_END},
         "(but \"a\", \"b\", \"c\", \"d\", \"e\", ...)"},
        {{DNS(HOST "\0.evil.example"), NAMES_END}, "(but no DNS name at all)"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const mta_sts_findings *findings = check(*state, read_names(*state, cases[i].names));

        assert_string_equal(findings_summary(*state, findings), "error certificate-name-missing@0");
        assert_contains(only_message(findings), cases[i].told);
        assert_string_equal(mta_sts_findings_at(findings, 0)->fix, NAME_FIX);
    }
}

static void test_hostile_names_are_quoted(void **state)
{
    static const san names[] = {DNS("\x1b[2J\r\n"), DNS("\"\\"), DNS("\xff\xc3\x28"), NAMES_END};
    const char *endless = apr_psprintf(*state, "%0300d", 0);
    const san long_names[] = {{GEN_DNS, endless, (int)strlen(endless)}, NAMES_END};
    const char *message = only_message(check(*state, read_names(*state, names)));

    assert_contains(message, "\"\\x1b[2J\\x0d\\x0a\", \"\\x22\\x5c\", \"\\xff\\xc3(\"");
    message = only_message(check(*state, read_names(*state, long_names)));
    assert_true(strlen(message) < 300 + strlen(folder));
}

/* Each is wrong by itself: to have the name put in would not help with the date. */
static void test_a_wrong_name_and_a_wrong_date_are_both_told(void **state)
{
    static const san others[] = {DNS("example.com"), NAMES_END};
    const mta_sts_certificate *certificate = read_names(*state, others);

    assert_string_equal(
        findings_summary(*state, check_at(*state, certificate, certificate->not_after + 1)),
        "error certificate-name-missing@0, error certificate-expired@0");
    assert_string_equal(
        findings_summary(*state, check_at(*state, certificate, certificate->not_before - 1)),
        "error certificate-name-missing@0, error certificate-not-yet-valid@0");
    assert_string_equal(
        findings_summary(*state, check_at(*state, certificate, certificate->not_after)),
        "error certificate-name-missing@0, warning certificate-ends-soon@0");
}

static void test_findings_are_added_behind_those_that_are_there(void **state)
{
    mta_sts_findings *findings = mta_sts_findings_make(*state);

    mta_sts_finding_add(findings, MTA_STS_OK, "fine", "example.com", NULL, "fine");
    mta_sts_certificate_check(read_names(*state, NULL), HOST, NOW, NAME_FIX, findings);
    assert_string_equal(findings_summary(*state, findings),
                        "ok fine@0, error certificate-name-missing@0");
}

static void test_findings_outlive_the_certificate(void **state)
{
    static const san others[] = {DNS("www.example.com"), NAMES_END};
    const char *path = write_text(*state, pem_with(*state, others));
    const char *missing = new_path(*state);
    mta_sts_findings *findings = mta_sts_findings_make(*state);
    apr_pool_t *of_result;

    assert_int_equal(apr_pool_create(&of_result, *state), APR_SUCCESS);
    mta_sts_certificate_check(mta_sts_certificate_read(of_result, path), HOST, NOW, NAME_FIX,
                              findings);
    mta_sts_certificate_check(mta_sts_certificate_read(of_result, missing), HOST, NOW, NAME_FIX,
                              findings);
    apr_pool_clear(of_result);
    memset(apr_palloc(of_result, 4000), '\x01', 4000); /* what a later user would do */
    assert_findings_are_showable(findings);
    assert_contains(mta_sts_findings_at(findings, 0)->message, "(but \"www.example.com\")");
    assert_contains(mta_sts_findings_at(findings, 1)->message, strerror(ENOENT));
    apr_pool_destroy(of_result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_the_dns_names_are_read_in_their_order),
        POOL_TEST(test_the_common_name_is_not_a_name),
        POOL_TEST(test_an_empty_list_of_names_names_nothing),
        POOL_TEST(test_only_dns_names_are_names),
        POOL_TEST(test_a_name_with_nul_inside_names_nothing),
        POOL_TEST(test_an_empty_name_is_left_out),
        POOL_TEST(test_a_malformed_list_of_names_names_nothing),
        POOL_TEST(test_a_name_matches_without_case_and_whole),
        POOL_TEST(test_an_asterisk_stands_for_one_whole_left_most_label),
        POOL_TEST(test_an_asterisk_stands_for_no_more_and_no_less_than_one_label),
        POOL_TEST(test_any_of_several_names_will_do),
        POOL_TEST(test_dates_are_read_from_both_forms_of_time),
        POOL_TEST(test_dates_do_not_depend_on_the_time_zone),
        POOL_TEST(test_the_dates_decide_what_is_said),
        POOL_TEST(test_the_first_of_several_certificates_counts),
        POOL_TEST(test_a_broken_first_certificate_is_not_passed_over),
        POOL_TEST(test_a_key_may_stand_before_the_certificate),
        POOL_TEST(test_text_around_the_certificate_is_passed_over),
        POOL_TEST(test_a_certificate_with_trust_settings_is_the_first_as_for_mod_ssl),
        POOL_TEST(test_a_file_that_is_not_there_cannot_be_read),
        POOL_TEST(test_a_link_to_nowhere_cannot_be_read),
        POOL_TEST(test_a_folder_cannot_be_read),
        POOL_TEST(test_a_file_that_we_may_not_read_cannot_be_read),
        POOL_TEST(test_a_file_without_a_certificate_in_pem_format_cannot_be_read),
        POOL_TEST(test_a_certificate_in_der_format_cannot_be_read),
        POOL_TEST(test_a_certificate_cut_anywhere_cannot_be_read),
        POOL_TEST(test_a_certificate_with_dates_that_are_none_cannot_be_read),
        POOL_TEST(test_a_certificate_with_any_octet_changed_is_read_or_refused),
        POOL_TEST(test_reading_leaves_nothing_in_the_error_queue),
        POOL_TEST(test_nobody_is_asked_for_a_password),
        POOL_TEST(test_reading_leaves_no_file_open),
        POOL_TEST(test_a_certificate_that_names_the_host_and_is_valid_is_quiet),
        POOL_TEST(test_a_certificate_for_others_is_an_error_with_the_names_it_has),
        POOL_TEST(test_hostile_names_are_quoted),
        POOL_TEST(test_a_wrong_name_and_a_wrong_date_are_both_told),
        POOL_TEST(test_findings_are_added_behind_those_that_are_there),
        POOL_TEST(test_findings_outlive_the_certificate),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_drop);
}
