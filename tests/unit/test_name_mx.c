/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "name_fixture.h"
#include "table_fixture.h"

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
        {"*." BYTES_63 ".com", "*." BYTES_63 ".com"},
    };

    check_accepted(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ALABEL, cases, COUNT(cases));
    check_accepted(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
}

static void test_a_u_label_after_the_star_becomes_its_a_label(void **state)
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
        {"**", "\"*\" that is not"},
        {"*.*", "\"*\" that is not"},
        {"**.example.com", "\"*\" that is not"},
        {"*.*.example.com", "\"*\" that is not"},
        {"*mx.example.com", "\"*\" that is not"},
        {"mx*.example.com", "\"*\" that is not"},
        {"mx.*.example.com", "\"*\" that is not"},
        {"mx.example.*", "\"*\" that is not"},
        {"*example.com", "\"*\" that is not"},
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
        {"*." BYTES_63 "x.com", "label longer than 63 bytes"},
        {".*.example.com", "empty label"},
    };

    check_refused(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ALABEL, cases, COUNT(cases));
    check_refused(*state, mta_sts_name_parse_mx, MTA_STS_NAME_ULABEL, cases, COUNT(cases));
}

static void test_a_pattern_has_253_bytes_at_most_with_its_star(void **state)
{
    const char *longest = apr_pstrcat(*state, "*.", make_name(*state, ".com", 251), NULL);
    const char *too_long = apr_pstrcat(*state, "*.", make_name(*state, ".com", 252), NULL);
    const name_case accepted[] = {{longest, longest}};
    const name_case refused[] = {{too_long, "longer than 253 bytes"}};

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
        {"*.example.com", BYTES_63 ".example.com"},
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
        POOL_TEST(test_a_pattern_is_a_host_name_or_a_star_label_before_one),
        POOL_TEST(test_a_u_label_after_the_star_becomes_its_a_label),
        POOL_TEST(test_malformed_patterns_are_refused_with_the_reason),
        POOL_TEST(test_a_pattern_has_253_bytes_at_most_with_its_star),
        POOL_TEST(test_a_refusal_quotes_the_text_and_says_what_is_allowed),
        POOL_TEST(test_a_refusal_of_hostile_text_stays_short),
        POOL_TEST(test_a_pattern_without_a_star_matches_its_own_name_only),
        POOL_TEST(test_a_wildcard_matches_exactly_one_label),
        POOL_TEST(test_matching_ignores_case),
        POOL_TEST(test_matching_ignores_one_trailing_dot_of_the_host),
    };

    return RUN_POOL_TESTS(tests);
}
