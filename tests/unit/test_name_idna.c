/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "name_fixture.h"
#include "table_fixture.h"

static void test_a_u_label_becomes_its_a_label(void **state)
{
    static const name_case cases[] = {
        {"m\u00fcnchen.de", "xn--mnchen-3ya.de"},
        {"M\u00dcNCHEN.DE", "xn--mnchen-3ya.de"},
        {"mx1.M\u00fcnchen.example", "mx1.xn--mnchen-3ya.example"},
        {"m\u00fcnchen.XN--MNCHEN-3YA", "xn--mnchen-3ya.xn--mnchen-3ya"},
        {"mu\u0308nchen.de", "xn--mnchen-3ya.de"}, /* decomposed */
        {"stra\u00dfe.de", "xn--strae-oqa.de"},    /* sharp s stays itself: IDNA2008 */
        {"\u03b2\u03cc\u03bb\u03bf\u03c2.gr", "xn--nxasmm1c.gr"}, /* so does a final sigma */
        {"\u65e5\u672c\u8a9e.jp", "xn--wgv71a119e.jp"},
        {"\u65e5\u672c\u8a9e\u3002jp", "xn--wgv71a119e.jp"}, /* ideographic full stop */
        {"\uff45xample.com", "example.com"},                 /* full width e */
        {"\u0645\u062b\u0627\u0644.\u0625\u062e\u062a\u0628\u0627\u0631", /* right to left */
         "xn--mgbh0fb.xn--kgbechtv"},
        {"\u05d3\u05d5\u05d2\u05de\u05d4.com", "xn--6dbbec0c.com"},
        {"\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444", "xn--e1afmkfd.xn--p1ai"},
    };

    check_accepted(*state, mta_sts_name_parse_host, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
    check_accepted(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
    check_accepted(*state, parse_domain, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
}

static void test_a_u_label_is_refused_where_only_ascii_is_allowed(void **state)
{
    static const name_case cases[] = {
        {"m\u00fcnchen.de", "is not ASCII"},
        {"\u65e5\u672c\u8a9e.jp", "is not ASCII"},
        {"example.com\u00a0", "is not ASCII"},
        {"\xff.example.com", "is not ASCII"},
    };

    check_refused(*state, mta_sts_name_parse_host, MTA_STS_NAME_ALABEL, cases, COUNT(cases));
    check_refused(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ALABEL, cases, COUNT(cases));
}

static void test_names_that_idna_forbids_are_rejected(void **state)
{
    static const name_case cases[] = {
        {"\U0001f4a9.la", "not a valid internationalized name"},     /* emoji */
        {"i\u2764.ws", "not a valid internationalized name"},        /* heart */
        {"a\u0645\u062b.com", "not a valid internationalized name"}, /* both directions */
        {"a\u202eb.com", "not a valid internationalized name"},      /* right-to-left override */
        {"a\u200db.com", "not a valid internationalized name"},      /* zero width joiner */
        {"\u0300a.com", "not a valid internationalized name"},       /* begins with an accent */
        {"-\u00fc.com", "not a valid internationalized name"},       /* begins with a hyphen */
        {"ab--\u00fc.com", "not a valid internationalized name"},    /* reserved form */
        {"xn--zzzzzzzz99999.\u00fc.com", "not a valid internationalized name"}, /* no Punycode */
        {"\u00fc\xc2\x85.com", "not a valid internationalized name"}, /* C1 control character */
        {"\u00fc\u2028.com", "not a valid internationalized name"},   /* line separator */
    };

    check_refused(*state, mta_sts_name_parse_host, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
    check_refused(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
    check_refused(*state, parse_domain, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
}

static void test_the_mapping_of_a_u_label_must_be_a_host_name(void **state)
{
    static const name_case cases[] = {
        {"\uff11.\uff12.\uff13.\uff14", "is an IP address"}, /* full width digits */
        {"\uff0a.example.com", "\"*\""},                     /* full width star */
        {"\u2100.com", "character that is not allowed"},     /* becomes a/c */
        {"\u00fc_a.com", "character that is not allowed"},
        {"a..\u00fc", "empty label"},
        {"\u3002\u00fc", "empty label"},
        {"\u00fc.com\u3002", "empty label"},
        {"\u00ad.com", "empty label"}, /* a soft hyphen becomes nothing */
    };

    check_refused(*state, mta_sts_name_parse_host, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
}

static void test_bytes_that_are_not_utf8_are_refused(void **state)
{
    static const name_case cases[] = {
        {"m\xfcnchen.de", "\"m\\xfcnchen.de\" is not a valid internationalized name"}, /* Latin 1 */
        {"\xff.example.com", "\"\\xff.example.com\" is not"},
        {"mx.example.com\xc3", "\"mx.example.com\\xc3\" is not"},
        {"\xc0\xae.example.com", "\"\\xc0\\xae.example.com\" is not"}, /* overlong dot */
        {"\xed\xa0\x80.example.com", "\"\\xed\\xa0\\x80.example.com\" is not"},
        {"\xf4\x90\x80\x80.example.com", "\"\\xf4\\x90\\x80\\x80.example.com\" is not"},
        {"\x80", "\"\\x80\" is not"},
    };

    check_refused(*state, mta_sts_name_parse_host, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
    check_refused(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
    check_refused(*state, parse_domain, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
}

static void test_the_length_of_a_label_is_that_of_its_a_label(void **state)
{
    const char *label = "", *name;
    int i;

    for (i = 0; i < 30; i++) {
        label = apr_pstrcat(*state, label, "\u00fc", NULL);
    }
    /* 60 bytes as typed. */
    assert_null(mta_sts_name_parse_host(*state, label, MTA_STS_NAME_ULABEL, &name));
    assert_int_equal(strncmp(name, "xn--", 4), 0);
    assert_true(strlen(name) <= 63);
    /* 40 characters as typed, more than 63 bytes as an A-label. */
    label = "\u65e5\u672c\u8a9e\u6f22\u5b57\u4eee\u540d\u6771\u4eac\u5927\u962a\u4eac\u90fd\u5948"
            "\u826f\u798f\u5ca1\u672d\u5e4c\u540d\u53e4\u5c4b\u6a2a\u6d5c\u795e\u6238\u5e83\u5cf6";
    assert_non_null(mta_sts_name_parse_host(*state, label, MTA_STS_NAME_ULABEL, &name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_u_label_becomes_its_a_label),
        POOL_TEST(test_a_u_label_is_refused_where_only_ascii_is_allowed),
        POOL_TEST(test_names_that_idna_forbids_are_rejected),
        POOL_TEST(test_the_mapping_of_a_u_label_must_be_a_host_name),
        POOL_TEST(test_bytes_that_are_not_utf8_are_refused),
        POOL_TEST(test_the_length_of_a_label_is_that_of_its_a_label),
    };

    return RUN_POOL_TESTS(tests);
}
