/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include "certificate_file_fixture.h"
#include "table_fixture.h"

static void test_the_dns_names_are_read_in_their_order(void **state)
{
    static const san names[] = {DNS(HOST), DNS("example.com"), DNS("*.example.net"),
                                DNS("WWW.Example.ORG"), NAMES_END};
    const char *path = write_text(*state, pem_with(*state, names));
    const mta_sts_certificate *certificate = mta_sts_certificate_read(*state, path, NULL);

    assert_null(certificate->error);
    assert_string_equal(certificate->path, path);
    assert_string_equal(names_of(*state, certificate),
                        HOST ",example.com,*.example.net,WWW.Example.ORG");
}

static void test_the_common_name_is_ignored(void **state)
{
    const mta_sts_certificate *certificate = read_names(*state, NULL);

    assert_int_equal(certificate->names->nelts, 0);
    assert_false(mta_sts_certificate_names(certificate, HOST));
}

static void test_an_empty_list_of_names_gives_no_names(void **state)
{
    static const san names[] = {NAMES_END};

    assert_int_equal(read_names(*state, names)->names->nelts, 0);
}

static void test_only_dns_names_are_read(void **state)
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

/* A CA that compares whole bytes would sign this for the owner of evil.example. */
static void test_a_name_that_contains_nul_gives_no_names(void **state)
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

static void test_an_empty_name_is_skipped(void **state)
{
    static const san names[] = {DNS(""), DNS("www.example.com"), DNS(""), NAMES_END};

    assert_string_equal(names_of(*state, read_names(*state, names)), "www.example.com");
}

static void test_a_malformed_list_of_names_gives_no_names(void **state)
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

        add_raw_names(x509, raw[i].bytes, raw[i].len);
        sign(*state, x509);
        certificate = read_text(*state, pem_of(*state, x509));
        assert_null(certificate->error);
        assert_int_equal(certificate->names->nelts, 0);
        assert_string_equal(findings_summary(*state, check(*state, certificate)),
                            "error certificate-name-missing@0");
    }
}

static void test_a_name_matches_as_a_whole_regardless_of_case(void **state)
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
            fail_msg("%s: %d", cases[i].names[0].bytes, !cases[i].named);
        }
    }
}

static void test_an_asterisk_matches_exactly_one_label(void **state)
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

static void test_one_matching_name_of_several_is_enough(void **state)
{
    static const san last[] = {DNS("example.com"), DNS("*.example.net"), DNS(HOST), NAMES_END};
    static const san none[] = {DNS("example.com"), DNS("*.example.net"), NAMES_END};

    assert_true(mta_sts_certificate_names(read_names(*state, last), HOST));
    assert_false(mta_sts_certificate_names(read_names(*state, none), HOST));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_the_dns_names_are_read_in_their_order),
        POOL_TEST(test_the_common_name_is_ignored),
        POOL_TEST(test_an_empty_list_of_names_gives_no_names),
        POOL_TEST(test_only_dns_names_are_read),
        POOL_TEST(test_a_name_that_contains_nul_gives_no_names),
        POOL_TEST(test_an_empty_name_is_skipped),
        POOL_TEST(test_a_malformed_list_of_names_gives_no_names),
        POOL_TEST(test_a_name_matches_as_a_whole_regardless_of_case),
        POOL_TEST(test_an_asterisk_stands_for_one_whole_left_most_label),
        POOL_TEST(test_an_asterisk_matches_exactly_one_label),
        POOL_TEST(test_one_matching_name_of_several_is_enough),
    };

    return RUN_DIRECTORY_TESTS(tests);
}
