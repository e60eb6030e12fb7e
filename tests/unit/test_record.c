/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "core/record.h"
#include "findings_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OCTETS_31 "a234567890123456789012345678901"

/* Findings of records have no line, so their summary needs none. */
static const char *findings_without_lines(apr_pool_t *p, const mta_sts_findings *findings)
{
    char *summary = apr_pstrdup(p, findings_summary(p, findings));
    char *out = summary, *in;

    for (in = summary; *in; in++) {
        if (strncmp(in, "@0", 2) == 0) {
            in++;
            continue;
        }
        *out++ = *in;
    }
    *out = '\0';
    return summary;
}

/* A TXT set, its records parted by newlines; what is read from it, NULL for an invalid set; and the
 * findings, as findings_summary tells them but without their "@0". */
typedef struct record_case {
    const char *set;
    const char *result;
    const char *findings;
} record_case;

static apr_array_header_t *make_set(apr_pool_t *p, const char *set)
{
    apr_array_header_t *texts = apr_array_make(p, 2, sizeof(const char *));

    while (*set) {
        apr_size_t len = strcspn(set, "\n");

        APR_ARRAY_PUSH(texts, const char *) = apr_pstrmemdup(p, set, len);
        set += len;
        set += *set == '\n';
    }
    return texts;
}

/* What read() finds, as one text: the id, or the report URIs parted by blanks. */
typedef const char *read_function(apr_pool_t *p, const apr_array_header_t *texts,
                                  mta_sts_findings *findings);

static const char *read_tlsrpt(apr_pool_t *p, const apr_array_header_t *texts,
                               mta_sts_findings *findings)
{
    const apr_array_header_t *rua = mta_sts_tlsrpt_record_read(p, texts, findings);

    return rua ? apr_array_pstrcat(p, rua, ' ') : NULL;
}

static void check_sets(apr_pool_t *p, read_function *read, const record_case *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        mta_sts_findings *findings = mta_sts_findings_make(p);
        const char *result = read(p, make_set(p, cases[i].set), findings);
        const char *expected = cases[i].result ? cases[i].result : "nothing";
        const char *summary = findings_without_lines(p, findings);

        if (strcmp(result ? result : "nothing", expected) != 0 ||
            strcmp(summary, cases[i].findings) != 0) {
            fail_msg("\"%s\":\nexpected: %s; %s\nfound:    %s; %s", cases[i].set, expected,
                     cases[i].findings, result ? result : "nothing", summary);
        }
        assert_findings_are_showable(findings);
        /* The rule of record.h: valid unless one finding is an error. */
        assert_int_equal(result == NULL, mta_sts_findings_count(findings, MTA_STS_ERROR) > 0);
    }
}

#define CHECK_STS(cases) check_sets(*state, mta_sts_record_read, cases, COUNT(cases))
#define CHECK_TLSRPT(cases) check_sets(*state, read_tlsrpt, cases, COUNT(cases))

/* The MTA-STS record */

static void test_a_record_is_rendered_to_these_octets(void **state)
{
    assert_string_equal(mta_sts_record_render(*state, "31a77c838c175b1b2452"),
                        "v=STSv1; id=31a77c838c175b1b2452;");
}

static void test_a_rendered_record_reads_to_its_id_without_a_finding(void **state)
{
    static const char *const ids[] = {"0", "Z", "31a77c838c175b1b2452", OCTETS_31 "2"};
    size_t i;

    for (i = 0; i < COUNT(ids); i++) {
        mta_sts_findings *findings = mta_sts_findings_make(*state);
        const apr_array_header_t *set = make_set(*state, mta_sts_record_render(*state, ids[i]));

        assert_string_equal(mta_sts_record_read(*state, set, findings), ids[i]);
        assert_int_equal(findings->list->nelts, 0);
    }
}

