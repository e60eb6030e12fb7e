/* SPDX-License-Identifier: Apache-2.0 */
#include "fetches_fixture.h"

#include "core/base/network.h"
#include "core/database/history.h"

static void requests_of_several_machines_add_up(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const mta_sts_fetches_machine a = machine("a.example", T0, T0 + HOUR),
                                  b = machine("b.example", T0, T0 + HOUR);
    const mta_sts_fetch one = fetch_at("example.com", "192.0.2.0/24", T0 + 5),
                        two = fetch_at("example.com", "192.0.2.0/24", T0 + 9),
                        next = fetch_at("example.com", "192.0.2.0/24", T0 + HOUR),
                        other = fetch_at("example.net", "192.0.2.0/24", T0);
    const apr_array_header_t *list;

    add(db, &a, &two, 1, test->p);
    add(db, &b, &one, 1, test->p);
    add(db, &b, &next, 1, test->p);
    add(db, &b, &other, 1, test->p);
    list = read_all(db, "example.com", test->p);
    assert_int_equal(list->nelts, 2);
    assert_int_equal(at(list, 0)->first, T0 + HOUR);
    assert_int_equal(at(list, 1)->requests, 2);
    assert_int_equal(at(list, 1)->first, T0 + 5);
    assert_int_equal(at(list, 1)->last, T0 + 9);
    assert_string_equal(at(list, 1)->network, "192.0.2.0/24");
    assert_string_equal(at(list, 1)->agent, "Postfix");
    assert_string_equal(at(list, 1)->id, ID);
    assert_int_equal(read_all(db, NULL, test->p)->nelts, 3);
}

static void full_addresses_of_a_clock_that_was_ahead_are_replaced_at_once(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const mta_sts_fetches_machine a = machine("a.example", T0, T0);
    const mta_sts_fetches_ages ages = {0, T0, T0 + HOUR + HOUR / 2};
    mta_sts_fetch list[3];
    const apr_array_header_t *rows;
    int i, more;

    for (i = 0; i < 3; i++) {
        list[i] = fetch_at("example.com", "192.0.2.0/24", T0 + i * HOUR);
        list[i].address = "192.0.2.1";
    }
    add(db, &a, list, 3, test->p);
    assert_done(mta_sts_fetches_expire(db, &ages, 10, test->p, &more));
    rows = read_all(db, NULL, test->p);
    assert_int_equal(rows->nelts, 3);
    assert_string_equal(at(rows, 0)->address, "");
    assert_string_equal(at(rows, 1)->address, "192.0.2.1");
    assert_string_equal(at(rows, 2)->address, "192.0.2.1");
}

/* Their clients are unknown: there is one row for each hour. */
static void requests_without_a_network_use_up_no_room(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const mta_sts_fetches_machine a = machine("a.example", T0, T0);
    const mta_sts_fetch one = fetch_at("example.com", "", T0);
    apr_int64_t entries = 0;
    int i;

    for (i = 0; i < 5; i++) {
        add(db, &a, &one, 1, test->p);
    }
    assert_int_equal(at(read_all(db, NULL, test->p), 0)->requests, 5);
    assert_done(mta_sts_database_rows(db, "SELECT sum(entries) FROM mta_sts_fetch_day",
                                      mta_sts_database_take_number, &entries));
    assert_int_equal(entries, 1);
}

static void old_rows_are_deleted_and_full_addresses_replaced_in_small_steps(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const mta_sts_fetches_machine a = machine("a.example", T0, T0 + 3 * DAY);
    mta_sts_fetch list[6];
    const apr_array_header_t *rows;
    int i, more, rounds = 0;

    for (i = 0; i < 6; i++) {
        list[i] = fetch_at("example.com", "192.0.2.0/24", T0 + (i / 2) * DAY);
        list[i].address = i % 2 ? "192.0.2.1" : "192.0.2.2";
    }
    add(db, &a, list, 6, test->p);
    do {
        assert_done(expire(db, T0 + DAY, T0 + 2 * DAY, 1, test->p, &more));
    } while (more && ++rounds < 20);
    assert_int_in_range(rounds, 2, 19);
    rows = read_all(db, NULL, test->p);
    assert_int_equal(rows->nelts, 3);
    assert_string_equal(at(rows, 0)->address, "192.0.2.1");
    assert_string_equal(at(rows, 1)->address, "192.0.2.2");
    assert_string_equal(at(rows, 2)->address, "");
    assert_int_equal(at(rows, 2)->requests, 2);
    assert_int_equal(at(rows, 2)->first, T0 + DAY);
}

static mta_sts_fetches_coverage cover(mta_sts_database *db, apr_time_t begin, apr_time_t end,
                                      apr_pool_t *p)
{
    mta_sts_fetches_coverage coverage;

    assert_done(mta_sts_fetches_cover(db, begin, end, T0 + 10 * DAY, p, &coverage));
    return coverage;
}

static void assert_gap(const mta_sts_fetches_coverage *coverage, int i, const char *host,
                       apr_time_t begin, apr_time_t end)
{
    const mta_sts_fetches_gap *gap = &APR_ARRAY_IDX(coverage->gaps, i, mta_sts_fetches_gap);

    assert_true(i < coverage->gaps->nelts);
    assert_string_equal(gap->host, host);
    assert_int_equal(gap->begin, begin);
    assert_int_equal(gap->end, end);
}

