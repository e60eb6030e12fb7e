/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "record_fixture.h"

static void test_the_report_uris_are_read(void **state)
{
    static const record_case cases[] = {
        {"v=TLSRPTv1;rua=mailto:reports@example.com", "mailto:reports@example.com", ""},
        {"v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt",
         "https://reporting.example.com/v1/tlsrpt", ""},
        {"v=TLSRPTv1; rua=mailto:a@example.com;", "mailto:a@example.com", ""},
        {"v=TLSRPTv1; rua=https://a.example/t,mailto:a@example.com",
         "https://a.example/t mailto:a@example.com", ""},
        {"v=TLSRPTv1; rua=mailto:a@example.com,mailto:b@example.org,https://c.example/",
         "mailto:a@example.com mailto:b@example.org https://c.example/", ""},
    };

    CHECK_TLSRPT(cases);
}

static void test_blanks_may_surround_a_comma_and_a_semicolon(void **state)
{
    static const record_case cases[] = {
        {"v=TLSRPTv1; rua=mailto:a@example.com , mailto:b@example.com",
         "mailto:a@example.com mailto:b@example.com", ""},
        {"v=TLSRPTv1;\trua=mailto:a@example.com\t,\tmailto:b@example.com\t;\t",
         "mailto:a@example.com mailto:b@example.com", ""},
        {"v=TLSRPTv1; a=b ; rua=mailto:a@example.com ; c=d ;", "mailto:a@example.com",
         "info field-unknown, info field-unknown"},
    };

    CHECK_TLSRPT(cases);
}

/* tlsrpt-rua = %s"rua=" tlsrpt-uri: the grammar allows no blank there. Issue 2: "every deviation a
 * finding". */
static void test_a_blank_after_rua_equals_is_reported(void **state)
{
    static const char *const sets[] = {"v=TLSRPTv1; rua= mailto:a@example.com",
                                       "v=TLSRPTv1; rua=\tmailto:a@example.com;"};
    size_t i;

    for (i = 0; i < COUNT(sets); i++) {
        mta_sts_findings *findings = mta_sts_findings_make(*state);

        mta_sts_tlsrpt_record_read(*state, lines_of(*state, sets[i]), findings);
        if (findings->list->nelts == 0) {
            fail_msg("\"%s\" has no finding", sets[i]);
        }
    }
}

static void test_a_scheme_is_read_without_case(void **state)
{
    static const record_case cases[] = {
        {"v=TLSRPTv1; rua=MAILTO:a@example.com,HttpS://a.example/",
         "MAILTO:a@example.com HttpS://a.example/", ""},
    };

    CHECK_TLSRPT(cases);
}

static void test_uris_are_returned_as_written(void **state)
{
    static const char *const uris[] = {
        "mailto:A.b+c%2Cd@Example.COM",
        "mailto:a@example.com?subject=tls%21",
        "mailto:'a'@example.com",
        "https://example.com",
        "https://example.com:8443/a/b?c=d&e=f#g",
        "https://user:pass@example.com/",
        "https://[2001:db8::1]/tlsrpt",
        "https://example.com/%2C%21%3B/(a)*+$@:~",
    };
    size_t i;

    for (i = 0; i < COUNT(uris); i++) {
        record_case row = {apr_pstrcat(*state, "v=TLSRPTv1; rua=", uris[i], NULL), uris[i], ""};

        check_sets(*state, read_tlsrpt, &row, 1);
    }
}

static void test_malformed_uris_are_errors(void **state)
{
    static const char *const uris[] = {
        "", /* empty */
        "mailto:",
        "mailto:a",
        "mailto:@example.com",
        "mailto:a@",
        "mailto:a@?subject=x",
        "mailto:a@example..com",
        "mailto:a@-example.com",
        "mailto:a@exa_mple.com",
        "mailto:a%40example.com",
        "mailto:a!b@example.com",   /* must be %21 */
        "mailto:a@example.com!10m", /* a DMARC habit */
        "mailto:a b@example.com",
        "mailto:a@ex\tample.com",
        "mailto:a@m\xc3\xbcnchen.de",
        "mailto:a\xff@example.com",
        "mailto:a\x01@example.com",
        "mailto:<a@example.com>",
        "mailto:a%@example.com", /* "%" without its digits */
        "mailto:a%4@example.com",
        "mailto:a%4g@example.com",
        "https://",
        "https:///path",
        "https://:443/",
        "https://?query",
        "https://example.com:port/",
        "https://example.com/{a}",
        "https://example.com/a|b",
        "https://example.com/a^b`c",
        "https://example.com/%",
        "https://example.com/%zz",
        "https://example.com/%a",
        "https://example.com/a!",
        "<https://example.com/>",
        "mailto:a@example.com mailto:b@example.com",
    };
    size_t i;

    for (i = 0; i < COUNT(uris); i++) {
        record_case rows[] = {
            {apr_pstrcat(*state, "v=TLSRPTv1; rua=", uris[i], NULL), NULL, "error rua-malformed"},
            {apr_pstrcat(*state, "v=TLSRPTv1; rua=mailto:a@example.com,", uris[i],
                         ",https://b.example/", NULL),
             NULL, "error rua-malformed"},
        };

        check_sets(*state, read_tlsrpt, rows, COUNT(rows));
    }
}