static void test_the_id_of_a_record_is_read(void **state)
{
    static const record_case cases[] = {
        {"v=STSv1; id=20160831085700Z;", "20160831085700Z", ""}, /* the example of RFC 8461 */
        {"v=STSv1; id=20160831085700Z", "20160831085700Z", ""},
        {"v=STSv1;id=1", "1", ""},
        {"v=STSv1;id=1;", "1", ""},
        {"v=STSv1;id=ABCxyz019", "ABCxyz019", ""},
    };

    CHECK_STS(cases);
}

static void test_blanks_may_surround_a_semicolon(void **state)
{
    static const record_case cases[] = {
        {"v=STSv1;    id=1", "1", ""},
        {"v=STSv1;\t id=1", "1", ""},
        {"v=STSv1; id=1 ;", "1", ""},
        {"v=STSv1; id=1 \t; \t", "1", ""},
        {"v=STSv1; id=1 ; a=b", "1", "info field-unknown"},
        {"v=STSv1; a=b\t;\tid=1;", "1", "info field-unknown"},
    };

    CHECK_STS(cases);
}

/* The grammar ends a record with a field or a delimiter; a blank behind a field is neither. */
static void test_a_blank_at_the_end_is_a_warning(void **state)
{
    static const record_case cases[] = {
        {"v=STSv1; id=1 ", "1", "warning trailing-blank"},
        {"v=STSv1; id=1\t", "1", "warning trailing-blank"},
        {"v=STSv1; id=1; a=b  ", "1", "warning trailing-blank, info field-unknown"},
    };

    CHECK_STS(cases);
}

static void test_no_blank_is_allowed_around_an_equals_sign(void **state)
{
    static const record_case cases[] = {
        {"v=STSv1; id =1", NULL, "error field-malformed, error field-missing"},
        {"v=STSv1; id= 1", NULL, "error id-malformed"},
        {"v=STSv1; id=1; a =b", NULL, "error field-malformed"},
        {"v=STSv1; id=1; a= b", NULL, "error field-malformed"},
    };

    CHECK_STS(cases);
}

static void test_an_id_is_1_to_32_letters_and_digits(void **state)
{
    static const record_case cases[] = {
        {"v=STSv1; id=" OCTETS_31 ";", OCTETS_31, ""},
        {"v=STSv1; id=" OCTETS_31 "2;", OCTETS_31 "2", ""},
        {"v=STSv1; id=" OCTETS_31 "23;", NULL, "error id-malformed"},
        {"v=STSv1; id=;", NULL, "error id-malformed"},
        {"v=STSv1; id=", NULL, "error id-malformed"},
        {"v=STSv1; id=2026-01-01;", NULL, "error id-malformed"},
        {"v=STSv1; id=20260101T00:00:00Z;", NULL, "error id-malformed"},
        {"v=STSv1; id=1.2;", NULL, "error id-malformed"},
        {"v=STSv1; id=1_2;", NULL, "error id-malformed"},
        {"v=STSv1; id=1 2;", NULL, "error id-malformed"},
        {"v=STSv1; id=1=2;", NULL, "error id-malformed"},
        {"v=STSv1; id=\"1\";", NULL, "error id-malformed"},
        {"v=STSv1; id=1,2;", NULL, "error id-malformed"},
        {"v=STSv1; id=m\xc3\xbc;", NULL, "error id-malformed"},
        {"v=STSv1; id=m\xfc;", NULL, "error id-malformed"},
        {"v=STSv1; id=1\x01;", NULL, "error id-malformed"},
        {"v=STSv1; id=1\r;", NULL, "error id-malformed"},
    };

    CHECK_STS(cases);
}

static void test_a_record_needs_an_id(void **state)
{
    static const record_case cases[] = {
        {"v=STSv1;", NULL, "error field-missing"},
        {"v=STSv1; ", NULL, "error field-missing"},
        {"v=STSv1; a=b;", NULL, "info field-unknown, error field-missing"},
        {"v=STSv1; ID=1;", NULL, "info field-unknown, error field-missing"},
        {"v=STSv1; Id=1;", NULL, "info field-unknown, error field-missing"},
        {"v=STSv1; idx=1;", NULL, "info field-unknown, error field-missing"},
        {"v=STSv1; id;", NULL, "error field-malformed, error field-missing"},
    };

    CHECK_STS(cases);
}

