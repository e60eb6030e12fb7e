/* SPDX-License-Identifier: Apache-2.0 */
/* What `mta-sts watch` stores between its runs: which texts, and in which form. */
#include "pool_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "watch_fixture.h"

static const cli_watch_item *first_item(apr_pool_t *p, apr_hash_t *items)
{
    return apr_hash_this_val(apr_hash_first(p, items));
}

static void test_texts_are_plain_and_bounded(void **state)
{
    apr_pool_t *p = *state;
    cli_watch_look *look = cli_watch_look_make(p, 1);
    cli_watch_item item = database_item();
    char *endless = apr_pcalloc(p, 9001);
    const cli_watch_item *added;

    memset(endless, 'x', 9000);
    item.subject = endless;
    item.fix = "\xff";
    cli_watch_look_add(look, &item, "one\ntwo\x1b[31m");
    added = first_item(p, look->items);
    assert_string_equal(added->message, "\"one\\x0atwo\\x1b[31m\"");
    assert_string_equal(added->fix, "\"\\xff\"");
    assert_int_equal(strlen(added->subject), 500);
}

static const char *parse_again(apr_pool_t *p, const cli_watch_item *item, cli_watch_state **again)
{
    const cli_watch_item other = database_item();
    char *text = cli_watch_state_render(make_state(p, item));
    const char *error;
    int is_newer;

    *again = make_state(p, &other);
    apr_hash_clear((*again)->items);
    error = cli_watch_state_parse(*again, text, strlen(text), &is_newer);
    free(text);
    return error;
}

static void test_the_state_stores_the_beginning_of_a_text(void **state)
{
    cli_watch_item item = database_item();
    char *endless = apr_pcalloc(*state, 2001);
    cli_watch_state *again;

    memset(endless, 'x', 2000);
    item.message = endless;
    assert_null(parse_again(*state, &item, &again));
    assert_int_equal(strlen(first_item(*state, again->items)->message), 500);
    assert_null(first_item(*state, again->items)->fix);
}

/* Member by member: a compiler may leave anything in the padding. */
static void assert_same_report(const cli_watch_report *a, const cli_watch_report *b)
{
    int i;

    assert_int_equal(a->phase, b->phase);
    assert_int_equal(a->severity, b->severity);
    assert_int_equal(a->is_eased, b->is_eased);
    for (i = 0; i < CLI_WATCH_STARTS; i++) {
        assert_int_equal(a->starts[i], b->starts[i]);
    }
    assert_int_equal(a->ended, b->ended);
}

static void test_the_state_remembers_what_each_channel_knows(void **state)
{
    cli_watch_item item = database_item();
    cli_watch_state *again;
    const cli_watch_item *read;
    int i;

    item.families = CLI_WATCH_IPV6;
    item.level = 3;
    item.reports[CLI_WATCH_OUTPUT] =
        (cli_watch_report){CLI_WATCH_FLAPPING, MTA_STS_WARNING, 1, {7, 5}, 6};
    item.reports[CLI_WATCH_EXEC] = (cli_watch_report){CLI_WATCH_OPEN, MTA_STS_ERROR, 0, {3, 0}, 0};
    assert_null(parse_again(*state, &item, &again));
    read = first_item(*state, again->items);
    for (i = 0; i < CLI_WATCH_CHANNELS; i++) {
        assert_same_report(&read->reports[i], &item.reports[i]);
    }
    assert_int_equal(read->families, CLI_WATCH_IPV6);
    assert_int_equal(read->level, 3);
}

/* As written before there were channels: both know what was reported. */
static void test_the_state_of_an_earlier_version_is_read(void **state)
{
    static const char text[] =
        "{\"version\":1,\"first\":false,\"domains\":{},\"items\":[{\"domain\":\"\","
        "\"part\":\"machine\",\"subject\":\"database\",\"id\":\"database-failed\",\"kind\":\"\","
        "\"message\":\"it is locked\",\"severity\":3,\"reported\":3,\"phase\":1,\"needed\":1,"
        "\"seen\":4,\"gone\":0,\"starts\":2,\"first\":1,\"last\":2,\"turned\":1,\"ended\":0}]}";
    const cli_watch_item none = database_item();
    cli_watch_state *again = make_state(*state, &none);
    const cli_watch_item *item;
    int is_newer, i;

    apr_hash_clear(again->items);
    assert_null(cli_watch_state_parse(again, text, sizeof(text) - 1, &is_newer));
    item = first_item(*state, again->items);
    for (i = 0; i < CLI_WATCH_CHANNELS; i++) {
        assert_int_equal(item->reports[i].phase, CLI_WATCH_OPEN);
        assert_int_equal(item->reports[i].severity, MTA_STS_ERROR);
        assert_int_equal(again->deliveries[i].is_first, 0);
    }
}

static void test_a_state_with_control_characters_is_damaged(void **state)
{
    static const char *const texts[] = {"a\nb", "a\x1b[31m", "a\x7f", "a\xe2\x80\xae-b"};
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cli_watch_item item = database_item();
        cli_watch_state *again;

        item.message = texts[i];
        assert_non_null(parse_again(*state, &item, &again));
        assert_int_equal(apr_hash_count(again->items), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_the_state_remembers_what_each_channel_knows),
        POOL_TEST(test_the_state_of_an_earlier_version_is_read),
        POOL_TEST(test_texts_are_plain_and_bounded),
        POOL_TEST(test_the_state_stores_the_beginning_of_a_text),
        POOL_TEST(test_a_state_with_control_characters_is_damaged),
    };

    return RUN_POOL_TESTS(tests);
}