/* RFC 8460 section 3 requires "!" to be encoded; DMARC allows a size after it. */
static void test_an_exclamation_mark_in_a_uri_is_rejected_with_its_encoding(void **state)
{
    mta_sts_findings *findings = mta_sts_findings_make(*state);

    mta_sts_tlsrpt_record_read(*state, lines_of(*state, "v=TLSRPTv1; rua=mailto:a@example.com!10m"),
                               findings);
    assert_int_equal(findings->list->nelts, 1);
    assert_non_null(strstr(mta_sts_findings_at(findings, 0)->message,
                           "\"mailto:a@example.com!10m\" contains \"!\""));
    assert_non_null(strstr(mta_sts_findings_at(findings, 0)->message, "%21"));
}

/* RFC 6068: the addresses of a mailto URI end at its "?". */
static void test_the_address_is_checked_and_not_the_query_after_it(void **state)
{
    static const record_case cases[] = {
        {"v=TLSRPTv1; rua=mailto:a@example.com?cc=b@c_d", "mailto:a@example.com?cc=b@c_d", ""},
        {"v=TLSRPTv1; rua=mailto:a@example.com?subject=@", "mailto:a@example.com?subject=@", ""},
        {"v=TLSRPTv1; rua=mailto:a@exa_mple.com?cc=b@example.com", NULL, "error rua-malformed"},
    };

    CHECK_TLSRPT(cases);
}

static void test_empty_uris_between_commas_are_errors(void **state)
{
    static const record_case cases[] = {
        {"v=TLSRPTv1; rua=,mailto:a@example.com", NULL, "error rua-malformed"},
        {"v=TLSRPTv1; rua=mailto:a@example.com,", NULL, "error rua-malformed"},
        {"v=TLSRPTv1; rua=mailto:a@example.com,;", NULL, "error rua-malformed"},
        {"v=TLSRPTv1; rua=mailto:a@example.com, ,mailto:b@example.com", NULL,
         "error rua-malformed"},
        {"v=TLSRPTv1; rua=,", NULL, "error rua-malformed, error rua-malformed"},
    };

    CHECK_TLSRPT(cases);
}

static void test_uris_of_other_schemes_are_skipped_with_a_warning(void **state)
{
    static const record_case cases[] = {
        {"v=TLSRPTv1; rua=http://example.com/,mailto:a@example.com", "mailto:a@example.com",
         "warning rua-scheme"},
        {"v=TLSRPTv1; rua=mailto:a@example.com,ftp://example.com/,tel:+1", "mailto:a@example.com",
         "warning rua-scheme, warning rua-scheme"},
        {"v=TLSRPTv1; rua=mailtox:a@example.com,https://a.example/", "https://a.example/",
         "warning rua-scheme"},
    };

    CHECK_TLSRPT(cases);
}

static void test_a_record_without_a_uri_that_senders_use_is_an_error(void **state)
{
    static const record_case cases[] = {
        {"v=TLSRPTv1; rua=http://example.com/", NULL, "warning rua-scheme, error rua-missing"},
        {"v=TLSRPTv1; rua=reports@example.com", NULL, "error text-altered"},
        {"v=TLSRPTv1; rua=https:example.com", NULL, "warning rua-scheme, error rua-missing"},
        {"v=TLSRPTv1; rua=http://a.example/,http://b.example/", NULL,
         "warning rua-scheme, warning rua-scheme, error rua-missing"},
    };

    CHECK_TLSRPT(cases);
}