static void test_the_first_of_several_ids_counts(void **state)
{
    static const record_case cases[] = {
        {"v=STSv1; id=1; id=2;", "1", "warning field-duplicate"},
        {"v=STSv1; id=1; id=1; id=1", "1", "warning field-duplicate, warning field-duplicate"},
        {"v=STSv1; id=1; id=-;", "1", "warning field-duplicate"},
        {"v=STSv1; id=-; id=1;", NULL, "error id-malformed, warning field-duplicate"},
    };

    CHECK_STS(cases);
}

static void test_extensions_are_ignored(void **state)
{
    static const record_case cases[] = {
        {"v=STSv1; a=b; id=1", "1", "info field-unknown"},
        {"v=STSv1; id=1; a=b; c=d", "1", "info field-unknown, info field-unknown"},
        {"v=STSv1; id=1; a-b_c.d=!,:<>~", "1", "info field-unknown"},
        {"v=STSv1; id=1; 1=2", "1", "info field-unknown"},
        {"v=STSv1; id=1; " OCTETS_31 "2=b", "1", "info field-unknown"},
        {"v=STSv1; id=1; v=STSv1;", "1", "info field-unknown"},
    };

    CHECK_STS(cases);
}

static void test_what_is_no_extension_either_is_an_error(void **state)
{
    static const record_case cases[] = {
        {"v=STSv1; id=1; a", NULL, "error field-malformed"},
        {"v=STSv1; id=1; =b", NULL, "error field-malformed"},
        {"v=STSv1; id=1; a=", NULL, "error field-malformed"},
        {"v=STSv1; id=1; -a=b", NULL, "error field-malformed"},
        {"v=STSv1; id=1; _a=b", NULL, "error field-malformed"},
        {"v=STSv1; id=1; a+b=c", NULL, "error field-malformed"},
        {"v=STSv1; id=1; a b=c", NULL, "error field-malformed"},
        {"v=STSv1; id=1; a=b=c", NULL, "error field-malformed"},
        {"v=STSv1; id=1; a=b c", NULL, "error field-malformed"},
        {"v=STSv1; id=1; a=b\tc", NULL, "error field-malformed"},
        {"v=STSv1; id=1; a=\x01", NULL, "error field-malformed"},
        {"v=STSv1; id=1; a=\x7f", NULL, "error field-malformed"},
        {"v=STSv1; id=1; a=\xc3\xbc", NULL, "error field-malformed"},
        {"v=STSv1; id=1; \xc3\xbc=b", NULL, "error field-malformed"},
        {"v=STSv1; id=1; " OCTETS_31 "23=b", NULL, "error field-malformed"},
        {"v=STSv1; id=1, a=b", NULL, "error id-malformed"},
    };

    CHECK_STS(cases);
}

static void test_a_delimiter_needs_a_field_behind_it_unless_it_is_the_last(void **state)
{
    static const record_case cases[] = {
        {"v=STSv1;; id=1", NULL, "error field-malformed"},
        {"v=STSv1; ; id=1", NULL, "error field-malformed"},
        {"v=STSv1; id=1;;", NULL, "error field-malformed"},
        {"v=STSv1; id=1; ;", NULL, "error field-malformed"},
        {"v=STSv1; id=1;; a=b", NULL, "error field-malformed, info field-unknown"},
    };

    CHECK_STS(cases);
}

/* Which record of a set counts */

static void test_exactly_one_record_must_begin_right(void **state)
{
    static const record_case cases[] = {
        {"", NULL, "error record-missing"},
        {"v=STSv1; id=1;\nv=STSv1; id=2;", NULL, "error record-multiple"},
        {"v=STSv1; id=1;\nv=STSv1; id=1;", NULL, "error record-multiple"},
        {"v=STSv1; id=1;\nv=STSv1;", NULL, "error record-multiple"},
        {"v=STSv1;\nv=STSv1;\nv=STSv1;", NULL, "error record-multiple"},
    };

    CHECK_STS(cases);
}

