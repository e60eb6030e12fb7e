/* SPDX-License-Identifier: Apache-2.0 */
/* What `mta-sts watch` may conclude from a look, and which texts it takes. */
#include "pool_fixture.h"

#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
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
    cli_watch_state *state;

    item.reports[CLI_WATCH_OUTPUT].phase = CLI_WATCH_FLAPPING;
    item.gone = 3;
    item.first = item.turned = look->began - 25 * HOUR;
    item.last = look->began - 12 * HOUR;
    look->has_database = has_database;
    state = make_state(p, &item);
    cli_watch_count(state, look);
    return cli_watch_compare(state, look, CLI_WATCH_OUTPUT)->nelts;
}

static void test_what_comes_and_goes_is_over_only_after_a_look_at_it(void **state)
{
    assert_int_equal(count_changes(*state, 0), 0);
    assert_int_equal(count_changes(*state, 1), 1);
}

/* --- days of runs, one an hour --- */

typedef struct runs {
    apr_pool_t *p;
    cli_watch_state *state;
    char said[200]; /* a letter for each run: . nothing, n new, w worse, r resolved; capital if it
                       comes and goes */
} runs;

static void age_times(apr_time_t *times, int count, apr_interval_time_t by)
{
    int i;

    for (i = 0; i < count; i++) {
        times[i] -= times[i] ? by : 0;
    }
}

/* Lets time pass. */
static void age(cli_watch_state *state, apr_interval_time_t by)
{
    apr_hash_index_t *index;
    int i;

    for (index = apr_hash_first(state->p, state->items); index; index = apr_hash_next(index)) {
        cli_watch_item *item = apr_hash_this_val(index);

        age_times(&item->first, 1, by);
        age_times(&item->last, 1, by);
        age_times(&item->turned, 1, by);
        for (i = 0; i < CLI_WATCH_CHANNELS; i++) {
            age_times(item->reports[i].starts, CLI_WATCH_STARTS, by);
            age_times(&item->reports[i].ended, 1, by);
        }
    }
}

static char letter_of(const apr_array_header_t *changes)
{
    const cli_watch_change *change =
        changes->nelts ? &APR_ARRAY_IDX(changes, 0, cli_watch_change) : NULL;
    char letter = !change                               ? '.'
                  : change->event == CLI_WATCH_NEW      ? 'n'
                  : change->event == CLI_WATCH_WORSE    ? 'w'
                  : change->event == CLI_WATCH_RESOLVED ? 'r'
                                                        : '?';

    return change && change->is_flapping ? (char)(letter - 'a' + 'A') : letter;
}

/* One run: what is seen is '-' nothing, 'i', 'w', 'e' of this severity, or '?' not looked at. */
static void run(runs *r, char seen)
{
    cli_watch_look *look = cli_watch_look_make(r->p, 1);
    cli_watch_item item = database_item();
    apr_array_header_t *changes;
    size_t at = strlen(r->said);

    item.needed = 2;
    item.severity = seen == 'i' ? MTA_STS_INFO : seen == 'w' ? MTA_STS_WARNING : MTA_STS_ERROR;
    look->has_database = seen != '?';
    if (strchr("iwe", seen)) {
        cli_watch_look_add(look, &item, "it is locked");
    }
    cli_watch_count(r->state, look);
    changes = cli_watch_compare(r->state, look, CLI_WATCH_OUTPUT);
    r->said[at] = letter_of(changes);
    cli_watch_commit(r->state, changes, CLI_WATCH_OUTPUT, apr_time_now());
    cli_watch_commit_like(r->state, CLI_WATCH_EXEC, CLI_WATCH_OUTPUT);
    cli_watch_forget(r->state, look, apr_time_now());
    age(r->state, HOUR);
}

typedef struct run_row {
    const char *seen; /* a letter for each run; a number: so many hours without a run */
    const char *said;
} run_row;

static const run_row run_rows[] = {
    {"ee--", ".n.r"},
    {"e-e-", "...."},
    /* Three beginnings within a day, and then silence for a day. */
    {"ee--ee--ee--ee--", ".n.r.n.r.N......"},
    /* It was over for a day: only then that is said, and it may begin again. */
    {"ee--ee--ee----------------------------ee", ".n.r.n.r.N........................r....n"},
    /* It has stayed for a day: it is a problem as any other. */
    {"ee--ee--eeeeeeeeeeeeeeeeeeeeeeeeeeee--ee--", ".n.r.n.r.N...........................r.n.r"},
    /* The third beginning is days after the first one: it does not come and go. */
    {"ee--20ee--20ee--", ".n.r.n.r.n.r"},
    /* The same if it was about to begin again when a day was over, or no run forgot it. */
    {"ee--ee--90ee--", ".n.r.n.r.n.r"},
    {"ee--ee--21e?ee--", ".n.r.n.r..n..r"},
    /* Worse is said at once. */
    {"wwee", ".nw."},
    /* It gets better, and is as bad again: that is said again, once it was certainly better. */
    {"eewwwee--", ".n...w.."},
    {"eeweee", ".n...."},
    /* Twice a day at most. */
    {"eewwwwewwwewwwewww", ".n....w...W......."},
    /* Also if it comes and goes. */
    {"ww--ww--wwee", ".n.r.n.r.NW."},
    {"ww--ww--ww--ee", ".n.r.n.r.N...W"},
};