static void test_a_tlsrpt_record_needs_a_rua(void **state)
{
    static const record_case cases[] = {
        {"v=TLSRPTv1;", NULL, "error field-missing"},
        {"v=TLSRPTv1; ", NULL, "error field-missing"},
        {"v=TLSRPTv1; RUA=mailto:a@example.com", NULL, "error text-altered"},
        {"v=TLSRPTv1; ruf=mailto:a@example.com", NULL, "error text-altered"},
        {"v=TLSRPTv1; ruf=mailto:a@example.com; rua=mailto:b@example.com", "mailto:b@example.com",
         "info field-unknown"},
        {"v=TLSRPTv1; ruf=1", NULL, "info field-unknown, error field-missing"},
        {"v=TLSRPTv1; id=1", NULL, "info field-unknown, error field-missing"},
        {"v=TLSRPTv1; mailto:a@example.com", NULL, "error text-altered"},
        {"v=TLSRPTv1; rua", NULL, "error field-malformed, error field-missing"},
        {"v=TLSRPTv1; rua =mailto:a@example.com", NULL, "error text-altered"},
    };

    CHECK_TLSRPT(cases);
}

/* RFC 8460 section 3: tlsrpt-record = tlsrpt-version 1*(field-delim tlsrpt-field). */
static void test_all_rua_fields_count(void **state)
{
    static const record_case cases[] = {
        {"v=TLSRPTv1; rua=mailto:a@example.com; rua=mailto:b@example.com",
         "mailto:a@example.com mailto:b@example.com", ""},
        {"v=TLSRPTv1; rua=https://a.example/,mailto:b@example.com;rua=mailto:c@example.com;",
         "https://a.example/ mailto:b@example.com mailto:c@example.com", ""},
        {"v=TLSRPTv1; rua=mailto:a@example.com; rua=", NULL, "error rua-malformed"},
        {"v=TLSRPTv1; rua=http://a.example/; rua=mailto:b@example.com", "mailto:b@example.com",
         "warning rua-scheme"},
    };

    CHECK_TLSRPT(cases);
}

static void test_a_semicolon_in_a_uri_ends_the_field(void **state)
{
    static const record_case cases[] = {
        {"v=TLSRPTv1; rua=https://example.com/a;b", NULL, "error text-altered"},
        {"v=TLSRPTv1; rua=https://example.com/a;b=c", "https://example.com/a",
         "info field-unknown"},
    };

    CHECK_TLSRPT(cases);
}

static void test_exactly_one_tlsrpt_record_must_begin_with_the_version(void **state)
{
    static const record_case cases[] = {
        {"", NULL, "error record-missing"},
        {"v=TLSRPTv1; rua=mailto:a@example.com\nv=TLSRPTv1; rua=mailto:a@example.com", NULL,
         "error record-multiple"},
        {"v=STSv1; id=1;", NULL, "info record-ignored, error record-missing"},
        {"v=STSv1; id=1;\nv=TLSRPTv1; rua=mailto:a@example.com", "mailto:a@example.com",
         "info record-ignored"},
        {"v=TLSRPTv1 ; rua=mailto:a@example.com", NULL, "error text-altered"},
        {"v=TLSRPTV1; rua=mailto:a@example.com", NULL, "error text-altered"},
        {"v=TLSRPTv1", NULL, "warning record-ignored, error record-missing"},
        {"v=TLSRPTv2; rua=mailto:a@example.com\nv=TLSRPTv1; rua=mailto:b@example.com",
         "mailto:b@example.com", "info record-ignored"},
    };

    CHECK_TLSRPT(cases);
}

/* Rendering, and report URIs as an admin enters them */

static void test_reading_a_rendered_tlsrpt_record_gives_the_same_addresses(void **state)
{
    static const char *const uris[] = {"mailto:tls@example.com", "https://example.com/r?a=b"};
    apr_array_header_t *rua = apr_array_make(*state, 2, sizeof(const char *));
    mta_sts_findings *findings = mta_sts_findings_make(*state);
    const char *text;
    size_t i;

    for (i = 0; i < COUNT(uris); i++) {
        APR_ARRAY_PUSH(rua, const char *) = uris[i];
    }
    text = mta_sts_tlsrpt_record_render(*state, rua);
    assert_string_equal(text, "v=TLSRPTv1; rua=mailto:tls@example.com,https://example.com/r?a=b");
    assert_string_equal(read_tlsrpt(*state, lines_of(*state, text), findings),
                        "mailto:tls@example.com https://example.com/r?a=b");
    assert_int_equal(findings->list->nelts, 0);
}