static void test_other_records_are_ignored(void **state)
{
    static const record_case cases[] = {
        {"v=spf1 -all\nv=STSv1; id=1;", "1", "info record-ignored"},
        {"v=STSv1; id=1;\ngoogle-site-verification=x", "1", "info record-ignored"},
        {"v=TLSRPTv1; rua=mailto:a@example.com\nv=STSv1; id=1;", "1", "info record-ignored"},
        {"v=spf1 -all", NULL, "info record-ignored, error record-missing"},
        {"v=spf1 -all\nv=DMARC1; p=none", NULL,
         "info record-ignored, info record-ignored, error record-missing"},
    };

    CHECK_STS(cases);
}

static void test_an_ignored_record_that_was_meant_to_count_is_a_warning(void **state)
{
    static const record_case cases[] = {
        {"v=STSv1", NULL, "warning record-ignored, error record-missing"},
        {"v=STSv1 ; id=1;", NULL, "warning record-ignored, error record-missing"},
        {"v=STSv1\t; id=1;", NULL, "warning record-ignored, error record-missing"},
        {" v=STSv1; id=1;", NULL, "warning record-ignored, error record-missing"},
        {"\"v=STSv1; id=1;\"", NULL, "warning record-ignored, error record-missing"},
        {"v=STSV1; id=1;", NULL, "warning record-ignored, error record-missing"},
        {"V=STSv1; id=1;", NULL, "warning record-ignored, error record-missing"},
        {"v=stsv1; id=1;", NULL, "warning record-ignored, error record-missing"},
        {"v =STSv1; id=1;", NULL, "warning record-ignored, error record-missing"},
        {"v= STSv1; id=1;", NULL, "warning record-ignored, error record-missing"},
        {"v=STSv1, id=1", NULL, "warning record-ignored, error record-missing"},
        {"v=STSv10; id=1;", NULL, "warning record-ignored, error record-missing"},
        {"id=1; v=STSv1;", NULL, "warning record-ignored, error record-missing"},
        {"v=STSv1; id=1;\nv=STSv1 ; id=2;", "1", "warning record-ignored"},
    };

    CHECK_STS(cases);
}

static void test_hostile_records_are_quoted_safely(void **state)
{
    static const record_case cases[] = {
        {"\x1b[2J\xff\xc2\x9b\"\\", NULL, "info record-ignored, error record-missing"},
        {"v=STSv1; \x1b[2J", NULL, "error field-malformed, error field-missing"},
        {"v=STSv1; id=\x1b[2J\xff", NULL, "error id-malformed"},
    };

    CHECK_STS(cases);
}

