/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <jansson.h>

#include "table_fixture.h"
#include "tlsrpt/report/parse.h"

#define LONGEST 64
#define DEEPEST 4
#define SEVEN "\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1"
#define SEVENTEEN                                                                                  \
    SEVEN ",\"i\":1,\"j\":1,\"k\":1,\"l\":1,\"m\":1,\"n\":1,\"o\":1,\"p\":1,\"q\":1,\"r\":1"

/* What is read of a text: at most `step` bytes at a time. */
typedef struct pieces {
    const char *text;
    size_t left, step;
} pieces;

static size_t read_piece(void *buffer, size_t size, void *data)
{
    pieces *from = data;
    size_t count = from->left < from->step ? from->left : from->step;

    count = count < size ? count : size;
    memcpy(buffer, from->text, count);
    from->text += count;
    from->left -= count;
    return count;
}

static size_t fail_to_read(void *buffer, size_t size, void *data)
{
    (void)buffer;
    (void)size;
    (void)data;
    return (size_t)-1;
}

/* From memory, and in pieces. */
static const tlsrpt_value *parse_bytes(apr_pool_t *p, const char *text, size_t len, size_t step,
                                       int *duplicate)
{
    pieces from = {text, len, step};
    tlsrpt_parse_input input = {.longest = LONGEST, .deepest = DEEPEST};

    if (step) {
        input.read = read_piece;
        input.data = &from;
    }
    else {
        input.bytes = text;
        input.len = len;
    }
    *duplicate = 0;
    return tlsrpt_parse(p, &input, duplicate);
}

static const tlsrpt_value *parse(apr_pool_t *p, const char *text)
{
    int duplicate;

    return parse_bytes(p, text, strlen(text), 0, &duplicate);
}

static int jansson_accepts(const char *text, size_t len)
{
    json_t *json = json_loadb(text, len, JSON_DISABLE_EOF_CHECK, NULL);

    json_decref(json);
    return json != NULL;
}

