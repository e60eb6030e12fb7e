/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "core/name.h"
#include "findings_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Labels and names of exact lengths. */
#define OCTETS_9 "abcdefgh1"
#define OCTETS_63 OCTETS_9 OCTETS_9 OCTETS_9 OCTETS_9 OCTETS_9 OCTETS_9 OCTETS_9
#define OCTETS_191 OCTETS_63 "." OCTETS_63 "." OCTETS_63

typedef struct name_case {
    const char *text;
    const char *result; /* the canonical form, or for a refused text a part of the error */
} name_case;

typedef const char *parse_function(apr_pool_t *p, const char *text, mta_sts_name_form form,
                                   const char **name);

static const char *parse_domain(apr_pool_t *p, const char *text, mta_sts_name_form form,
                                const char **domain)
{
    (void)form;
    return mta_sts_name_parse_domain(p, text, domain);
}

static void check_accepted(apr_pool_t *p, parse_function *parse, mta_sts_name_form form,
                           const name_case *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        const char *name = NULL, *again = NULL;
        const char *error = parse(p, cases[i].text, form, &name);

        if (error) {
            fail_msg("\"%s\" is refused: %s", cases[i].text, error);
        }
        assert_string_equal(name, cases[i].result);
        /* The canonical form is a fixed point, and ASCII. */
        assert_null(parse(p, name, MTA_STS_NAME_ALABEL, &again));
        assert_string_equal(again, name);
    }
}

static void check_refused(apr_pool_t *p, parse_function *parse, mta_sts_name_form form,
                          const name_case *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        const char *name = "untouched";
        const char *error = parse(p, cases[i].text, form, &name);

        if (!error) {
            fail_msg("\"%s\" is accepted as \"%s\"", cases[i].text, name);
        }
        if (!strstr(error, cases[i].result)) {
            fail_msg("\"%s\": \"%s\" is expected in: %s", cases[i].text, cases[i].result, error);
        }
        if (!is_showable(error)) {
            fail_msg("the error about row %d cannot be shown: %s", (int)i, error);
        }
        assert_string_equal(name, "untouched");
    }
}

/* Host names */

static const char *make_name(apr_pool_t *p, const char *tail, apr_size_t octets)
{
    return apr_pstrcat(p, OCTETS_191 ".", apr_pstrndup(p, OCTETS_63, octets - 192 - strlen(tail)),
                       tail, NULL);
}

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

/* A hundred thousand names of a configuration are not kept twice. */
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

static void test_a_label_has_63_octets_at_most(void **state)
{
    static const name_case accepted[] = {
        {OCTETS_63, OCTETS_63},
        {OCTETS_63 ".com", OCTETS_63 ".com"},
        {"mx." OCTETS_63 ".com", "mx." OCTETS_63 ".com"},
        {"mx." OCTETS_63, "mx." OCTETS_63},
    };
    static const name_case refused[] = {
        {OCTETS_63 "x", "label longer than 63 octets"},
        {OCTETS_63 "x.com", "label longer than 63 octets"},
        {"mx." OCTETS_63 "x.com", "label longer than 63 octets"},
        {"mx." OCTETS_63 "x", "label longer than 63 octets"},
    };

    check_accepted(*state, mta_sts_name_parse_host, MTA_STS_NAME_ALABEL, accepted, COUNT(accepted));
    check_refused(*state, mta_sts_name_parse_host, MTA_STS_NAME_ALABEL, refused, COUNT(refused));
}

static void test_a_host_name_has_253_octets_at_most(void **state)
{
    const char *longest = make_name(*state, ".com", 253);
    const char *too_long = make_name(*state, ".com", 254);
    const name_case accepted[] = {{longest, longest}};
    const name_case refused[] = {{too_long, "longer than 253 octets"}};

    assert_int_equal(strlen(longest), 253);
    assert_int_equal(strlen(too_long), 254);
    check_accepted(*state, mta_sts_name_parse_host, MTA_STS_NAME_ALABEL, accepted, 1);
    check_refused(*state, mta_sts_name_parse_host, MTA_STS_NAME_ALABEL, refused, 1);
}