/* Returns whether it is as expected. */
static int check_runs(apr_pool_t *p, const run_row *row)
{
    const cli_watch_item none = database_item();
    runs r = {.p = p, .state = make_state(p, &none)};
    const char *seen = row->seen;
    char *end;

    apr_hash_clear(r.state->items);
    for (; *seen; seen = end) {
        end = (char *)seen + 1;
        if (apr_isdigit(*seen)) {
            age(r.state, strtol(seen, &end, 10) * HOUR);
        }
        else {
            run(&r, *seen);
        }
    }
    if (strncmp(r.said, row->said, strlen(row->said)) != 0) {
        print_message("%s: %s instead of %s\n", row->seen, r.said, row->said);
        return 0;
    }
    return 1;
}

static void test_days_of_runs(void **state)
{
    size_t i;
    int are_right = 1;

    for (i = 0; i < sizeof(run_rows) / sizeof(run_rows[0]); i++) {
        are_right &= check_runs(*state, &run_rows[i]);
    }
    assert_true(are_right);
}

static void test_a_clock_that_was_ahead_makes_nothing_come_and_go(void **state)
{
    const cli_watch_item none = database_item();
    runs r = {.p = *state, .state = make_state(*state, &none)};
    int i;

    apr_hash_clear(r.state->items);
    for (i = 0; i < 8; i++) {
        run(&r, "ee--ee--"[i]);
    }
    age(r.state, -1000 * HOUR);
    run(&r, 'e');
    run(&r, 'e');
    assert_string_equal(r.said, ".n.r.n.r.n");
}

/* --- channels --- */

static int count_for(cli_watch_state *state, const cli_watch_look *look, cli_watch_channel channel)
{
    return cli_watch_compare(state, look, channel)->nelts;
}

