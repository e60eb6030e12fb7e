/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "record_fixture.h"

#define BYTES_31 "a234567890123456789012345678901"

/* The MTA-STS record */

static void test_a_record_is_rendered_to_these_bytes(void **state)
{
    assert_string_equal(mta_sts_record_render(*state, "31a77c838c175b1b2452"),
                        "v=STSv1; id=31a77c838c175b1b2452;");
}

static void test_reading_a_rendered_record_gives_its_id_without_a_finding(void **state)
{
    static const char *const ids[] = {"0", "Z", "31a77c838c175b1b2452", BYTES_31 "2"};
    size_t i;

    for (i = 0; i < COUNT(ids); i++) {
        mta_sts_findings *findings = mta_sts_findings_make(*state);
        const apr_array_header_t *set = lines_of(*state, mta_sts_record_render(*state, ids[i]));

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

/* The grammar ends a record with a field or a delimiter; a blank after a field is neither. */
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
        {"v=STSv1; id =1", NULL, "error text-altered"},
        {"v=STSv1; id= 1", NULL, "error id-malformed"},
        {"v=STSv1; id=1; a =b", NULL, "error field-malformed"},
        {"v=STSv1; id=1; a= b", NULL, "error field-malformed"},
    };

    CHECK_STS(cases);
}

static void test_an_id_is_1_to_32_letters_and_digits(void **state)
{
    static const record_case cases[] = {
        {"v=STSv1; id=" BYTES_31 ";", BYTES_31, ""},
        {"v=STSv1; id=" BYTES_31 "2;", BYTES_31 "2", ""},
        {"v=STSv1; id=" BYTES_31 "23;", NULL, "error id-malformed"},
        {"v=STSv1; id=;", NULL, "error id-malformed"},
        {"v=STSv1; id=", NULL, "error id-malformed"},
        {"v=STSv1; id=2026-01-01;", NULL, "error id-malformed"},
        {"v=STSv1; id=20260101T00:00:00Z;", NULL, "error id-malformed"},
        {"v=STSv1; id=1.2;", NULL, "error id-malformed"},
        {"v=STSv1; id=1_2;", NULL, "error id-malformed"},
        {"v=STSv1; id=1 2;", NULL, "error id-malformed"},
        {"v=STSv1; id=1=2;", NULL, "error id-malformed"},
        {"v=STSv1; id=\"1\";", NULL, "error text-altered"},
        {"v=STSv1; id=1,2;", NULL, "error id-malformed"},
        {"v=STSv1; id=m\xc3\xbc;", NULL, "error id-malformed"},
        {"v=STSv1; id=m\xfc;", NULL, "error id-malformed"},
        {"v=STSv1; id=1\x01;", NULL, "error id-malformed"},
        {"v=STSv1; id=1\r;", NULL, "error text-altered"},
    };

    CHECK_STS(cases);
}

static void test_a_record_needs_an_id(void **state)
{
    static const record_case cases[] = {
        {"v=STSv1;", NULL, "error field-missing"},
        {"v=STSv1; ", NULL, "error field-missing"},
        {"v=STSv1; a=b;", NULL, "info field-unknown, error field-missing"},
        {"v=STSv1; ID=1;", NULL, "error text-altered"},
        {"v=STSv1; Id=1;", NULL, "error text-altered"},
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
        {"v=STSv1; id=1; " BYTES_31 "2=b", "1", "info field-unknown"},
        {"v=STSv1; id=1; v=STSv1;", "1", "info field-unknown"},
    };

    CHECK_STS(cases);
}

static void test_a_field_that_is_not_a_valid_extension_is_an_error(void **state)
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
        {"v=STSv1; id=1; " BYTES_31 "23=b", NULL, "error field-malformed"},
        {"v=STSv1; id=1, a=b", NULL, "error id-malformed"},
    };

    CHECK_STS(cases);
}

static void test_a_delimiter_needs_a_field_after_it_unless_it_is_the_last(void **state)
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

static void test_exactly_one_record_must_begin_with_the_version(void **state)
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