static void test_a_record_longer_than_dns_allows_is_an_error(void **state)
{
    static const struct {
        apr_size_t octets;
        const char *findings;
    } cases[] = {
        {65535, "info field-unknown"},
        {65536, "error record-too-long"},
        {1 << 20, "error record-too-long"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        static const char head[] = "v=STSv1; id=1; a=";
        char *text = apr_palloc(*state, cases[i].octets + 1);
        record_case row = {text, i == 0 ? "1" : NULL, cases[i].findings};

        memset(text, 'b', cases[i].octets);
        text[cases[i].octets] = '\0';
        memcpy(text, head, sizeof(head) - 1);
        check_sets(*state, mta_sts_record_read, &row, 1);
    }
}

/* The TLSRPT record */

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

/* tlsrpt-rua = %s"rua=" tlsrpt-uri: no blank stands there in the grammar. Issue 2: "every deviation
 * a finding". */
static void test_a_blank_behind_rua_equals_does_not_go_unsaid(void **state)
{
    static const char *const sets[] = {"v=TLSRPTv1; rua= mailto:a@example.com",
                                       "v=TLSRPTv1; rua=\tmailto:a@example.com;"};
    size_t i;

    for (i = 0; i < COUNT(sets); i++) {
        mta_sts_findings *findings = mta_sts_findings_make(*state);

        mta_sts_tlsrpt_record_read(*state, make_set(*state, sets[i]), findings);
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

static void test_uris_are_kept_as_they_were_written(void **state)
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
        "mailto:\"a\"@example.com",
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
        "https://example.com/a\\b",
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

/* RFC 8460 section 3 wants "!" encoded; who comes from DMARC writes a size behind it. */
static void test_an_exclamation_mark_in_a_uri_is_refused_with_its_encoding(void **state)
{
    mta_sts_findings *findings = mta_sts_findings_make(*state);

    mta_sts_tlsrpt_record_read(*state, make_set(*state, "v=TLSRPTv1; rua=mailto:a@example.com!10m"),
                               findings);
    assert_int_equal(findings->list->nelts, 1);
    assert_non_null(strstr(mta_sts_findings_at(findings, 0)->message,
                           "\"mailto:a@example.com!10m\" contains \"!\""));
    assert_non_null(strstr(mta_sts_findings_at(findings, 0)->message, "%21"));
}

/* RFC 6068: the addresses of a mailto URI end where its "?" is. */
static void test_the_address_is_judged_and_not_the_query_behind_it(void **state)
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

static void test_uris_of_other_schemes_are_left_out_with_a_warning(void **state)
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
        {"v=TLSRPTv1; rua=reports@example.com", NULL, "warning rua-scheme, error rua-missing"},
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
        {"v=TLSRPTv1; RUA=mailto:a@example.com", NULL, "info field-unknown, error field-missing"},
        {"v=TLSRPTv1; ruf=mailto:a@example.com", NULL, "info field-unknown, error field-missing"},
        {"v=TLSRPTv1; id=1", NULL, "info field-unknown, error field-missing"},
        {"v=TLSRPTv1; mailto:a@example.com", NULL, "error field-malformed, error field-missing"},
        {"v=TLSRPTv1; rua", NULL, "error field-malformed, error field-missing"},
        {"v=TLSRPTv1; rua =mailto:a@example.com", NULL,
         "error field-malformed, error field-missing"},
    };

    CHECK_TLSRPT(cases);
}

static void test_the_first_of_several_rua_fields_counts(void **state)
{
    static const record_case cases[] = {
        {"v=TLSRPTv1; rua=mailto:a@example.com; rua=mailto:b@example.com", "mailto:a@example.com",
         "warning field-duplicate"},
        {"v=TLSRPTv1; rua=mailto:a@example.com; rua=", "mailto:a@example.com",
         "warning field-duplicate"},
        {"v=TLSRPTv1; rua=http://a.example/; rua=mailto:b@example.com", NULL,
         "warning rua-scheme, error rua-missing, warning field-duplicate"},
    };

    CHECK_TLSRPT(cases);
}

static void test_a_semicolon_in_a_uri_ends_the_field(void **state)
{
    static const record_case cases[] = {
        {"v=TLSRPTv1; rua=https://example.com/a;b", NULL, "error field-malformed"},
        {"v=TLSRPTv1; rua=https://example.com/a;b=c", "https://example.com/a",
         "info field-unknown"},
    };

    CHECK_TLSRPT(cases);
}

static void test_exactly_one_tlsrpt_record_must_begin_right(void **state)
{
    static const record_case cases[] = {
        {"", NULL, "error record-missing"},
        {"v=TLSRPTv1; rua=mailto:a@example.com\nv=TLSRPTv1; rua=mailto:a@example.com", NULL,
         "error record-multiple"},
        {"v=STSv1; id=1;", NULL, "info record-ignored, error record-missing"},
        {"v=STSv1; id=1;\nv=TLSRPTv1; rua=mailto:a@example.com", "mailto:a@example.com",
         "info record-ignored"},
        {"v=TLSRPTv1 ; rua=mailto:a@example.com", NULL,
         "warning record-ignored, error record-missing"},
        {"v=TLSRPTV1; rua=mailto:a@example.com", NULL,
         "warning record-ignored, error record-missing"},
        {"v=TLSRPTv1", NULL, "warning record-ignored, error record-missing"},
        {"v=TLSRPTv2; rua=mailto:a@example.com\nv=TLSRPTv1; rua=mailto:b@example.com",
         "mailto:b@example.com", "info record-ignored"},
    };

    CHECK_TLSRPT(cases);
}

/* Both kinds */

static void test_findings_name_their_record(void **state)
{
    mta_sts_findings *findings = mta_sts_findings_make(*state);

    mta_sts_record_read(*state, make_set(*state, ""), findings);
    mta_sts_tlsrpt_record_read(*state, make_set(*state, ""), findings);
    assert_int_equal(findings->list->nelts, 2);
    assert_string_equal(mta_sts_findings_at(findings, 0)->subject, "MTA-STS record");
    assert_string_equal(mta_sts_findings_at(findings, 1)->subject, "TLSRPT record");
}

static void test_the_texts_of_a_set_are_not_changed(void **state)
{
    static const char *const text =
        "v=TLSRPTv1; a=b ; rua=mailto:a@example.com , https://b.example/ ;";
    const apr_array_header_t *set = make_set(*state, text);

    assert_non_null(mta_sts_tlsrpt_record_read(*state, set, mta_sts_findings_make(*state)));
    assert_string_equal(APR_ARRAY_IDX(set, 0, const char *), text);
}

/* finding.h: "Everything in them lives in the pool that made the list, or longer". */
static void test_findings_outlive_the_pool_of_the_result(void **state)
{
    mta_sts_findings *findings = mta_sts_findings_make(*state);
    const apr_array_header_t *bad = make_set(*state, "v=STSv1; id"), *none = make_set(*state, "x");
    apr_pool_t *of_result;
    int i;

    assert_int_equal(apr_pool_create(&of_result, *state), APR_SUCCESS);
    mta_sts_record_read(of_result, bad, findings);
    mta_sts_record_read(of_result, none, findings);
    apr_pool_clear(of_result);
    memset(apr_palloc(of_result, 4000), '\x01', 4000); /* what a later user would do */
    assert_string_equal(findings_without_lines(*state, findings),
                        "error field-malformed, error field-missing, info record-ignored, "
                        "error record-missing");
    assert_findings_are_showable(findings);
    for (i = 0; i < findings->list->nelts; i++) {
        assert_non_null(mta_sts_findings_at(findings, i)->fix);
    }
    apr_pool_destroy(of_result);
}

/* A TXT record may hold 32,000 fields; who reads about a hundred needs no more. */
static void test_a_hostile_record_gives_a_bounded_number_of_findings(void **state)
{
    static const char *const fields[] = {"a=b;", ";", "x;", "id=1;"};
    size_t i, j;

    for (i = 0; i < COUNT(fields); i++) {
        mta_sts_findings *findings = mta_sts_findings_make(*state);
        apr_size_t len = strlen(fields[i]);
        char *text = apr_pstrdup(*state, "v=STSv1;");
        char *long_text = apr_pcalloc(*state, MTA_STS_RECORD_MAX + 1);

        strcpy(long_text, text);
        for (j = strlen(text); j + len <= MTA_STS_RECORD_MAX; j += len) {
            memcpy(long_text + j, fields[i], len);
        }
        mta_sts_record_read(*state, make_set(*state, long_text), findings);
        if (findings->list->nelts > 101) {
            fail_msg("%d findings about \"%s\" repeated", findings->list->nelts, fields[i]);
        }
    }
}

/* Rendering, and report URIs as an admin types them */

static void test_report_addresses_are_rendered_to_a_record_that_reads_to_them(void **state)
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
    assert_string_equal(read_tlsrpt(*state, make_set(*state, text), findings),
                        "mailto:tls@example.com https://example.com/r?a=b");
    assert_int_equal(findings->list->nelts, 0);
}