static void test_what_one_channel_does_not_take_is_said_to_the_other_once(void **state)
{
    apr_pool_t *p = *state;
    const cli_watch_item item = database_item();
    cli_watch_state *stored = make_state(p, &item);
    cli_watch_look *look = cli_watch_look_make(p, 1), *later = cli_watch_look_make(p, 1);

    cli_watch_look_add(look, &item, item.message);
    cli_watch_count(stored, look);
    cli_watch_commit(stored, cli_watch_compare(stored, look, CLI_WATCH_OUTPUT), CLI_WATCH_OUTPUT,
                     apr_time_now());
    assert_int_equal(count_for(stored, look, CLI_WATCH_OUTPUT), 0);
    assert_int_equal(count_for(stored, look, CLI_WATCH_EXEC), 1);
    later->began = apr_time_now() + 1;
    later->has_database = 1;
    cli_watch_count(stored, later);
    assert_int_equal(count_for(stored, later, CLI_WATCH_OUTPUT), 1);
    assert_int_equal(count_for(stored, later, CLI_WATCH_EXEC), 0); /* it never heard of it */
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

/* --- address families --- */

typedef struct family_row {
    const char *name;
    mta_sts_fetch_status ipv4, ipv6;
    int has_ipv6; /* whether DNS has such an address */
    const char *id;
    int families; /* over which it was seen */
    int days;     /* ago */
    int is_covered;
} family_row;

#define ANSWERED MTA_STS_FETCH_ANSWERED
#define NO_ROUTE MTA_STS_FETCH_NO_ROUTE
#define REFUSED MTA_STS_FETCH_REFUSED
#define BOTH (CLI_WATCH_IPV4 | CLI_WATCH_IPV6)
#define SOON "certificate-expires-soon"

static const family_row family_rows[] = {
    {"both answer", ANSWERED, ANSWERED, 1, SOON, BOTH, 0, 1},
    {"IPv6 is lost", ANSWERED, NO_ROUTE, 1, SOON, BOTH, 0, 0},
    {"IPv6 was lost a week ago", ANSWERED, NO_ROUTE, 1, SOON, BOTH, 8, 1},
    {"this machine never had IPv6", ANSWERED, NO_ROUTE, 1, SOON, CLI_WATCH_IPV4, 0, 1},
    {"DNS does not have an IPv6 address any more", ANSWERED, NO_ROUTE, 0, SOON, BOTH, 0, 1},
    {"IPv4 is lost", NO_ROUTE, ANSWERED, 1, SOON, BOTH, 0, 0},
    {"it was seen over IPv6 only", NO_ROUTE, ANSWERED, 1, SOON, CLI_WATCH_IPV6, 0, 1},
    {"the time was used up", ANSWERED, MTA_STS_FETCH_NOT_TRIED, 1, SOON, BOTH, 0, 0},
    {"refused before, and IPv6 is lost", ANSWERED, NO_ROUTE, 1, "fetch-refused", BOTH, 0, 0},
    {"refused before, and IPv6 answers", ANSWERED, ANSWERED, 1, "fetch-refused", BOTH, 0, 1},
    {"an older version noted no families", ANSWERED, NO_ROUTE, 1, SOON, 0, 0, 1},
};

static const mta_sts_policy_fetch *make_fetch(apr_pool_t *p, const char *address,
                                              mta_sts_fetch_status status)
{
    mta_sts_policy_fetch *fetch = apr_pcalloc(p, sizeof(*fetch));

    fetch->address = address;
    fetch->status = status;
    return fetch;
}

static mta_sts_check_facts *make_facts(apr_pool_t *p, const family_row *row)
{
    mta_sts_check_facts *facts = apr_pcalloc(p, sizeof(*facts));

    facts->domain = "example.com";
    facts->mxs = apr_array_make(p, 1, sizeof(mta_sts_check_mx *));
    facts->fetches = apr_array_make(p, 2, sizeof(mta_sts_policy_fetch *));
    facts->host_a.status = MTA_STS_ANSWER_OK;
    facts->host_aaaa.status = row->has_ipv6 ? MTA_STS_ANSWER_OK : MTA_STS_ANSWER_NODATA;
    APR_ARRAY_PUSH(facts->fetches, const mta_sts_policy_fetch *) =
        make_fetch(p, "192.0.2.1", row->ipv4);
    if (row->has_ipv6) {
        APR_ARRAY_PUSH(facts->fetches, const mta_sts_policy_fetch *) =
            make_fetch(p, "2001:db8::1", row->ipv6);
    }
    return facts;
}

/* A policy host without any finding, so that only the families decide. */
static cli_check_domain *make_domain(apr_pool_t *p, const family_row *row)
{
    cli_check_domain *domain = apr_pcalloc(p, sizeof(*domain));
    mta_sts_check_result *result = apr_pcalloc(p, sizeof(*result));

    result->sections = apr_array_make(p, 1, sizeof(mta_sts_check_section));
    APR_ARRAY_PUSH(result->sections, mta_sts_check_section) =
        (mta_sts_check_section){.part = MTA_STS_CHECK_POLICY_HOST,
                                .subject = "mta-sts.example.com",
                                .findings = mta_sts_findings_make(p)};
    domain->domain = "example.com";
    domain->facts = make_facts(p, row);
    domain->result = result;
    return domain;
}

static void test_what_was_seen_over_a_family_that_is_lost_is_not_over(void **state)
{
    apr_pool_t *p = *state;
    size_t i;

    for (i = 0; i < sizeof(family_rows) / sizeof(family_rows[0]); i++) {
        const family_row *row = &family_rows[i];
        cli_watch_look *look = cli_watch_look_make(p, 1);
        const cli_watch_item item = {.domain = "example.com",
                                     .part = "policy-host",
                                     .subject = "mta-sts.example.com",
                                     .id = row->id,
                                     .kind = "",
                                     .families = row->families,
                                     .last = look->began - row->days * 24 * HOUR};

        apr_hash_set(look->domains, "example.com", APR_HASH_KEY_STRING, make_domain(p, row));
        if (cli_watch_look_covers(look, &item) != row->is_covered) {
            fail_msg("%s", row->name);
        }
    }
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
        POOL_TEST(test_what_comes_and_goes_is_over_only_after_a_look_at_it),
        POOL_TEST(test_days_of_runs),
        POOL_TEST(test_a_clock_that_was_ahead_makes_nothing_come_and_go),
        POOL_TEST(test_what_one_channel_does_not_take_is_said_to_the_other_once),
        POOL_TEST(test_what_was_seen_over_a_family_that_is_lost_is_not_over),
        POOL_TEST(test_the_state_remembers_what_each_channel_knows),
        POOL_TEST(test_the_state_of_an_earlier_version_is_read),
        POOL_TEST(test_nothing_is_over_while_there_is_no_room_for_all),
        POOL_TEST(test_texts_are_plain_and_bounded),
        POOL_TEST(test_the_state_stores_the_beginning_of_a_text),
        POOL_TEST(test_a_state_with_control_characters_is_damaged),
    };

    return RUN_POOL_TESTS(tests);
}
