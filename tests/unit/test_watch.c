/* SPDX-License-Identifier: Apache-2.0 */
/* What `mta-sts watch` may conclude from a look, and which texts it takes. */
#include "pool_fixture.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/watch/compare.h"
#include "cli/watch/state_json.h"

#define HOUR apr_time_from_sec(3600)

static cli_watch_item database_item(void)
{
    return (cli_watch_item){.domain = "",
                            .part = CLI_WATCH_MACHINE,
                            .subject = "database",
                            .id = "database-failed",
                            .kind = "",
                            .severity = MTA_STS_ERROR,
                            .message = "it is locked",
                            .needed = 1};
}

static cli_watch_state *make_state(apr_pool_t *p, const cli_watch_item *item)
{
    cli_watch_state *state = apr_pcalloc(p, sizeof(*state));

    state->p = p;
    state->dir = "/nowhere";
    state->items = apr_hash_make(p);
    state->domains = apr_hash_make(p);
    apr_hash_set(state->items, cli_watch_item_key(p, item), APR_HASH_KEY_STRING,
                 apr_pmemdup(p, item, sizeof(*item)));
    return state;
}

/* The number of changes after something that came and went was last looked at half a day ago. */
static int count_changes(apr_pool_t *p, int has_database)
{
    cli_watch_look *look = cli_watch_look_make(p, 1);
    cli_watch_item item = database_item();

    item.phase = CLI_WATCH_FLAPPING;
    item.gone = 3;
    item.starts = 3;
    item.first = item.turned = look->began - 25 * HOUR;
    item.last = look->began - 12 * HOUR;
    look->has_database = has_database;
    return cli_watch_compare(make_state(p, &item), look)->nelts;
}

static void test_what_comes_and_goes_is_over_only_after_a_look_at_it(void **state)
{
    assert_int_equal(count_changes(*state, 0), 0);
    assert_int_equal(count_changes(*state, 1), 1);
}

static void test_nothing_is_over_while_there_is_no_room_for_all(void **state)
{
    apr_pool_t *p = *state;
    cli_watch_look *look = cli_watch_look_make(p, 1);
    cli_watch_item item = database_item(), other = database_item();
    int i;

    look->has_database = 1;
    for (i = 0; i < CLI_WATCH_ITEMS_MAX; i++) {
        other.subject = apr_psprintf(p, "%d", i);
        cli_watch_look_add(look, &other, "it fails");
    }
    assert_false(look->is_full);
    assert_true(cli_watch_look_covers(look, &item));
    cli_watch_look_add(look, &other, "it fails"); /* again */
    assert_false(look->is_full);
    other.subject = "one more";
    cli_watch_look_add(look, &other, "it fails");
    cli_watch_look_add(look, &other, "it fails");
    assert_true(look->is_full);
    assert_false(cli_watch_look_covers(look, &item));
    assert_int_equal(apr_hash_count(look->items), CLI_WATCH_ITEMS_MAX + 1); /* and that it is so */
    other = (cli_watch_item){.domain = "",
                             .part = CLI_WATCH_MACHINE,
                             .subject = "problems",
                             .id = "watch-blind",
                             .kind = ""};
    assert_non_null(apr_hash_get(look->items, cli_watch_item_key(p, &other), APR_HASH_KEY_STRING));
    look->is_full = 0;
    look->has_checked = 1;
    assert_true(cli_watch_look_covers(look, &other));
}

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
        POOL_TEST(test_what_comes_and_goes_is_over_only_after_a_look_at_it),
        POOL_TEST(test_nothing_is_over_while_there_is_no_room_for_all),
        POOL_TEST(test_texts_are_plain_and_bounded),
        POOL_TEST(test_the_state_stores_the_beginning_of_a_text),
        POOL_TEST(test_a_state_with_control_characters_is_damaged),
    };

    return RUN_POOL_TESTS(tests);
}