/* jansson describes what is refused, so it must refuse the same. */
static void test_what_jansson_accepts_is_accepted_however_it_is_split(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        int is_valid;
    } cases[] = {
        {BYTES("{}"), 1},
        {BYTES("[]"), 1},
        {BYTES(" \t\r\n[ ]"), 1},
        {BYTES("{} and what follows"), 1},
        {BYTES("{\"a\" : [ 1 , true,false,null ] , \"b\":\"\"}"), 1},
        {BYTES("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"), 1},
        {BYTES("[\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\\uD83D\\uDE00\"]"), 1},
        {BYTES("[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"]"), 1},
        {BYTES("[0,-0,9,-9,1.5,1e5,1E+2,1e-2,-0.0]"), 1},
        {BYTES("[9223372036854775807,-9223372036854775808]"), 1},
        {BYTES("[[[[]]]]"), 1},
        {BYTES("[1\0]"), 1}, /* which jansson 2.14 overlooks */
        {BYTES("[true\0,1.5\0]"), 1},
        {BYTES("[1\0\0]"), 0},
        {BYTES("[1 \0]"), 0},
        {BYTES("[\"a\"\0]"), 0},
        {BYTES("[tru\0e]"), 0},
        {BYTES(""), 0},
        {BYTES(" "), 0},
        {BYTES("1"), 0},
        {BYTES("\"a\""), 0},
        {BYTES("{"), 0},
        {BYTES("["), 0},
        {BYTES("{]"), 0},
        {BYTES("[}"), 0},
        {BYTES("[1"), 0},
        {BYTES("[1,"), 0},
        {BYTES("[1,]"), 0},
        {BYTES("[,]"), 0},
        {BYTES("[,1]"), 0},
        {BYTES("[1 2]"), 0},
        {BYTES("{\"a\"}"), 0},
        {BYTES("{\"a\":}"), 0},
        {BYTES("{\"a\":1,}"), 0},
        {BYTES("{\"a\":1 \"b\":1}"), 0},
        {BYTES("{a:1}"), 0},
        {BYTES("{1:1}"), 0},
        {BYTES("['a']"), 0},
        {BYTES("[tru]"), 0},
        {BYTES("[truee]"), 0},
        {BYTES("[True]"), 0},
        {BYTES("[nul"), 0},
        {BYTES("[NaN]"), 0},
        {BYTES("[-]"), 0},
        {BYTES("[+1]"), 0},
        {BYTES("[.5]"), 0},
        {BYTES("[1.]"), 0},
        {BYTES("[1.e1]"), 0},
        {BYTES("[1e]"), 0},
        {BYTES("[01]"), 0},
        {BYTES("[-01]"), 0},
        {BYTES("[1-2]"), 0},
        {BYTES("[0x1]"), 0},
        {BYTES("[9223372036854775808]"), 0},
        {BYTES("[1e999]"), 0},
        {BYTES("[\"a"), 0},
        {BYTES("[\"a\\"), 0},
        {BYTES("[\"a\nb\"]"), 0},
        {BYTES("[\"a\0b\"]"), 0},
        {BYTES("[\0]"), 0},
        {BYTES("[\"\\0\"]"), 0},
        {BYTES("[\"\\\0\"]"), 0},
        {BYTES("[\"\\x\"]"), 0},
        {BYTES("[\"\\u0000\"]"), 0},
        {BYTES("[\"\\u12\"]"), 0},
        {BYTES("[\"\\u12g4\"]"), 0},
        {BYTES("[\"\\ud83d\"]"), 0},
        {BYTES("[\"\\ud83d\\n\"]"), 0},
        {BYTES("[\"\\ud83d\\u0041\"]"), 0},
        {BYTES("[\"\\ude00\"]"), 0},
        {BYTES("[\"\xff\"]"), 0},
        {BYTES("[\"\xc3\"]"), 0},
        {BYTES("[\"\xc3\\n\"]"), 0},
        {BYTES("[\"\\u00e9\xa9\"]"), 0},
        {BYTES("[\"\xc0\x80\"]"), 0},
        {BYTES("[\"\xed\xa0\x80\"]"), 0},
        {BYTES("[\"\xf4\x90\x80\x80\"]"), 0},
        {BYTES("[\xc2\xa0]"), 0},
        {BYTES("{\"\xff\":1}"), 0},
        {BYTES("{\"\\u0000\":1}"), 0},
        {BYTES("// comment\n[]"), 0},
    };
    size_t i, step;

    for (i = 0; i < COUNT(cases); i++) {
        const char *text = cases[i].text;

        assert_int_equal(jansson_accepts(text, cases[i].len), cases[i].is_valid);
        for (step = 0; step < 4; step++) {
            int duplicate;
            const tlsrpt_value *value = parse_bytes(*state, text, cases[i].len, step, &duplicate);

            if ((value != NULL) != cases[i].is_valid || duplicate) {
                fail_msg("%s in pieces of %d: %s", text, (int)step, value ? "read" : "refused");
            }
        }
    }
}

static void test_values_are_those_that_were_written(void **state)
{
    const tlsrpt_value *root =
        parse(*state, "{\"i\":-12,\"z\":0,\"r\":1.5,\"t\":true,\"n\":null,\"s\":\"a\\tb\","
                      "\"u\":\"\\ud83d\\ude00\\u00e9\\u20acA\",\"a\":[1,\"x\"]}");
    const tlsrpt_value *array = tlsrpt_value_member(root, "a");

    assert_true(tlsrpt_value_is(root, TLSRPT_OBJECT));
    assert_int_equal(tlsrpt_value_member(root, "i")->is.integer, -12);
    assert_int_equal(tlsrpt_value_member(root, "z")->is.integer, 0);
    assert_true(tlsrpt_value_is(tlsrpt_value_member(root, "r"), TLSRPT_REAL));
    assert_true(tlsrpt_value_member(root, "r")->is.real == 1.5);
    assert_true(tlsrpt_value_is(tlsrpt_value_member(root, "t"), TLSRPT_BOOLEAN));
    assert_true(tlsrpt_value_is(tlsrpt_value_member(root, "n"), TLSRPT_NULL));
    assert_string_equal(tlsrpt_value_member(root, "s")->is.string, "a\tb");
    assert_string_equal(tlsrpt_value_member(root, "u")->is.string,
                        "\xf0\x9f\x98\x80\xc3\xa9\xe2\x82\xac"
                        "A");
    assert_int_equal(tlsrpt_value_count(array), 2);
    assert_int_equal(tlsrpt_value_first(array)->is.integer, 1);
    assert_string_equal(tlsrpt_value_first(array)->next->is.string, "x");
    assert_null(tlsrpt_value_first(array)->next->next);
}

