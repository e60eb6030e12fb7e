/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include "cli/net/imap_response.h"
#include "table_fixture.h"

#define MOST 1000

/* Bytes of the first response; 0: more are needed; -1: it is refused. */
static void test_a_response_ends_with_its_line_or_literal(void **state)
{
    static const struct {
        const char *bytes;
        int taken;
    } cases[] = {
        {"", 0},
        {"* OK", 0},
        {"* OK x\r\n", 8},
        {"* OK x\r\n* BYE", 8},
        {"* OK x\n", 7},
        {"* 1 FETCH (BODY[] {3}\r\n", 0},
        {"* 1 FETCH (BODY[] {3}\r\na\r\n", 0},
        {"* 1 FETCH (BODY[] {3}\r\nabc)\r\n", 29},
        {"* 1 FETCH (X {0}\r\n Y {2}\r\n\r\n)\r\nM", 31},
        {"* OK send {3}\r\nabc)\r\n", 15},
        {"M1 NO not {3}\r\n", 15},
        {"* 1 FETCH (BODY[] {999}\r\n", -1},
        {"* 1 FETCH (BODY[] {99999999999999999999}\r\n", 42},
        {"* 1 FETCH (BODY[] {}\r\n", 22},
        {"* 1 FETCH (BODY[] }\r\n", 21},
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(cases); i++) {
        apr_size_t taken;
        const char *error =
            cli_imap_response_find(cases[i].bytes, strlen(cases[i].bytes), MOST, &taken);

        if ((error ? -1 : (int)taken) != cases[i].taken) {
            fail_msg("%s: %d", cases[i].bytes, error ? -1 : (int)taken);
        }
    }
}

static void test_a_line_that_does_not_end_is_refused(void **state)
{
    char line[MOST + 1];
    apr_size_t taken;

    (void)state;
    memset(line, 'x', sizeof(line));
    assert_null(cli_imap_response_find(line, MOST, MOST, &taken));
    assert_int_equal(taken, 0);
    assert_non_null(cli_imap_response_find(line, MOST + 1, MOST, &taken));
}

static const char *read_text(apr_pool_t *p, const char *text, cli_imap_response *response)
{
    return cli_imap_response_read(p, text, strlen(text), "M1", response);
}

static void test_a_status_has_a_code_and_a_text(void **state)
{
    cli_imap_response r;

    assert_null(read_text(*state, "* OK [UIDVALIDITY 17] fine\r\n", &r));
    assert_int_equal(r.kind, CLI_IMAP_STATUS);
    assert_int_equal(cli_imap_code_number(&r, "UIDVALIDITY"), 17);
    assert_int_equal(cli_imap_code_number(&r, "UIDNEXT"), 0);
    assert_string_equal(r.text, "fine");
    assert_null(read_text(*state, "* OK [UIDVALIDITY 4294967296] x\r\n", &r));
    assert_int_equal(cli_imap_code_number(&r, "UIDVALIDITY"), 0);
    assert_null(read_text(*state, "M1 no bad {3}\r\n", &r));
    assert_int_equal(r.kind, CLI_IMAP_DONE);
    assert_int_equal(r.status, CLI_IMAP_NO);
    assert_string_equal(r.text, "bad {3}");
    assert_null(read_text(*state, "* BYE\r\n", &r));
    assert_int_equal(r.status, CLI_IMAP_BYE);
}

static void test_numbers_of_messages_are_read(void **state)
{
    cli_imap_response r;

    assert_null(read_text(*state, "* SEARCH 3 1 4294967295\r\n", &r));
    assert_int_equal(r.kind, CLI_IMAP_SEARCH);
    assert_int_equal(r.uids->nelts, 3);
    assert_int_equal(APR_ARRAY_IDX(r.uids, 1, apr_uint32_t), 1);
    assert_null(read_text(*state, "* SEARCH\r\n", &r));
    assert_int_equal(r.uids->nelts, 0);
    assert_null(read_text(*state, "* SEARCH 5 (MODSEQ 9)\r\n", &r));
    assert_int_equal(r.uids->nelts, 1);
    assert_non_null(read_text(*state, "* SEARCH 0\r\n", &r));
    assert_non_null(read_text(*state, "* SEARCH 1,2\r\n", &r));
}

static void test_the_body_of_a_message_is_found(void **state)
{
    static const struct {
        const char *text;
        unsigned uid;
        const char *body;
    } cases[] = {
        {"* 1 FETCH (UID 5 BODY[] {3}\r\nabc)\r\n", 5, "abc"},
        {"* 1 FETCH (BODY[]<0> {3}\r\na)\n UID 5 FLAGS (\\Seen ($x)))\r\n", 5, "a)\n"},
        {"* 1 fetch (uid 5 body[] \"a\\\"b\")\r\n", 5, "a\\\"b"},
        {"* 1 FETCH (UID 5 BODY[] NIL)\r\n", 5, NULL},
        {"* 1 FETCH (FLAGS () UID 7)\r\n", 7, NULL},
        {"* 1 FETCH (ENVELOPE (\"x)\" {1}\r\n) NIL) BODY[HEADER.FIELDS (TO)] {1}\r\nb UID 6)\r\n",
         6, NULL},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        cli_imap_response r;

        assert_null(read_text(*state, cases[i].text, &r));
        assert_int_equal(r.kind, CLI_IMAP_FETCH);
        assert_int_equal(r.uid, cases[i].uid);
        assert_int_equal(r.body != NULL, cases[i].body != NULL);
        if (r.body) {
            assert_int_equal(r.body_len, strlen(cases[i].body));
            assert_memory_equal(r.body, cases[i].body, r.body_len);
        }
    }
}

static void test_what_is_not_imap_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "\r\n",
        "HTTP/1.1 200 OK\r\n",
        "+ go on\r\n",
        "M2 OK x\r\n",
        "M1\r\n",
        "M1 BYE x\r\n",
        "M1 FINE x\r\n",
        "M11 OK x\r\n",
        "* 1 FETCH\r\n",
        "* 1 FETCH (\r\n",
        "* 1 FETCH (UID\r\n",
        "* 1 FETCH (UID 5\r\n",
        "* 1 FETCH (UID 5) x\r\n",
        "* 1 FETCH (X \"a)\r\n",
        "* 1 FETCH (X {9}\r\na)\r\n",
        "* 1 FETCH (X (()\r\n",
    };
    size_t i;

    for (i = 0; i < COUNT(texts); i++) {
        cli_imap_response r;

        if (!read_text(*state, texts[i], &r)) {
            fail_msg("%s is accepted", texts[i]);
        }
    }
}

static void test_a_capability_is_a_whole_word(void **state)
{
    cli_imap_response r;

    assert_null(read_text(*state, "* CAPABILITY IMAP4rev1 MOVE X=1\r\n", &r));
    assert_int_equal(r.kind, CLI_IMAP_CAPABILITY);
    assert_true(cli_imap_has_capability(r.text, "move"));
    assert_true(cli_imap_has_capability(r.text, "X=1"));
    assert_false(cli_imap_has_capability(r.text, "MOV"));
    assert_false(cli_imap_has_capability(r.text, "X"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_response_ends_with_its_line_or_literal),
        POOL_TEST(test_a_line_that_does_not_end_is_refused),
        POOL_TEST(test_a_status_has_a_code_and_a_text),
        POOL_TEST(test_numbers_of_messages_are_read),
        POOL_TEST(test_the_body_of_a_message_is_found),
        POOL_TEST(test_what_is_not_imap_is_refused),
        POOL_TEST(test_a_capability_is_a_whole_word),
    };

    return RUN_POOL_TESTS(tests);
}