static void test_separators_in_a_report_uri_are_encoded(void **state)
{
    static const struct {
        const char *typed, *uri;
    } cases[] = {
        {"mailto:tls@example.com", "mailto:tls@example.com"},
        {"MAILTO:tls@example.com", "MAILTO:tls@example.com"},
        {"mailto:a!b@example.com", "mailto:a%21b@example.com"},
        {"mailto:a@example.com?subject=x,y;z", "mailto:a@example.com?subject=x%2Cy%3Bz"},
        {"https://example.com/r;v=1,2!", "https://example.com/r%3Bv=1%2C2%21"},
        {"https://example.com:8443/r", "https://example.com:8443/r"},
        {"mailto:tls@example.com.", "mailto:tls@example.com"},
        {"https://example.com./r", "https://example.com/r"},
        {"https://example.com/@x", "https://example.com/@x"},
        {"https://b\xc3\xbc"
         "cher.example/r",
         "https://xn--bcher-kva.example/r"},
        {"https://[2001:db8::1]/r", "https://[2001:db8::1]/r"},
        {"https://example.com/a%2Cb", "https://example.com/a%2Cb"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const char *uri, *error = mta_sts_rua_parse(*state, cases[i].typed, &uri);

        assert_null(error);
        assert_string_equal(uri, cases[i].uri);
    }
}

static void test_a_report_uri_that_senders_cannot_use_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *typed, *said;
    } cases[] = {
        {"", "is empty"},
        {"tls@example.com", "write \"mailto:tls@example.com\""},
        {"http://example.com/", "has a scheme that senders do not support"},
        {"ftp://example.com/", "has a scheme that senders do not support"},
        {"mailto:", "is not a mail address"},
        {"mailto:@example.com", "is not a mail address"},
        {"mailto:tls", "is not a mail address"},
        {"mailto:b\xc3\xbc"
         "cher@example.com",
         "is not ASCII"},
        {"mailto:<tls@example.com>", "angle brackets"},
        {"mailto:tls@example..com", "empty label"},
        {"\"mailto:tls@example.com\"",
         "is in quotation marks: write it without them; write \"mailto:tls@example.com\""},
        {"rua=mailto:tls@example.com", "write \"mailto:tls@example.com\""},
        {"v=TLSRPTv1; rua=mailto:tls@example.com", "write \"mailto:tls@example.com\""},
        {"mailto:a b@example.com", "contains a blank"},
        {"mailto:a%4@example.com", "two hex digits"},
        {"mailto:a\"b@example.com", "percent-encode it as %22"},
        {"https://", "contains no host"},
        {"https:///r", "contains no host"},
        {"mailto:a\x1b@example.com", "\\x1b"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const char *uri, *error = mta_sts_rua_parse(*state, cases[i].typed, &uri);

        if (!error || !strstr(error, cases[i].said) || !is_printable(error)) {
            fail_msg("\"%s\": expected \"%s\", found \"%s\"", cases[i].typed, cases[i].said,
                     error ? error : "nothing");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_the_report_uris_are_read),
        POOL_TEST(test_blanks_may_surround_a_comma_and_a_semicolon),
        POOL_TEST(test_a_blank_after_rua_equals_is_reported),
        POOL_TEST(test_a_scheme_is_read_without_case),
        POOL_TEST(test_uris_are_returned_as_written),
        POOL_TEST(test_malformed_uris_are_errors),
        POOL_TEST(test_an_exclamation_mark_in_a_uri_is_rejected_with_its_encoding),
        POOL_TEST(test_the_address_is_checked_and_not_the_query_after_it),
        POOL_TEST(test_empty_uris_between_commas_are_errors),
        POOL_TEST(test_uris_of_other_schemes_are_skipped_with_a_warning),
        POOL_TEST(test_a_record_without_a_uri_that_senders_use_is_an_error),
        POOL_TEST(test_a_tlsrpt_record_needs_a_rua),
        POOL_TEST(test_all_rua_fields_count),
        POOL_TEST(test_a_semicolon_in_a_uri_ends_the_field),
        POOL_TEST(test_exactly_one_tlsrpt_record_must_begin_with_the_version),
        POOL_TEST(test_reading_a_rendered_tlsrpt_record_gives_the_same_addresses),
        POOL_TEST(test_separators_in_a_report_uri_are_encoded),
        POOL_TEST(test_a_report_uri_that_senders_cannot_use_is_refused_with_the_reason),
    };

    return RUN_POOL_TESTS(tests);
}
