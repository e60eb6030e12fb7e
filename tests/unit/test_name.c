/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "name_fixture.h"
#include "table_fixture.h"

/* Host names */

static void test_a_host_name_is_letters_digits_and_hyphens_in_labels(void **state)
{
    static const name_case cases[] = {
        {"mx1.example.com", "mx1.example.com"},
        {"example.com", "example.com"},
        {"localhost", "localhost"},
        {"a", "a"},
        {"a.b.c.d.e.f.g", "a.b.c.d.e.f.g"},
        {"1and1.com", "1and1.com"},
        {"163.com", "163.com"},
        {"0.example.com", "0.example.com"},
        {"1.2.3.4.example", "1.2.3.4.example"},
        {"a-b.example.com", "a-b.example.com"},
        {"a--b.example.com", "a--b.example.com"},
        {"xn--mnchen-3ya.de", "xn--mnchen-3ya.de"},
        {"example.xn--p1ai", "example.xn--p1ai"},
    };

    check_accepted(*state, mta_sts_name_parse_host, MTA_STS_NAME_ALABEL, cases, COUNT(cases));
    check_accepted(*state, mta_sts_name_parse_host, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
    check_accepted(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
}

static void test_the_canonical_form_is_lower_case(void **state)
{
    static const name_case cases[] = {
        {"MX1.EXAMPLE.COM", "mx1.example.com"},
        {"Mx1.Example.Com", "mx1.example.com"},
        {"XN--MNCHEN-3YA.DE", "xn--mnchen-3ya.de"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZ.com", "abcdefghijklmnopqrstuvwxyz.com"},
    };

    check_accepted(*state, mta_sts_name_parse_host, MTA_STS_NAME_ALABEL, cases, COUNT(cases));
}

/* Names of a hundred thousand domains in a configuration must not be stored twice. */
static void test_a_canonical_text_is_not_copied_and_another_is_not_changed(void **state)
{
    char canonical[] = "mx1.example.com", other[] = "MX1.example.com";
    const char *name;

    assert_null(mta_sts_name_parse_host(*state, canonical, MTA_STS_NAME_ALABEL, &name));
    assert_ptr_equal(name, canonical);
    assert_null(mta_sts_name_parse_host(*state, other, MTA_STS_NAME_ALABEL, &name));
    assert_string_equal(name, "mx1.example.com");
    assert_string_equal(other, "MX1.example.com");
}

static void test_a_label_has_63_bytes_at_most(void **state)
{
    static const name_case accepted[] = {
        {BYTES_63, BYTES_63},
        {BYTES_63 ".com", BYTES_63 ".com"},
        {"mx." BYTES_63 ".com", "mx." BYTES_63 ".com"},
        {"mx." BYTES_63, "mx." BYTES_63},
    };
    static const name_case refused[] = {
        {BYTES_63 "x", "label longer than 63 bytes"},
        {BYTES_63 "x.com", "label longer than 63 bytes"},
        {"mx." BYTES_63 "x.com", "label longer than 63 bytes"},
        {"mx." BYTES_63 "x", "label longer than 63 bytes"},
    };

    check_accepted(*state, mta_sts_name_parse_host, MTA_STS_NAME_ALABEL, accepted, COUNT(accepted));
    check_refused(*state, mta_sts_name_parse_host, MTA_STS_NAME_ALABEL, refused, COUNT(refused));
}

static void test_a_host_name_has_253_bytes_at_most(void **state)
{
    const char *longest = make_name(*state, ".com", 253);
    const char *too_long = make_name(*state, ".com", 254);
    const name_case accepted[] = {{longest, longest}};
    const name_case refused[] = {{too_long, "longer than 253 bytes"}};

    assert_int_equal(strlen(longest), 253);
    assert_int_equal(strlen(too_long), 254);
    check_accepted(*state, mta_sts_name_parse_host, MTA_STS_NAME_ALABEL, accepted, 1);
    check_refused(*state, mta_sts_name_parse_host, MTA_STS_NAME_ALABEL, refused, 1);
}

static void test_a_text_of_a_megabyte_is_rejected(void **state)
{
    char *text = apr_palloc(*state, (1 << 20) + 1);
    name_case refused[] = {{text, "longer than 253 bytes"}};

    memset(text, 'a', 1 << 20);
    text[1 << 20] = '\0';
    check_refused(*state, mta_sts_name_parse_host, MTA_STS_NAME_ULABEL, refused, 1);
    memcpy(text, "\xc3\xbc", 2);
    check_refused(*state, mta_sts_name_parse_host, MTA_STS_NAME_ULABEL, refused, 1);
}

static void test_malformed_host_names_are_rejected_with_the_reason(void **state)
{
    static const name_case cases[] = {
        {"", "is empty"},
        {".", "ends with a dot"},
        {"..", "ends with a dot"},
        {"example.com.", "ends with a dot"},
        {"example.com..", "ends with a dot"},
        {".example.com", "empty label"},
        {"mx..example.com", "empty label"},
        {"-mx.example.com", "hyphen"},
        {"mx-.example.com", "hyphen"},
        {"mx.-example.com", "hyphen"},
        {"mx.example-.com", "hyphen"},
        {"mx.example.com-", "hyphen"},
        {"mx.example.-", "hyphen"},
        {"-", "hyphen"},
        {"mx_1.example.com", "character that is not allowed"},
        {"_smtp._tls.example.com", "character that is not allowed"},
        {"mx1.example.com,mx2.example.com", "contains a comma"},
        {"mx1.example.com;", "contains a semicolon"},
        {"\"mx1.example.com\"", "character that is not allowed"},
        {"mx1\\.example.com", "character that is not allowed"},
        {"mx%31.example.com", "character that is not allowed"},
        {"mx(1).example.com", "character that is not allowed"},
        {"mx1.example.com?", "character that is not allowed"},
        {"~mx.example.com", "character that is not allowed"},
        {"${MX}", "character that is not allowed"},
    };

    check_refused(*state, mta_sts_name_parse_host, MTA_STS_NAME_ALABEL, cases, COUNT(cases));
    check_refused(*state, mta_sts_name_parse_host, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
    check_refused(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
}

static void test_blanks_and_control_characters_are_refused(void **state)
{
    static const name_case cases[] = {
        {" ", "contains a blank"},
        {" mx1.example.com", "contains a blank"},
        {"mx1.example.com ", "contains a blank"},
        {"mx1.example.com mx2.example.com", "contains a blank"},
        {"mx 1.example.com", "contains a blank"},
        {"\t", "control character"},
        {"mx1.example.com\t", "control character"},
        {"mx1.example.com\n", "control character"},
        {"mx1.example.com\r\nmode: none", "control character"},
        {"mx\x01.example.com", "control character"},
        {"mx\x1b[1m.example.com", "control character"},
        {"mx\x7f.example.com", "control character"},
    };

    check_refused(*state, mta_sts_name_parse_host, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
    check_refused(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
}

static void test_a_scheme_a_port_a_path_or_a_mail_address_is_refused_by_name(void **state)
{
    static const name_case cases[] = {
        {"https://mx1.example.com", "is a URL"},
        {"https://mx1.example.com/", "is a URL"},
        {"smtp://mx1.example.com:25", "is a URL"},
        {"://", "is a URL"},
        {"mx1.example.com:25", "contains a port"},
        {"mx1.example.com:", "contains a port"},
        {"mailto:postmaster", "contains a port"},
        {"mx1.example.com/path", "contains a path"},
        {"/", "contains a path"},
        {"postmaster@example.com", "is a mail address"},
        {"@example.com", "is a mail address"},
    };

    check_refused(*state, mta_sts_name_parse_host, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
    check_refused(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
}

static void test_ip_addresses_are_refused_by_name(void **state)
{
    static const name_case cases[] = {
        {"192.0.2.1", "is an IP address"},
        {"127.1", "is an IP address"},
        {"2130706433", "is an IP address"},
        {"0", "is an IP address"},
        {"1.2.3.4.5", "is an IP address"},
        {"mx.example.1", "is an IP address"},
        {"[192.0.2.1]", "is an IP address"},
        {"2001:db8::1", "is an IP address"},
        {"::1", "is an IP address"},
        {"::", "is an IP address"},
        {"::ffff:192.0.2.1", "is an IP address"},
        {"[2001:db8::1]", "is an IP address"},
        {"[2001:db8::1]:25", "is an IP address"},
        {"[IPv6:2001:db8::1]", "is an IP address"},
    };

    check_refused(*state, mta_sts_name_parse_host, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
    check_refused(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
}

static void test_a_star_is_refused_in_a_host_name(void **state)
{
    static const name_case cases[] = {
        {"*", "\"*\""},
        {"*.example.com", "\"*\""},
        {"mx.*.com", "\"*\""},
    };

    check_refused(*state, mta_sts_name_parse_host, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
}

/* Policy domains */

static void test_a_policy_domain_is_a_host_name(void **state)
{
    static const name_case accepted[] = {
        {"example.com", "example.com"},
        {"EXAMPLE.com", "example.com"},
        {"mail.example.com", "mail.example.com"},
        {"example", "example"},
        {"mta-sts", "mta-sts"},
        {"mta-sts1.example.com", "mta-sts1.example.com"},
        {"mta-stsexample.com", "mta-stsexample.com"},
        {"www.mta-sts.example.com", "www.mta-sts.example.com"},
        {"m\u00fcnchen.de", "xn--mnchen-3ya.de"},
    };
    static const name_case refused[] = {
        {"", "is empty"},
        {"*.example.com", "\"*\""},
        {"example.com.", "ends with a dot"},
        {"user@example.com", "is a mail address"},
        {"https://example.com", "is a URL"},
        {"192.0.2.1", "is an IP address"},
        {"exa mple.com", "contains a blank"},
        {"_mta-sts.example.com", "character that is not allowed"},
    };

    check_accepted(*state, parse_domain, MTA_STS_NAME_ULABEL, accepted, COUNT(accepted));
    check_refused(*state, parse_domain, MTA_STS_NAME_ULABEL, refused, COUNT(refused));
}

static void test_a_policy_host_typed_for_its_domain_is_refused(void **state)
{
    static const name_case refused[] = {
        {"mta-sts.example.com", "is a policy host"},
        {"MTA-STS.example.com", "is a policy host"},
        {"mta-sts.com", "is a policy host"},
        {"mta-sts.m\u00fcnchen.de", "is a policy host"},
        {"mta-sts.mta-sts.example.com", "is a policy host"},
        {"mta-sts\u3002example.com", "is a policy host"},
    };

    check_refused(*state, parse_domain, MTA_STS_NAME_ULABEL, refused, COUNT(refused));
}

static void test_a_policy_domain_is_short_enough_for_its_policy_host(void **state)
{
    const char *longest = make_name(*state, ".com", 253 - strlen("mta-sts."));
    const char *too_long = make_name(*state, ".com", 254 - strlen("mta-sts."));
    const name_case accepted[] = {{longest, longest}};
    const name_case refused[] = {{too_long, "too long for a policy domain"}};

    assert_int_equal(strlen(longest), 245);
    check_accepted(*state, parse_domain, MTA_STS_NAME_ULABEL, accepted, 1);
    check_refused(*state, parse_domain, MTA_STS_NAME_ULABEL, refused, 1);
}

/* The policy domain of a host */

static void test_the_policy_domain_follows_the_prefix(void **state)
{
    static const char *const hosts[] = {
        "mta-sts.example.com", "MTA-STS.example.com",         "Mta-Sts.Example.Com",
        "mta-sts.a",           "mta-sts.mta-sts.example.com",
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(hosts); i++) {
        assert_ptr_equal(mta_sts_name_policy_domain(hosts[i]), hosts[i] + strlen("mta-sts."));
    }
}

static void test_other_hosts_have_no_policy_domain(void **state)
{
    static const char *const hosts[] = {
        "",
        "m",
        "mta-sts",
        "mta-sts.",
        "mta-stsx.example.com",
        "example.com",
        "_mta-sts.example.com",
        "www.mta-sts.example.com",
        " mta-sts.example.com",
        "mta_sts.example.com",
        "mta-sts-example.com",
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(hosts); i++) {
        assert_null(mta_sts_name_policy_domain(hosts[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_host_name_is_letters_digits_and_hyphens_in_labels),
        POOL_TEST(test_the_canonical_form_is_lower_case),
        POOL_TEST(test_a_canonical_text_is_not_copied_and_another_is_not_changed),
        POOL_TEST(test_a_label_has_63_bytes_at_most),
        POOL_TEST(test_a_host_name_has_253_bytes_at_most),
        POOL_TEST(test_a_text_of_a_megabyte_is_rejected),
        POOL_TEST(test_malformed_host_names_are_rejected_with_the_reason),
        POOL_TEST(test_blanks_and_control_characters_are_refused),
        POOL_TEST(test_a_scheme_a_port_a_path_or_a_mail_address_is_refused_by_name),
        POOL_TEST(test_ip_addresses_are_refused_by_name),
        POOL_TEST(test_a_star_is_refused_in_a_host_name),
        POOL_TEST(test_a_policy_domain_is_a_host_name),
        POOL_TEST(test_a_policy_host_typed_for_its_domain_is_refused),
        POOL_TEST(test_a_policy_domain_is_short_enough_for_its_policy_host),
        POOL_TEST(test_the_policy_domain_follows_the_prefix),
        POOL_TEST(test_other_hosts_have_no_policy_domain),
    };

    return RUN_POOL_TESTS(tests);
}
