/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/finding.h"
#include "findings_fixture.h"
#include "core/base/text.h"
#include "table_fixture.h"

typedef struct quote_case {
    const char *text;
    apr_size_t len;
    const char *quoted;
} quote_case;

static const char *quote_exactly(apr_pool_t *p, const char *text, apr_size_t len)
{
    char *copy = exact_copy(text, len);
    const char *quoted = mta_sts_text_quote(p, copy, len);

    free(copy);
    return quoted;
}

static void check_quotes(apr_pool_t *p, const quote_case *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        assert_string_equal(quote_exactly(p, cases[i].text, cases[i].len), cases[i].quoted);
    }
}

static void test_plain_text_is_put_in_double_quotes(void **state)
{
    static const quote_case cases[] = {
        {BYTES(""), "\"\""},
        {BYTES("a"), "\"a\""},
        {BYTES("mx1.example.com"), "\"mx1.example.com\""},
        {BYTES(" mode: x "), "\" mode: x \""},
        {BYTES("100%s"), "\"100%s\""},
        {BYTES("it's <b>"), "\"it's <b>\""},
        {BYTES("m\xc3\xbcnchen"), "\"m\xc3\xbcnchen\""},
        {BYTES("\xc2\xa0"), "\"\xc2\xa0\""},
        {BYTES("\xe2\x82\xac"), "\"\xe2\x82\xac\""},
        {BYTES("\xf0\x9f\x92\xa9"), "\"\xf0\x9f\x92\xa9\""},
    };

    check_quotes(*state, cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_text_that_would_end_the_quotation_is_escaped(void **state)
{
    static const quote_case cases[] = {
        {BYTES("\"'"), "\"\\x22'\""},
        {BYTES("a'b\"c\"d"), "\"a'b\\x22c\\x22d\""},
        {BYTES("\\x41"), "\"\\x5cx41\""},
    };

    check_quotes(*state, cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_quotation_marks_and_backslashes_are_shown_as_typed(void **state)
{
    static const quote_case cases[] = {
        {BYTES("\""), "'\"'"},
        {BYTES("En\"force"), "'En\"force'"},
        {BYTES("\"\n"), "'\"\\x0a'"},
        {BYTES("'"), "\"'\""},
        {BYTES("\\"), "\"\\\""},
        {BYTES("mx1\\example.com"), "\"mx1\\example.com\""},
        {BYTES("v=STSv1\\; id=1"), "\"v=STSv1\\; id=1\""},
        {BYTES("a\"b\\c"), "'a\"b\\c'"},
    };

    check_quotes(*state, cases, sizeof(cases) / sizeof(cases[0]));
}

/* Quotation marks after the 80 bytes that are shown do not matter. */
static void test_the_marks_fit_the_part_that_is_shown(void **state)
{
    const char *text = apr_psprintf(*state, "%080d\"", 0);

    assert_string_equal(mta_sts_text_quote(*state, text, strlen(text)),
                        apr_psprintf(*state, "\"%080d\"...", 0));
}

static void test_control_characters_are_escaped(void **state)
{
    static const quote_case cases[] = {
        {BYTES("a\0b"), "\"a\\x00b\""},        {BYTES("\t\r\n"), "\"\\x09\\x0d\\x0a\""},
        {BYTES("\x1b[31m"), "\"\\x1b[31m\""},  {BYTES("\x1f\x20"), "\"\\x1f \""},
        {BYTES("~\x7f"), "\"~\\x7f\""},        {BYTES("\xc2\x80"), "\"\\xc2\\x80\""},
        {BYTES("\xc2\x9b"), "\"\\xc2\\x9b\""}, {BYTES("\xc2\x9f"), "\"\\xc2\\x9f\""},
    };

    check_quotes(*state, cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_bytes_that_are_not_utf8_are_escaped_one_by_one(void **state)
{
    static const quote_case cases[] = {
        {BYTES("\xff"), "\"\\xff\""},
        {BYTES("\x80z"), "\"\\x80z\""},
        {BYTES("\xc3"), "\"\\xc3\""},
        {BYTES("\xc3z"), "\"\\xc3z\""},
        {BYTES("\xe2\x82"), "\"\\xe2\\x82\""},
        {BYTES("\xc0\xaf"), "\"\\xc0\\xaf\""},
        {BYTES("\xed\xa0\x80"), "\"\\xed\\xa0\\x80\""},
        {BYTES("\xf4\x90\x80\x80"), "\"\\xf4\\x90\\x80\\x80\""},
        {BYTES("\xff\xc3\xbc\xff"), "\"\\xff\xc3\xbc\\xff\""},
    };

    check_quotes(*state, cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_eighty_bytes_are_shown_whole_and_more_are_cut(void **state)
{
    static const char eighty[] =
        "12345678901234567890123456789012345678901234567890123456789012345678901234567890";
    char text[200], expected[200];

    memset(text, 'x', sizeof(text));
    memcpy(text, eighty, 80);
    apr_snprintf(expected, sizeof(expected), "\"%s\"", eighty);
    assert_string_equal(quote_exactly(*state, text, 80), expected);
    apr_snprintf(expected, sizeof(expected), "\"%s\"...", eighty);
    assert_string_equal(quote_exactly(*state, text, 81), expected);
    assert_string_equal(quote_exactly(*state, text, sizeof(text)), expected);
}

/* Each byte may become four; the result must have room for them. */
static void test_eighty_bytes_that_are_all_escaped_fit(void **state)
{
    char text[100];
    const char *quoted;

    memset(text, 0xff, sizeof(text));
    quoted = quote_exactly(*state, text, sizeof(text));
    assert_int_equal(strlen(quoted), 1 + 4 * 80 + strlen("\"..."));
    assert_string_equal(quoted + strlen(quoted) - 8, "\\xff\"...");
}

static void test_truncation_never_splits_a_utf8_sequence_nor_shows_more_than_80_bytes(void **state)
{
    static const char *const sequences[] = {"\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x92\xa9"};
    size_t i, before;

    for (i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
        for (before = 76; before <= 80; before++) {
            char text[100];
            const char *quoted;

            memset(text, 'x', sizeof(text));
            memcpy(text + before, sequences[i], strlen(sequences[i]));
            quoted = quote_exactly(*state, text, sizeof(text));
            assert_true(is_printable(quoted));
            assert_null(strchr(quoted, '\\'));
            if (strlen(quoted) > strlen("\"\"...") + 80) {
                fail_msg("%d bytes are shown, with a sequence of %d after %d others",
                         (int)(strlen(quoted) - strlen("\"\"...")), (int)strlen(sequences[i]),
                         (int)before);
            }
        }
    }
}

static void test_a_path_is_shown_completely_and_escaped(void **state)
{
    apr_pool_t *p = *state;
    char path[201] = "/a\x1b";

    memset(path + 3, 'b', 197);
    path[200] = '\0';
    assert_string_equal(mta_sts_text_quote_path(p, path),
                        apr_pstrcat(p, "\"/a\\x1b", path + 3, "\"", NULL));
}

static void test_any_two_bytes_are_quoted_to_printable_text(void **state)
{
    int first, second;

    for (first = 0; first < 256; first++) {
        apr_pool_t *p;

        assert_int_equal(apr_pool_create(&p, *state), APR_SUCCESS);
        for (second = 0; second < 256; second++) {
            char text[2] = {(char)first, (char)second};

            if (!is_printable(mta_sts_text_quote(p, text, 2))) {
                fail_msg("\\x%02x\\x%02x is quoted to something that cannot be shown", first,
                         second);
            }
        }
        apr_pool_destroy(p);
    }
}

typedef struct utf8_case {
    const char *text;
    apr_size_t len;
    apr_size_t length;
} utf8_case;

static void check_utf8(const utf8_case *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        char *copy = exact_copy(cases[i].text, cases[i].len);
        apr_size_t length = mta_sts_text_utf8_length(copy, cases[i].len);

        free(copy);
        if (length != cases[i].length) {
            fail_msg("row %d: length %d, expected %d", (int)i, (int)length, (int)cases[i].length);
        }
    }
}

static void test_the_borders_of_each_utf8_length_are_valid(void **state)
{
    static const utf8_case cases[] = {
        {BYTES("\0"), 1},
        {BYTES("\x7f"), 1},
        {BYTES("ab"), 1},
        {BYTES("\xc2\x80"), 2},
        {BYTES("\xdf\xbf"), 2},
        {BYTES("\xe0\xa0\x80"), 3},
        {BYTES("\xec\xbf\xbf"), 3},
        {BYTES("\xed\x9f\xbf"), 3},
        {BYTES("\xee\x80\x80"), 3},
        {BYTES("\xef\xbf\xbf"), 3},
        {BYTES("\xf0\x90\x80\x80"), 4},
        {BYTES("\xf3\xbf\xbf\xbf"), 4},
        {BYTES("\xf4\x8f\xbf\xbf"), 4},
        {BYTES("\xe2\x82\xac rest"), 3},
    };

    (void)state;
    check_utf8(cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_overlong_forms_surrogates_and_values_beyond_unicode_are_not_valid(void **state)
{
    static const utf8_case cases[] = {
        {BYTES("\xc0\x80"), 0},
        {BYTES("\xc1\xbf"), 0},
        {BYTES("\xe0\x80\x80"), 0},
        {BYTES("\xe0\x9f\xbf"), 0},
        {BYTES("\xf0\x80\x80\x80"), 0},
        {BYTES("\xf0\x8f\xbf\xbf"), 0},
        {BYTES("\xed\xa0\x80"), 0},
        {BYTES("\xed\xbf\xbf"), 0},
        {BYTES("\xf4\x90\x80\x80"), 0},
        {BYTES("\xf5\x80\x80\x80"), 0},
        {BYTES("\xf8\x88\x80\x80\x80"), 0},
        {BYTES("\xff"), 0},
        {BYTES("\xfe"), 0},
    };

    (void)state;
    check_utf8(cases, sizeof(cases) / sizeof(cases[0]));
}

static void test_stray_and_missing_continuation_bytes_are_not_valid(void **state)
{
    static const utf8_case cases[] = {
        {BYTES("\x80"), 0},          {BYTES("\xbf"), 0},          {BYTES("\xc3"), 0},
        {BYTES("\xc3z"), 0},         {BYTES("\xc3\xc3"), 0},      {BYTES("\xe2\x82"), 0},
        {BYTES("\xe2\x82z"), 0},     {BYTES("\xe2z\xac"), 0},     {BYTES("\xf0\x9f\x92"), 0},
        {BYTES("\xf0\x9f\x92z"), 0}, {BYTES("\xf0\x9fz\xa9"), 0},
    };

    (void)state;
    check_utf8(cases, sizeof(cases) / sizeof(cases[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_plain_text_is_put_in_double_quotes),
        POOL_TEST(test_text_that_would_end_the_quotation_is_escaped),
        POOL_TEST(test_quotation_marks_and_backslashes_are_shown_as_typed),
        POOL_TEST(test_the_marks_fit_the_part_that_is_shown),
        POOL_TEST(test_control_characters_are_escaped),
        POOL_TEST(test_bytes_that_are_not_utf8_are_escaped_one_by_one),
        POOL_TEST(test_eighty_bytes_are_shown_whole_and_more_are_cut),
        POOL_TEST(test_eighty_bytes_that_are_all_escaped_fit),
        POOL_TEST(test_truncation_never_splits_a_utf8_sequence_nor_shows_more_than_80_bytes),
        POOL_TEST(test_a_path_is_shown_completely_and_escaped),
        POOL_TEST(test_any_two_bytes_are_quoted_to_printable_text),
        POOL_TEST(test_the_borders_of_each_utf8_length_are_valid),
        POOL_TEST(test_overlong_forms_surrogates_and_values_beyond_unicode_are_not_valid),
        POOL_TEST(test_stray_and_missing_continuation_bytes_are_not_valid),
    };

    return RUN_POOL_TESTS(tests);
}