static void what_was_not_recorded_is_known(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    mta_sts_fetches_machine a = machine("a.example", T0 + HOUR, T0 + 5 * HOUR);
    mta_sts_fetches_coverage found = cover(db, T0, T0 + DAY, test->p);

    assert_int_equal(found.machines, 0);
    assert_int_equal(found.began, 0);
    add(db, &a, NULL, 0, test->p);
    a.began = T0 + 6 * HOUR;
    a.noted = T0 + 3 * DAY;
    a.lost = 7;
    a.lost_first = T0 + 7 * HOUR + 5;
    a.lost_last = T0 + 8 * HOUR;
    add(db, &a, NULL, 0, test->p);
    found = cover(db, T0, T0 + DAY, test->p);
    assert_int_equal(found.machines, 1);
    assert_int_equal(found.began, T0 + HOUR);
    assert_int_equal(found.gaps->nelts, 2);
    assert_gap(&found, 0, "a.example", T0, T0 + HOUR);
    assert_gap(&found, 1, "a.example", T0 + 5 * HOUR, T0 + 6 * HOUR);
    assert_int_equal(found.lost, 14); /* 7 in each of the two hours, at most */
    found = cover(db, T0 + DAY, T0 + 2 * DAY, test->p);
    assert_int_equal(found.gaps->nelts, 0);
    assert_int_equal(found.lost, 0);
    found = cover(db, T0 + 2 * DAY, T0 + 4 * DAY, test->p);
    assert_int_equal(found.gaps->nelts, 1);
    assert_gap(&found, 0, "a.example", T0 + 3 * DAY, T0 + 4 * DAY);
}

static void what_was_deleted_is_not_known_any_more(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const mta_sts_fetches_machine a = machine("a.example", T0, T0 + 5 * DAY);
    const mta_sts_fetch old = fetch_at("example.com", "192.0.2.0/24", T0 + HOUR);
    int more;

    add(db, &a, &old, 1, test->p);
    assert_done(expire(db, T0, T0, 10, test->p, &more));
    assert_int_equal(cover(db, T0, T0 + DAY, test->p).began, T0);
    assert_done(expire(db, T0 + 2 * DAY, T0, 10, test->p, &more));
    add(db, &a, NULL, 0, test->p);
    assert_int_equal(cover(db, T0, T0 + DAY, test->p).began, T0 + 2 * DAY);
    assert_int_equal(cover(db, T0, T0 + DAY, test->p).machines, 1);
}

/* It served the policy, so senders may have come to it. */
static void a_machine_without_a_log_is_a_gap(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const mta_sts_fetches_machine a = machine("a.example", T0, T0 + 3 * DAY);
    const mta_sts_history_machine b = {"b.example", T0, T0, T0, T0 + 2 * DAY};
    const char *text =
        "version: STSv1\r\nmode: testing\r\nmx: mx.example.com\r\nmax_age: 86400\r\n";
    const mta_sts_history_served served = {"example.com", ID, text, strlen(text)};
    apr_array_header_t *list = apr_array_make(test->p, 1, sizeof(served)), *changes;
    mta_sts_fetches_coverage found;

    APR_ARRAY_PUSH(list, mta_sts_history_served) = served;
    add(db, &a, NULL, 0, test->p);
    assert_done(mta_sts_history_record(db, &b, list, test->p, &changes));
    found = cover(db, T0 + DAY, T0 + 2 * DAY, test->p);
    assert_int_equal(found.machines, 1);
    assert_int_equal(found.gaps->nelts, 1);
    assert_gap(&found, 0, "b.example", T0 + DAY, T0 + 2 * DAY);
}

static void today_is_covered_as_far_as_it_has_passed(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const apr_time_t now = T0 + 10 * DAY + 6 * HOUR;
    const mta_sts_fetches_machine a = machine("a.example", T0, now - apr_time_from_sec(50));
    mta_sts_fetches_coverage found;

    add(db, &a, NULL, 0, test->p);
    assert_done(mta_sts_fetches_cover(db, T0 + 10 * DAY, T0 + 11 * DAY, now, test->p, &found));
    assert_int_equal(found.gaps->nelts, 0);
}

static void networks_are_named_by_their_first_address(void **state)
{
    static const struct {
        const char *address, *network;
    } cases[] = {
        {"192.0.2.77", "192.0.2.0/24"},
        {"2001:db8:1:2::3", "2001:db8:1::/48"},
        {"::ffff:192.0.2.77", "192.0.2.0/24"},
        {"fe80::1%eth0", "fe80::/48"},
        {"", ""},
        {"mx.example.com", ""},
        {"192.0.2.256", ""},
        {"192.0.2.77192.0.2.77192.0.2.77192.0.2.77192.0.2.77", ""},
    };
    database_test *test = *state;
    apr_size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(mta_sts_network_of(test->p, cases[i].address), cases[i].network);
    }
}

static void outcomes_have_names_and_texts(void **state)
{
    (void)state;
    assert_string_equal(mta_sts_fetch_outcome_name(MTA_STS_FETCH_PLAIN_HTTP), "plain-http");
    assert_string_equal(mta_sts_fetch_outcome_name(MTA_STS_FETCH_OUTCOMES), "unknown");
    assert_string_equal(mta_sts_fetch_outcome_text(-1), "got an unknown answer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATABASE_TESTS(requests_of_several_machines_add_up),
        DATABASE_TESTS(old_rows_are_deleted_and_full_addresses_replaced_in_small_steps),
        DATABASE_TESTS(full_addresses_of_a_clock_that_was_ahead_are_replaced_at_once),
        DATABASE_TESTS(requests_without_a_network_use_up_no_room),
        DATABASE_TESTS(what_was_not_recorded_is_known),
        DATABASE_TESTS(what_was_deleted_is_not_known_any_more),
        DATABASE_TESTS(a_machine_without_a_log_is_a_gap),
        DATABASE_TESTS(today_is_covered_as_far_as_it_has_passed),
        SQLITE_TEST(networks_are_named_by_their_first_address),
        SQLITE_TEST(outcomes_have_names_and_texts),
    };

    return RUN_DATABASE_TESTS(tests);
}
