/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "report_fixture.h"
#include "tlsrpt/report/read.h"

static void test_text_around_the_json_is_reported(void **state)
{
    static const struct {
        const char *before, *after, *findings;
    } cases[] = {
        {" \r\n\t", "\r\n", ""},
        {"\xef\xbb\xbf", "", "json-byte-order-mark"},
        {"\xef\xbb\xbf\n", "", "json-byte-order-mark"},
        {"", "\n-- \nMailing list footer", "json-trailing!"},
        {"", "{}", "json-trailing!"},
        {"", "\x1a", "json-trailing!"},
        {"", "\xff", "json-trailing!"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        check_read(*state, apr_pstrcat(*state, cases[i].before, GOOD, cases[i].after, NULL),
                   GOOD_SHOWN, cases[i].findings);
    }
}

static void test_the_last_of_two_members_with_the_same_name_counts(void **state)
{
    check_read(*state,
               "{\"report-id\":\"0\"," ORGANIZATION "," RANGE "," CONTACT "," ID
               ",\"policies\":[],\"policies\":[" GOOD_POLICY "]}",
               GOOD_SHOWN, "json-member-duplicate!");
}

static void test_gzip_of_several_members_and_junk_is_read(void **state)
{
    apr_pool_t *p = *state;
    bytes members = joined(p, gzip_of(p, GOOD, 100), gzip_of(p, &GOOD[100], strlen(GOOD) - 100));
    tlsrpt_reading *plain = read_text(p, GOOD);
    tlsrpt_reading *reading =
        read_bytes(p, joined(p, members, bytes_of("junk")), &tlsrpt_limits_default);

    assert_int_equal(reading->outcome, TLSRPT_READ);
    assert_string_equal(show_report(p, reading->report), GOOD_SHOWN);
    assert_string_equal(show_findings(p, reading->findings), "gzip-members gzip-trailing!");
    assert_string_equal(reading->digest, plain->digest);
}

static void test_strings_are_shown_as_sent(void **state)
{
    tlsrpt_reading *reading =
        read_text(*state, "{\"organization-name\":\"\\u001b[31m<b>\\\"\\\\\\ud83d\\ude00\xc3\xa9\","
                          "\"report-id\":\"../../../etc/passwd\\r\\n\",\"policies\":[]}");

    assert_string_equal(reading->report->organization, "\x1b[31m<b>\"\\\xf0\x9f\x98\x80\xc3\xa9");
    assert_string_equal(reading->report->id, "../../../etc/passwd\r\n");
}

static void test_malformed_json_is_unreadable(void **state)
{
    static const char *const texts[] = {
        "{",
        "{\"policies\":[",
        "{\"policies\":[]",
        "{policies:[]}",
        "{'policies':[]}",
        "{\"policies\":[],}",
        "{\"policies\":[]]",
        "{\"a\":\"\xff\",\"policies\":[]}",
        "{\"a\":\"\xc3\",\"policies\":[]}",
        "{\"a\":\"\xed\xa0\x80\",\"policies\":[]}", /* a surrogate in UTF-8 */
        "{\"a\":\"\\ud800\",\"policies\":[]}",
        "{\"a\":\"\\udc00\\ud800\",\"policies\":[]}",
        "{\"a\":\"\\u0000\",\"policies\":[]}",
        "{\"\\u0000\":1,\"policies\":[]}",
        "{\"a\":\"\x01\",\"policies\":[]}",
        "{\"a\":\"line\nbreak\",\"policies\":[]}",
        "{\"a\":\"\\x41\",\"policies\":[]}",
        "{\"a\":nul,\"policies\":[]}",
        "{/* no comment */\"policies\":[]}",
        "{\"policies\" []}",
    };
    size_t i;

    for (i = 0; i < COUNT(texts); i++) {
        check_refused(*state, bytes_of(texts[i]), TLSRPT_UNREADABLE, "its JSON cannot be read: ");
        check_refused(*state, gzip_of(*state, texts[i], strlen(texts[i])), TLSRPT_UNREADABLE,
                      "its JSON cannot be read: line");
    }
}

static void test_a_nul_in_the_json_is_unreadable(void **state)
{
    static const char text[] = "{\"policies\":\0[]}";
    bytes given = {(char *)text, sizeof(text) - 1};

    check_refused(*state, given, TLSRPT_UNREADABLE, "its JSON cannot be read");
}

static void test_the_reason_why_json_is_unreadable_is_in_plain_words(void **state)
{
    static const struct {
        const char *json, *reason;
    } cases[] = {
        {"{\"a\":nul,\"policies\":[]}", "line 1, column 8: a syntax error"},
        {"{\n\"policies\":[", "line 2, column 12: it ends too early"},
        {"{\"\\u0000\":1,\"policies\":[]}", ": a NUL character"},
        {"{\"a\":\"\\u0000\",\"policies\":[]}", ": a NUL character"},
        {"{\"a\":\"\xff\",\"policies\":[]}", ": invalid UTF-8"},
        {"{\"a\":1e999,\"policies\":[]}", ": a number is out of range"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        check_refused(*state, bytes_of(cases[i].json), TLSRPT_UNREADABLE, cases[i].reason);
    }
}

static void test_every_truncation_of_a_report_is_unreadable(void **state)
{
    bytes text = bytes_of(GOOD), gzip = gzip_of(*state, GOOD, strlen(GOOD));

    for (text.len--; text.len > 0; text.len--) {
        check_refused(*state, text, TLSRPT_UNREADABLE, "its JSON cannot be read");
    }
    for (gzip.len--; gzip.len > 1; gzip.len--) {
        check_refused(*state, gzip, TLSRPT_UNREADABLE, "the gzip data is truncated");
    }
}

static void test_json_without_an_array_of_policies_is_reported(void **state)
{
    static const char *const texts[] = {
        "{}",
        "{\"policies\":null}",
        "{\"policies\":{}}",
        "{\"policies\":\"[]\"}",
        "{\"policy\":[]}",
        "{\"a\":{\"policies\":[]}}",
    };
    size_t i;

    for (i = 0; i < COUNT(texts); i++) {
        check_refused(*state, bytes_of(texts[i]), TLSRPT_NO_POLICIES, "has no array of policies");
    }
}

static void test_data_that_does_not_begin_like_a_report_is_not_a_report(void **state)
{
    static const struct {
        const char *bytes, *reason;
    } cases[] = {
        {"", "it is empty"},
        {" \n", "begins with nothing"},
        {"hello", "begins with \"h\""},
        {"[{\"policies\":[]}]", "begins with \"[\""},
        {"\"{}\"", "begins with '\"'"},
        {"<html>", "begins with \"<\""},
        {"PK\x03\x04", "begins with \"P\""},
        {"\x1f", "begins with \"\\x1f\""},
        {"\xff\xfe{", "begins with \"\\xff\""}, /* UTF-16 */
        {"\xef\xbb{\"policies\":[]}", "begins with \"\\xef\""},
        {"\x78\x9c\x03", "begins with \"x\""}, /* zlib without gzip */
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        check_refused(*state, bytes_of(cases[i].bytes), TLSRPT_NOT_A_REPORT, cases[i].reason);
    }
}

/* Its sender meant it as a report, so it is worth storing. */
static void test_gzip_of_something_else_is_unreadable(void **state)
{
    apr_pool_t *p = *state;
    bytes gzip = gzip_of(p, GOOD, strlen(GOOD));

    check_refused(p, gzip_of(p, "hello", 5), TLSRPT_UNREADABLE,
                  "the gzip data contains \"h\" where a report begins with \"{\"");
    check_refused(p, gzip_of(p, "", 0), TLSRPT_UNREADABLE, "the gzip data contains nothing");
    check_refused(p, gzip_of(p, gzip.at, gzip.len), TLSRPT_UNREADABLE,
                  "the gzip data contains \"\\x1f\"");
    check_refused(p, bytes_of("\x1f\x8b"), TLSRPT_UNREADABLE, "the gzip data is truncated");
}

/* What identifies a report */

static void test_the_digest_is_of_the_inflated_bytes(void **state)
{
    static const char of_empty[] =
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"; /* sha256sum of {} */
    bytes gzip = gzip_of(*state, "{}", 2), cut = gzip;
    tlsrpt_limits limits = tlsrpt_limits_default;

    assert_string_equal(read_text(*state, "{}")->digest, of_empty);
    assert_string_equal(read_bytes(*state, gzip, &limits)->digest, of_empty);
    cut.len--;
    assert_string_not_equal(read_bytes(*state, cut, &limits)->digest, of_empty);
    limits.sent = 1;
    assert_string_equal(read_bytes(*state, bytes_of("{}"), &limits)->digest, of_empty);
}

/* A bomb is not hashed once it has been detected: its digest is that of the bytes sent. */
static void test_the_digest_of_input_rejected_before_its_end_is_of_the_bytes_sent(void **state)
{
    const bytes bombs[] = {
        repeated(*state, "{\"policies\":[],\"a\":\"", "x", 100000, "\"}"),
        repeated(*state, "{\"policies\":", "[", 100000, ""),
        repeated(*state, "{\"policies\":[{}", ",{}", 100000, "]}"),
        repeated(*state, "0", "0", 100000, ""),
    };
    size_t i;

    for (i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        bytes sent = gzip_of(*state, bombs[i].at, bombs[i].len);
        tlsrpt_reading *packed = read_bytes(*state, sent, &tlsrpt_limits_default);
        tlsrpt_limits limits = tlsrpt_limits_default;

        assert_int_equal(packed->outcome, TLSRPT_UNREADABLE);
        limits.sent = 0; /* only the bytes as sent are checked */
        assert_string_equal(packed->digest, read_bytes(*state, sent, &limits)->digest);
    }
}

static const char *identity_of(apr_pool_t *p, const char *text)
{
    tlsrpt_reading *reading = read_text(p, text);

    assert_int_equal(reading->outcome, TLSRPT_READ);
    return tlsrpt_report_identity(p, reading->report);
}

#define IDENTIFIED(organization, id, begin, end, domains)                                          \
    "{\"organization-name\":\"" organization "\",\"report-id\":\"" id                              \
    "\"," RANGE_OF(begin, end) ",\"policies\":[" domains "]}"
#define ABOUT(domain) "{\"policy\":{\"policy-domain\":\"" domain "\"}}"

static void test_identity_is_organization_id_range_and_domains(void **state)
{
    static const char first[] = IDENTIFIED("A", "1", "2026-05-11T00:00:00Z", "2026-05-11T23:59:59Z",
                                           ABOUT("a.example") "," ABOUT("b.example"));
    static const char *const same[] = {
        IDENTIFIED("A", "1", "2026-05-11T02:00:00+02:00", "2026-05-11T23:59:59",
                   ABOUT("B.example.") "," ABOUT("a.example") "," ABOUT("a.example")),
        "{\"x\":1,\"organization-name\":\"A\",\"report-id\":\"1\"," RANGE
        ",\"policies\":[{\"policy\":{\"policy-domain\":\"a.example\"}," SUMMARY_OF(
            "1", "2") "}," ABOUT("b.example") "]}",
    };
    static const char *const others[] = {
        IDENTIFIED("B", "1", "2026-05-11T00:00:00Z", "2026-05-11T23:59:59Z",
                   ABOUT("a.example") "," ABOUT("b.example")),
        IDENTIFIED("A", "2", "2026-05-11T00:00:00Z", "2026-05-11T23:59:59Z",
                   ABOUT("a.example") "," ABOUT("b.example")),
        IDENTIFIED("A1", "", "2026-05-11T00:00:00Z", "2026-05-11T23:59:59Z",
                   ABOUT("a.example") "," ABOUT("b.example")),
        IDENTIFIED("A", "1", "2026-05-12T00:00:00Z", "2026-05-11T23:59:59Z",
                   ABOUT("a.example") "," ABOUT("b.example")),
        IDENTIFIED("A", "1", "2026-05-11T00:00:00Z", "2026-05-12T00:00:00Z",
                   ABOUT("a.example") "," ABOUT("b.example")),
        IDENTIFIED("A", "1", "2026-05-11T00:00:00Z", "2026-05-11T23:59:59Z", ABOUT("a.example")),
        IDENTIFIED("A", "1", "2026-05-11T00:00:00Z", "2026-05-11T23:59:59Z",
                   ABOUT("a.exampleb.example")),
        IDENTIFIED("A", "1", "2026-05-11T00:00:00Z", "2026-05-11T23:59:59Z", ""),
        IDENTIFIED("A", "1", "2026-05-11T00:00:00Z", "2026-05-11T23:59:59Z", "{}"),
    };
    const char *identity = identity_of(*state, first);
    size_t i, j;

    assert_int_equal(strlen(identity), 64);
    for (i = 0; i < COUNT(same); i++) {
        assert_string_equal(identity_of(*state, same[i]), identity);
    }
    for (i = 0; i < COUNT(others); i++) {
        assert_string_not_equal(identity_of(*state, others[i]), identity);
        for (j = 0; j < i; j++) {
            assert_string_not_equal(identity_of(*state, others[i]), identity_of(*state, others[j]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_text_around_the_json_is_reported),
        POOL_TEST(test_the_last_of_two_members_with_the_same_name_counts),
        POOL_TEST(test_gzip_of_several_members_and_junk_is_read),
        POOL_TEST(test_strings_are_shown_as_sent),
        POOL_TEST(test_malformed_json_is_unreadable),
        POOL_TEST(test_a_nul_in_the_json_is_unreadable),
        POOL_TEST(test_the_reason_why_json_is_unreadable_is_in_plain_words),
        POOL_TEST(test_every_truncation_of_a_report_is_unreadable),
        POOL_TEST(test_json_without_an_array_of_policies_is_reported),
        POOL_TEST(test_data_that_does_not_begin_like_a_report_is_not_a_report),
        POOL_TEST(test_gzip_of_something_else_is_unreadable),
        POOL_TEST(test_the_digest_is_of_the_inflated_bytes),
        POOL_TEST(test_the_digest_of_input_rejected_before_its_end_is_of_the_bytes_sent),
        POOL_TEST(test_identity_is_organization_id_range_and_domains),
    };

    return RUN_POOL_TESTS(tests);
}