static void test_a_report_uri_is_taken_with_its_separators_encoded(void **state)
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
        {"tls@example.com", "write mailto:user@example.com"},
        {"http://example.com/", "is of no kind that senders use"},
        {"ftp://example.com/", "is of no kind that senders use"},
        {"mailto:", "is no mail address"},
        {"mailto:@example.com", "is no mail address"},
        {"mailto:tls", "is no mail address"},
        {"mailto:tls@b\xc3\xbc"
         "cher.example",
         "percent-encoded"},
        {"mailto:tls@example..com", "empty label"},
        {"mailto:a b@example.com", "percent-encoded"},
        {"mailto:a%4@example.com", "two hex digits"},
        {"mailto:a\"b@example.com", "percent-encoded"},
        {"https://", "names no host"},
        {"https:///r", "names no host"},
        {"mailto:a\x1b@example.com", "\\x1b"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const char *uri, *error = mta_sts_rua_parse(*state, cases[i].typed, &uri);

        if (!error || !strstr(error, cases[i].said) || !is_showable(error)) {
            fail_msg("\"%s\": expected \"%s\", found \"%s\"", cases[i].typed, cases[i].said,
                     error ? error : "nothing");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_record_is_rendered_to_these_octets),
        POOL_TEST(test_a_rendered_record_reads_to_its_id_without_a_finding),
        POOL_TEST(test_the_id_of_a_record_is_read),
        POOL_TEST(test_blanks_may_surround_a_semicolon),
        POOL_TEST(test_a_blank_at_the_end_is_a_warning),
        POOL_TEST(test_no_blank_is_allowed_around_an_equals_sign),
        POOL_TEST(test_an_id_is_1_to_32_letters_and_digits),
        POOL_TEST(test_a_record_needs_an_id),
        POOL_TEST(test_the_first_of_several_ids_counts),
        POOL_TEST(test_extensions_are_ignored),
        POOL_TEST(test_what_is_no_extension_either_is_an_error),
        POOL_TEST(test_a_delimiter_needs_a_field_behind_it_unless_it_is_the_last),
        POOL_TEST(test_exactly_one_record_must_begin_right),
        POOL_TEST(test_other_records_are_ignored),
        POOL_TEST(test_an_ignored_record_that_was_meant_to_count_is_a_warning),
        POOL_TEST(test_hostile_records_are_quoted_safely),
        POOL_TEST(test_a_record_longer_than_dns_allows_is_an_error),
        POOL_TEST(test_the_report_uris_are_read),
        POOL_TEST(test_blanks_may_surround_a_comma_and_a_semicolon),
        POOL_TEST(test_a_blank_behind_rua_equals_does_not_go_unsaid),
        POOL_TEST(test_a_scheme_is_read_without_case),
        POOL_TEST(test_uris_are_kept_as_they_were_written),
        POOL_TEST(test_malformed_uris_are_errors),
        POOL_TEST(test_an_exclamation_mark_in_a_uri_is_refused_with_its_encoding),
        POOL_TEST(test_the_address_is_judged_and_not_the_query_behind_it),
        POOL_TEST(test_empty_uris_between_commas_are_errors),
        POOL_TEST(test_uris_of_other_schemes_are_left_out_with_a_warning),
        POOL_TEST(test_a_record_without_a_uri_that_senders_use_is_an_error),
        POOL_TEST(test_a_tlsrpt_record_needs_a_rua),
        POOL_TEST(test_the_first_of_several_rua_fields_counts),
        POOL_TEST(test_a_semicolon_in_a_uri_ends_the_field),
        POOL_TEST(test_exactly_one_tlsrpt_record_must_begin_right),
        POOL_TEST(test_findings_name_their_record),
        POOL_TEST(test_the_texts_of_a_set_are_not_changed),
        POOL_TEST(test_findings_outlive_the_pool_of_the_result),
        POOL_TEST(test_a_hostile_record_gives_a_bounded_number_of_findings),
        POOL_TEST(test_report_addresses_are_rendered_to_a_record_that_reads_to_them),
        POOL_TEST(test_a_report_uri_is_taken_with_its_separators_encoded),
        POOL_TEST(test_a_report_uri_that_senders_cannot_use_is_refused_with_the_reason),
    };

    return RUN_POOL_TESTS(tests);
}