static void test_what_is_absent_or_of_another_type_has_nothing_in_it(void **state)
{
    const tlsrpt_value *array = parse(*state, "[1]");

    assert_null(tlsrpt_value_member(NULL, "a"));
    assert_null(tlsrpt_value_member(array, "a"));
    assert_null(tlsrpt_value_member(parse(*state, "{}"), "a"));
    assert_null(tlsrpt_value_first(NULL));
    assert_null(tlsrpt_value_first(parse(*state, "{\"a\":1}")));
    assert_null(tlsrpt_value_first(parse(*state, "[]")));
    assert_int_equal(tlsrpt_value_count(NULL), 0);
    assert_int_equal(tlsrpt_value_count(parse(*state, "{\"a\":1}")), 0);
    assert_int_equal(tlsrpt_value_is(NULL, TLSRPT_NULL), 0);
}

static void test_the_last_of_two_members_with_the_same_name_counts(void **state)
{
    static const struct {
        const char *text;
        int duplicate;
    } cases[] = {
        {"{\"a\":2," SEVEN "}", 0},
        {"{\"a\":1,\"a\":2}", 1},
        {"{\"a\":1," SEVEN ",\"a\":2}", 1},
        {"{\"a\":1,\"\\u0061\":2}", 1},
        {"{" SEVENTEEN ",\"a\":2}", 0},
        {"{\"a\":1," SEVENTEEN ",\"a\":2}", 1},
        {"{\"a\":2,\"b\":[{\"c\":1,\"c\":1}]}", 1},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        int duplicate;
        const tlsrpt_value *root =
            parse_bytes(*state, cases[i].text, strlen(cases[i].text), 0, &duplicate);

        if (!root || duplicate != cases[i].duplicate ||
            tlsrpt_value_member(root, "a")->is.integer != 2) {
            fail_msg("%s: %s", cases[i].text, root ? "another value" : "refused");
        }
    }
}

/* The scan measured the text before, so this does not happen. */
static void test_nothing_longer_or_deeper_than_promised_is_read(void **state)
{
    char *longest = apr_psprintf(*state, "[\"%*s\\n\"]", LONGEST - 1, "");
    char *longer = apr_psprintf(*state, "[\"%*s\\n\"]", LONGEST, "");
    char *digits = apr_psprintf(*state, "[%0*d]", LONGEST + 1, 1);

    assert_non_null(parse(*state, longest));
    assert_null(parse(*state, longer));
    assert_null(parse(*state, digits));
    assert_non_null(parse(*state, "[[[[]]]]"));
    assert_null(parse(*state, "[[[[[]]]]]"));
}

static void test_bytes_that_cannot_be_read_end_the_text(void **state)
{
    tlsrpt_parse_input input = {
        .bytes = "[1", .len = 2, .read = fail_to_read, .longest = LONGEST, .deepest = DEEPEST};
    int duplicate;

    assert_null(tlsrpt_parse(*state, &input, &duplicate));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_what_jansson_accepts_is_accepted_however_it_is_split),
        POOL_TEST(test_values_are_those_that_were_written),
        POOL_TEST(test_what_is_absent_or_of_another_type_has_nothing_in_it),
        POOL_TEST(test_the_last_of_two_members_with_the_same_name_counts),
        POOL_TEST(test_nothing_longer_or_deeper_than_promised_is_read),
        POOL_TEST(test_bytes_that_cannot_be_read_end_the_text),
    };

    return RUN_POOL_TESTS(tests);
}