static void test_a_text_of_a_megabyte_is_refused(void **state)
{
    char *text = apr_palloc(*state, (1 << 20) + 1);
    name_case refused[] = {{text, "longer than 253 octets"}};

    memset(text, 'a', 1 << 20);
    text[1 << 20] = '\0';
    check_refused(*state, mta_sts_name_parse_host, MTA_STS_NAME_ULABEL, refused, 1);
    memcpy(text, "\xc3\xbc", 2);
    check_refused(*state, mta_sts_name_parse_host, MTA_STS_NAME_ULABEL, refused, 1);
}

static void test_malformed_host_names_are_refused_with_the_reason(void **state)
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
        {"mx1.example.com,mx2.example.com", "character that is not allowed"},
        {"mx1.example.com;", "character that is not allowed"},
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

/* Internationalized names */

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

static void test_what_idna_forbids_is_refused(void **state)
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

static void test_what_a_u_label_maps_to_must_be_a_host_name_too(void **state)
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

static void test_octets_that_are_not_utf8_are_refused(void **state)
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
    /* 60 octets as typed. */
    assert_null(mta_sts_name_parse_host(*state, label, MTA_STS_NAME_ULABEL, &name));
    assert_int_equal(strncmp(name, "xn--", 4), 0);
    assert_true(strlen(name) <= 63);
    /* 40 characters as typed, more than 63 octets as an A-label. */
    label = "\u65e5\u672c\u8a9e\u6f22\u5b57\u4eee\u540d\u6771\u4eac\u5927\u962a\u4eac\u90fd\u5948"
            "\u826f\u798f\u5ca1\u672d\u5e4c\u540d\u53e4\u5c4b\u6a2a\u6d5c\u795e\u6238\u5e83\u5cf6";
    assert_non_null(mta_sts_name_parse_host(*state, label, MTA_STS_NAME_ULABEL, &name));
}

/* mx patterns */