static void test_an_ignored_record_that_looks_like_mta_sts_is_a_warning(void **state)
{
    static const record_case cases[] = {
        {"v=STSv1", NULL, "warning record-ignored, error record-missing"},
        {"v=STSv1 ; id=1;", NULL, "error text-altered"},
        {"v=STSv1\t; id=1;", NULL, "error text-altered"},
        {" v=STSv1; id=1;", NULL, "error text-altered"},
        {"\"v=STSv1; id=1;\"", NULL, "error text-altered"},
        {"v=STSV1; id=1;", NULL, "error text-altered"},
        {"V=STSv1; id=1;", NULL, "error text-altered"},
        {"v=stsv1; id=1;", NULL, "error text-altered"},
        {"v =STSv1; id=1;", NULL, "error text-altered"},
        {"v= STSv1; id=1;", NULL, "error text-altered"},
        {"v=STSv1, id=1", NULL, "error text-altered"},
        {"v=STSv10; id=1;", NULL, "warning record-ignored, error record-missing"},
        {"id=1; v=STSv1;", NULL, "error text-altered"},
        {"v=STSv1; id=${ID};", NULL, "error id-malformed"},
        {"v=STSv1; id=<id>;", NULL, "error id-malformed"},
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
        apr_size_t bytes;
        const char *findings;
    } cases[] = {
        {65535, "info field-unknown"},
        {65536, "error record-too-long"},
        {1 << 20, "error record-too-long"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        static const char head[] = "v=STSv1; id=1; a=";
        char *text = apr_palloc(*state, cases[i].bytes + 1);
        record_case row = {text, i == 0 ? "1" : NULL, cases[i].findings};

        memset(text, 'b', cases[i].bytes);
        text[cases[i].bytes] = '\0';
        memcpy(text, head, sizeof(head) - 1);
        check_sets(*state, mta_sts_record_read, &row, 1);
    }
}

/* Both kinds */

static void test_findings_name_their_record(void **state)
{
    mta_sts_findings *findings = mta_sts_findings_make(*state);

    mta_sts_record_read(*state, lines_of(*state, ""), findings);
    mta_sts_tlsrpt_record_read(*state, lines_of(*state, ""), findings);
    assert_int_equal(findings->list->nelts, 2);
    assert_string_equal(mta_sts_findings_at(findings, 0)->subject, "MTA-STS record");
    assert_string_equal(mta_sts_findings_at(findings, 1)->subject, "TLSRPT record");
}

static void test_the_texts_of_a_set_are_not_changed(void **state)
{
    static const char *const text =
        "v=TLSRPTv1; a=b ; rua=mailto:a@example.com , https://b.example/ ;";
    const apr_array_header_t *set = lines_of(*state, text);

    assert_non_null(mta_sts_tlsrpt_record_read(*state, set, mta_sts_findings_make(*state)));
    assert_string_equal(APR_ARRAY_IDX(set, 0, const char *), text);
}

/* finding.h: "Everything in them lives in the pool that made the list, or longer". */
static void test_findings_outlive_the_pool_of_the_result(void **state)
{
    mta_sts_findings *findings = mta_sts_findings_make(*state);
    const apr_array_header_t *bad = lines_of(*state, "v=STSv1; id"), *none = lines_of(*state, "x");
    apr_pool_t *of_result;
    int i;

    assert_int_equal(apr_pool_create(&of_result, *state), APR_SUCCESS);
    mta_sts_record_read(of_result, bad, findings);
    mta_sts_record_read(of_result, none, findings);
    apr_pool_clear(of_result);
    memset(apr_palloc(of_result, 4000), '\x01', 4000); /* as a later user of the memory would do */
    assert_string_equal(findings_without_lines(*state, findings),
                        "error field-malformed, error field-missing, info record-ignored, "
                        "error record-missing");
    assert_findings_are_printable(findings);
    for (i = 0; i < findings->list->nelts; i++) {
        assert_non_null(mta_sts_findings_at(findings, i)->fix);
    }
    apr_pool_destroy(of_result);
}

/* A TXT record may contain 32,000 fields, but about a hundred findings are enough for any
 * reader. */
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
        mta_sts_record_read(*state, lines_of(*state, long_text), findings);
        if (findings->list->nelts > 101) {
            fail_msg("%d findings about \"%s\" repeated", findings->list->nelts, fields[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_record_is_rendered_to_these_bytes),
        POOL_TEST(test_reading_a_rendered_record_gives_its_id_without_a_finding),
        POOL_TEST(test_the_id_of_a_record_is_read),
        POOL_TEST(test_blanks_may_surround_a_semicolon),
        POOL_TEST(test_a_blank_at_the_end_is_a_warning),
        POOL_TEST(test_no_blank_is_allowed_around_an_equals_sign),
        POOL_TEST(test_an_id_is_1_to_32_letters_and_digits),
        POOL_TEST(test_a_record_needs_an_id),
        POOL_TEST(test_the_first_of_several_ids_counts),
        POOL_TEST(test_extensions_are_ignored),
        POOL_TEST(test_a_field_that_is_not_a_valid_extension_is_an_error),
        POOL_TEST(test_a_delimiter_needs_a_field_after_it_unless_it_is_the_last),
        POOL_TEST(test_exactly_one_record_must_begin_with_the_version),
        POOL_TEST(test_other_records_are_ignored),
        POOL_TEST(test_an_ignored_record_that_looks_like_mta_sts_is_a_warning),
        POOL_TEST(test_hostile_records_are_quoted_safely),
        POOL_TEST(test_a_record_longer_than_dns_allows_is_an_error),
        POOL_TEST(test_findings_name_their_record),
        POOL_TEST(test_the_texts_of_a_set_are_not_changed),
        POOL_TEST(test_findings_outlive_the_pool_of_the_result),
        POOL_TEST(test_a_hostile_record_gives_a_bounded_number_of_findings),
    };

    return RUN_POOL_TESTS(tests);
}