static void test_a_pattern_is_a_host_name_or_a_star_label_before_one(void **state)
{
    static const name_case cases[] = {
        {"mx1.example.com", "mx1.example.com"},
        {"*.example.com", "*.example.com"},
        {"*.EXAMPLE.com", "*.example.com"},
        {"*.a.b.c.example.com", "*.a.b.c.example.com"},
        {"*.com", "*.com"},
        {"*.xn--mnchen-3ya.de", "*.xn--mnchen-3ya.de"},
        {"*." OCTETS_63 ".com", "*." OCTETS_63 ".com"},
    };

    check_accepted(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ALABEL, cases, COUNT(cases));
    check_accepted(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
}

static void test_a_u_label_behind_the_star_becomes_its_a_label(void **state)
{
    static const name_case cases[] = {
        {"*.m\u00fcnchen.de", "*.xn--mnchen-3ya.de"},
        {"*.\u65e5\u672c\u8a9e\u3002jp", "*.xn--wgv71a119e.jp"},
    };

    check_accepted(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
}

static void test_malformed_patterns_are_refused_with_the_reason(void **state)
{
    static const name_case cases[] = {
        {"*", "would match nothing"},
        {"*.", "would match nothing"},
        {"**", "\"*\" elsewhere"},
        {"*.*", "\"*\" elsewhere"},
        {"**.example.com", "\"*\" elsewhere"},
        {"*.*.example.com", "\"*\" elsewhere"},
        {"*mx.example.com", "\"*\" elsewhere"},
        {"mx*.example.com", "\"*\" elsewhere"},
        {"mx.*.example.com", "\"*\" elsewhere"},
        {"mx.example.*", "\"*\" elsewhere"},
        {"*example.com", "\"*\" elsewhere"},
        {"*-.example.com", "hyphen"},
        {"*..", "ends with a dot"},
        {"*..example.com", "empty label"},
        {"*.example.com.", "ends with a dot"},
        {"*.-example.com", "hyphen"},
        {"*.example.com:25", "contains a port"},
        {"*.https://example.com", "is a URL"},
        {"*.192.0.2.1", "is an IP address"},
        {"*.2001:db8::1", "is an IP address"},
        {"*. example.com", "contains a blank"},
        {"* .example.com", "contains a blank"},
        {"*.example.com\n", "control character"},
        {"*.exa_mple.com", "character that is not allowed"},
        {"*." OCTETS_63 "x.com", "label longer than 63 octets"},
        {".*.example.com", "empty label"},
    };

    check_refused(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ALABEL, cases, COUNT(cases));
    check_refused(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
}

static void test_a_pattern_has_253_octets_at_most_with_its_star(void **state)
{
    const char *longest = apr_pstrcat(*state, "*.", make_name(*state, ".com", 251), NULL);
    const char *too_long = apr_pstrcat(*state, "*.", make_name(*state, ".com", 252), NULL);
    const name_case accepted[] = {{longest, longest}};
    const name_case refused[] = {{too_long, "longer than 253 octets"}};

    assert_int_equal(strlen(longest), 253);
    check_accepted(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ALABEL, accepted, 1);
    check_refused(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ALABEL, refused, 1);
}

/* Issue 2: refused with "the offending text and what is allowed". */
static void test_a_refusal_quotes_the_text_and_says_what_is_allowed(void **state)
{
    static const char *const refused[] = {
        "mx_1.example.com", "mx1.example.com:25",      "192.0.2.1", "mx1.example.com.",
        "mx..example.com",  "https://mx1.example.com", "*",         "*.",
        "mx.*.example.com", "m\u00fcnchen_.de",        "",
    };
    size_t i;

    for (i = 0; i < COUNT(refused); i++) {
        const char *name;
        const char *error = mta_sts_name_parse_mx(*state, refused[i], MTA_STS_NAME_ULABEL, &name);

        assert_non_null(error);
        assert_ptr_equal(strstr(error, apr_pstrcat(*state, "\"", refused[i], "\"", NULL)), error);
        assert_non_null(strstr(error, "example.com"));
    }
}

static void test_a_refusal_of_hostile_text_stays_short(void **state)
{
    char *text = apr_palloc(*state, 100001);
    const char *name, *error;

    memset(text, '\x01', 100000);
    text[100000] = '\0';
    error = mta_sts_name_parse_mx(*state, text, MTA_STS_NAME_ULABEL, &name);
    assert_non_null(error);
    assert_true(strlen(error) < 1000);
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

static void test_a_policy_domain_leaves_room_for_the_policy_host(void **state)
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

static void test_the_policy_domain_is_what_stands_behind_the_prefix(void **state)
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

/* Matching: RFC 8461 section 4.1 */

typedef struct match_case {
    const char *pattern;
    const char *host;
} match_case;

static void check_matches(const match_case *cases, size_t count, int expected)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (!!mta_sts_name_matches_mx(cases[i].pattern, cases[i].host) != expected) {
            fail_msg("\"%s\" %s \"%s\"", cases[i].pattern, expected ? "misses" : "matches",
                     cases[i].host);
        }
    }
}

static void test_a_pattern_without_a_star_matches_its_own_name_only(void **state)
{
    static const match_case yes[] = {
        {"mx1.example.com", "mx1.example.com"},
        {"localhost", "localhost"},
    };
    static const match_case no[] = {
        {"mx1.example.com", "mx2.example.com"},
        {"mx1.example.com", "example.com"},
        {"mx1.example.com", "a.mx1.example.com"},
        {"mx1.example.com", "mx1.example.com.evil.example"},
        {"mx1.example.com", "mx1.example.co"},
        {"mx1.example.com", "mx1.example.comx"},
        {"mx1.example.com", "xmx1.example.com"},
        {"mx1.example.com", "mx1xexample.com"},
        {"mx1.example.com", "mx1"},
        {"mx1.example.com", "."},
        {"mx1.example.com", ""},
    };

    (void)state;
    check_matches(yes, COUNT(yes), 1);
    check_matches(no, COUNT(no), 0);
}

static void test_a_wildcard_matches_exactly_one_label(void **state)
{
    static const match_case yes[] = {
        {"*.example.com", "mail.example.com"},
        {"*.example.com", "x.example.com"},
        {"*.example.com", "xn--mnchen-3ya.example.com"},
        {"*.example.com", OCTETS_63 ".example.com"},
        {"*.com", "example.com"},
    };
    static const match_case no[] = {
        {"*.example.com", "example.com"},
        {"*.example.com", "a.b.example.com"},
        {"*.example.com", ".example.com"},
        {"*.example.com", "..example.com"},
        {"*.example.com", "a..example.com"},
        {"*.example.com", "mailexample.com"},
        {"*.example.com", "mail.example.org"},
        {"*.example.com", "mail.example.com.evil.example"},
        {"*.example.com", "mail.notexample.com"},
        {"*.example.com", "mail"},
        {"*.example.com", "mail."},
        {"*.example.com", "."},
        {"*.example.com", ""},
        {"*.mx.microsoft", "x.h-v1.mx.microsoft"},
    };

    (void)state;
    check_matches(yes, COUNT(yes), 1);
    check_matches(no, COUNT(no), 0);
}

static void test_matching_ignores_case(void **state)
{
    static const match_case yes[] = {
        {"mx1.example.com", "MX1.EXAMPLE.COM"},
        {"mx1.example.com", "Mx1.Example.cOm"},
        {"*.example.com", "MAIL.Example.COM"},
    };

    (void)state;
    check_matches(yes, COUNT(yes), 1);
}

static void test_matching_ignores_one_trailing_dot_of_the_host(void **state)
{
    static const match_case yes[] = {
        {"mx1.example.com", "mx1.example.com."},
        {"*.example.com", "mail.example.com."},
    };
    static const match_case no[] = {
        {"mx1.example.com", "mx1.example.com.."},
        {"*.example.com", "mail.example.com.."},
        {"*.example.com", "example.com."},
        {"*.com", "com."},
    };

    (void)state;
    check_matches(yes, COUNT(yes), 1);
    check_matches(no, COUNT(no), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_host_name_is_letters_digits_and_hyphens_in_labels),
        POOL_TEST(test_the_canonical_form_is_lower_case),
        POOL_TEST(test_a_canonical_text_is_not_copied_and_another_is_not_changed),
        POOL_TEST(test_a_label_has_63_octets_at_most),
        POOL_TEST(test_a_host_name_has_253_octets_at_most),
        POOL_TEST(test_a_text_of_a_megabyte_is_refused),
        POOL_TEST(test_malformed_host_names_are_refused_with_the_reason),
        POOL_TEST(test_blanks_and_control_characters_are_refused),
        POOL_TEST(test_a_scheme_a_port_a_path_or_a_mail_address_is_refused_by_name),
        POOL_TEST(test_ip_addresses_are_refused_by_name),
        POOL_TEST(test_a_star_is_refused_in_a_host_name),
        POOL_TEST(test_a_u_label_becomes_its_a_label),
        POOL_TEST(test_a_u_label_is_refused_where_only_ascii_is_allowed),
        POOL_TEST(test_what_idna_forbids_is_refused),
        POOL_TEST(test_what_a_u_label_maps_to_must_be_a_host_name_too),
        POOL_TEST(test_octets_that_are_not_utf8_are_refused),
        POOL_TEST(test_the_length_of_a_label_is_that_of_its_a_label),
        POOL_TEST(test_a_pattern_is_a_host_name_or_a_star_label_before_one),
        POOL_TEST(test_a_u_label_behind_the_star_becomes_its_a_label),
        POOL_TEST(test_malformed_patterns_are_refused_with_the_reason),
        POOL_TEST(test_a_pattern_has_253_octets_at_most_with_its_star),
        POOL_TEST(test_a_refusal_quotes_the_text_and_says_what_is_allowed),
        POOL_TEST(test_a_refusal_of_hostile_text_stays_short),
        POOL_TEST(test_a_policy_domain_is_a_host_name),
        POOL_TEST(test_a_policy_host_typed_for_its_domain_is_refused),
        POOL_TEST(test_a_policy_domain_leaves_room_for_the_policy_host),
        POOL_TEST(test_the_policy_domain_is_what_stands_behind_the_prefix),
        POOL_TEST(test_other_hosts_have_no_policy_domain),
        POOL_TEST(test_a_pattern_without_a_star_matches_its_own_name_only),
        POOL_TEST(test_a_wildcard_matches_exactly_one_label),
        POOL_TEST(test_matching_ignores_case),
        POOL_TEST(test_matching_ignores_one_trailing_dot_of_the_host),
    };

    return RUN_POOL_TESTS(tests);
}
