/* SPDX-License-Identifier: Apache-2.0 */
#include "database_fixture.h"

#include "core/base/network.h"
#include "core/database/fetch_room.h"
#include "core/database/fetches.h"
#include "core/database/history.h"

#define HOUR MTA_STS_FETCH_HOUR
#define DAY (24 * HOUR)
#define T0 (APR_INT64_C(20730) * DAY) /* the beginning of a day */
#define ID "0123456789abcdef0123"

static mta_sts_fetch fetch_at(const char *domain, const char *network, apr_time_t at)
{
    return (mta_sts_fetch){domain, network, "", MTA_STS_FETCH_SERVED, ID, "Postfix", 1, at, at};
}

static mta_sts_fetches_machine machine(const char *host, apr_time_t began, apr_time_t noted)
{
    return (mta_sts_fetches_machine){
        .host = host, .began = began, .noted = noted, .rows_max = 1000000};
}

static void add(mta_sts_database *db, const mta_sts_fetches_machine *of, const mta_sts_fetch *list,
                int count, apr_pool_t *p)
{
    apr_array_header_t *fetches = apr_array_make(p, count + 1, sizeof(mta_sts_fetch));
    int i;

    for (i = 0; i < count; i++) {
        APR_ARRAY_PUSH(fetches, mta_sts_fetch) = list[i];
    }
    assert_done(mta_sts_fetches_add(db, of, fetches, p));
}

static apr_array_header_t *read_all(mta_sts_database *db, const char *domain, apr_pool_t *p)
{
    const mta_sts_fetches_filter filter = {domain, 0, T0 + 400 * DAY};
    apr_array_header_t *list;

    assert_done(mta_sts_fetches_read(db, &filter, 100000, p, &list));
    return list;
}

static const mta_sts_fetch *at(const apr_array_header_t *list, int i)
{
    assert_true(i < list->nelts);
    return &APR_ARRAY_IDX(list, i, mta_sts_fetch);
}

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

static void networks_of_a_domain_and_hour_are_limited(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const mta_sts_fetches_machine a = machine("a.example", T0, T0);
    mta_sts_fetch list[MTA_STS_FETCH_NETWORKS_MAX + 50];
    const apr_array_header_t *rows;
    int i;

    for (i = 0; i < MTA_STS_FETCH_NETWORKS_MAX + 50; i++) {
        list[i] = fetch_at("example.com", apr_psprintf(test->p, "10.0.%d.0/24", i), T0);
    }
    add(db, &a, list, MTA_STS_FETCH_NETWORKS_MAX + 50, test->p);
    add(db, &a, list, 1, test->p); /* a known one still counts by itself */
    rows = read_all(db, "example.com", test->p);
    assert_int_equal(rows->nelts, MTA_STS_FETCH_NETWORKS_MAX + 1);
    assert_string_equal(at(rows, 0)->network, "");
    assert_int_equal(at(rows, 0)->requests, 50);
    assert_int_equal(at(rows, 1)->requests, 2);
}

/* Anybody can have a TLS handshake fail. */
static void what_was_not_served_cannot_push_out_what_was(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    mta_sts_fetches_machine a = machine("a.example", T0, T0);
    mta_sts_fetch list[MTA_STS_FETCH_NETWORKS_MAX + MTA_STS_FETCH_REFUSED_MAX + 50];
    const int refused = MTA_STS_FETCH_REFUSED_MAX + 50, served = MTA_STS_FETCH_NETWORKS_MAX;
    const apr_array_header_t *rows;
    int i, by_network[2] = {0};

    for (i = 0; i < refused + served; i++) {
        list[i] =
            fetch_at("example.com", apr_psprintf(test->p, "10.%d.%d.0/24", i / 200, i % 200), T0);
        list[i].outcome = i < refused ? MTA_STS_FETCH_TLS_GAVE_UP : MTA_STS_FETCH_SERVED;
    }
    add(db, &a, list, refused + served, test->p);
    rows = read_all(db, "example.com", test->p);
    for (i = 0; i < rows->nelts; i++) {
        by_network[at(rows, i)->outcome == MTA_STS_FETCH_SERVED] += *at(rows, i)->network != '\0';
    }
    assert_int_equal(by_network[0], MTA_STS_FETCH_REFUSED_MAX);
    assert_int_equal(by_network[1], MTA_STS_FETCH_NETWORKS_MAX);
}

/* What is recorded by name of a day with room for 1,000 rows: named[1] were served. */
static void add_many_domains(database_test *test, int number, int outcome, apr_int64_t named[2])
{
    mta_sts_database *db = database_open(test);
    mta_sts_fetches_machine a = machine("a.example", T0, T0);
    const apr_array_header_t *rows;
    int i;

    a.rows_max = 4000;
    for (i = 0; i < number; i++) {
        mta_sts_fetch one =
            fetch_at(apr_psprintf(test->p, "d%d-%d.example", outcome, i), "192.0.2.0/24", T0);

        one.outcome = outcome;
        add(db, &a, &one, 1, test->p);
    }
    rows = read_all(db, NULL, test->p);
    named[0] = named[1] = 0;
    for (i = 0; i < rows->nelts; i++) {
        named[at(rows, i)->outcome == MTA_STS_FETCH_SERVED] += *at(rows, i)->domain != '\0';
    }
    mta_sts_database_close(db);
}

static void handshakes_of_many_domains_leave_half_of_a_day_to_those_that_were_served(void **state)
{
    apr_int64_t named[2];

    add_many_domains(*state, 700, MTA_STS_FETCH_TLS_FAILED, named);
    add_many_domains(*state, 700, MTA_STS_FETCH_SERVED, named);
    assert_int_equal(named[0], 500);
    assert_int_equal(named[1], 500);
}

static void requests_that_were_served_leave_their_room_to_handshakes_that_failed(void **state)
{
    apr_int64_t named[2];

    add_many_domains(*state, 600, MTA_STS_FETCH_SERVED, named);
    add_many_domains(*state, 300, MTA_STS_FETCH_TLS_FAILED, named);
    assert_int_equal(named[0], 300);
    assert_int_equal(named[1], 600);
    add_many_domains(*state, 700, MTA_STS_FETCH_TLS_GAVE_UP, named);
    assert_int_equal(named[0], 400);
}

static void it_is_known_when_the_log_is_getting_full(void **state)
{
    static const struct {
        int today, others, is_short;
    } cases[] = {{700, 0, 0}, {800, 0, 1}, {800, 3, 1}, {0, 4000, 0}, {2000, 0, 1}};
    apr_size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        database_test *test = *state;
        mta_sts_database *db = database_open(test);
        mta_sts_fetch_room room;

        assert_done(mta_sts_database_run(db, "DELETE FROM mta_sts_fetch_day"));
        assert_done(mta_sts_fetch_room_read(db, T0, 4000, &room));
        assert_int_equal(room.rows + room.days + room.is_short + room.oldest_end, 0);
        assert_done(mta_sts_database_run(
            db, "INSERT INTO mta_sts_fetch_day (day, entries) VALUES (%lld, %d)",
            (long long)(T0 / DAY), cases[i].today));
        assert_done(mta_sts_database_run(
            db, "INSERT INTO mta_sts_fetch_day (day, entries) VALUES (%lld, %d)",
            (long long)(T0 / DAY - 5), cases[i].others));
        assert_done(mta_sts_fetch_room_read(db, T0 + HOUR, 4000, &room));
        assert_int_equal(room.is_short, cases[i].is_short);
        assert_int_equal(room.oldest_end, T0 - 4 * DAY);
        assert_int_equal(room.days, 2);
    }
}

/* The finding that the log is full, in words; "": there is none. Days of 600 rows, of which one was
 * begun to be deleted some days ago. */
static const char *judged(database_test *test, apr_time_t ago, apr_int64_t quota, apr_int64_t keep)
{
    mta_sts_findings *findings = mta_sts_findings_make(test->p);
    mta_sts_database *db = database_open(test);

    assert_done(mta_sts_database_run(db, "DELETE FROM mta_sts_fetch_day"));
    assert_done(mta_sts_database_run(
        db,
        "INSERT INTO mta_sts_fetch_day (day, entries, removals) VALUES (%lld, 600, 0), "
        "(%lld, 600, 1)",
        (long long)(T0 / DAY), (long long)((T0 - ago) / DAY)));
    assert_done(mta_sts_fetch_room_check(db, T0, quota, keep, findings));
    mta_sts_database_close(db);
    return findings->list->nelts ? mta_sts_findings_at(findings, 0)->fix : "";
}

static void a_full_log_is_a_finding_until_its_quota_suffices_or_for_a_week(void **state)
{
    /* 36 days of 601 rows of 320 bytes in an eighth of the quota */
    static const apr_int64_t enough = APR_INT64_C(36) * 601 * 320 * 8;
    const struct {
        apr_time_t ago;
        apr_int64_t quota, keep;
        const char *fix;
    } cases[] = {
        {DAY, enough - 1, 30, "at least 53M"},
        {6 * DAY, enough - 1, 30, "at least 53M"},
        {7 * DAY, enough - 1, 30, ""},
        {DAY, enough, 30, ""},
        {DAY, enough - 1, 29, ""},
        {DAY, 1, 0, ""},
    };
    apr_size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *fix = judged(*state, cases[i].ago, cases[i].quota, cases[i].keep);

        assert_true(*cases[i].fix ? strstr(fix, cases[i].fix) != NULL : !*fix);
    }
}

static const char *expire(mta_sts_database *db, apr_time_t keep, apr_time_t full, int max,
                          apr_pool_t *p, int *more)
{
    const mta_sts_fetches_ages ages = {keep, full, T0 + 100 * DAY};

    return mta_sts_fetches_expire(db, &ages, max, p, more);
}

/* A row on each of seven days, of which the last one is short of room, at noon of that day. */
#define NOON (T0 + 6 * DAY + 12 * HOUR)

static void fill_days(mta_sts_database *db, int rows, apr_pool_t *p)
{
    const mta_sts_fetches_machine a = machine("a.example", T0, NOON);
    int day, i;

    for (day = 0; day < 7; day++) {
        for (i = 0; i < rows; i++) {
            const mta_sts_fetch one =
                fetch_at(apr_psprintf(p, "d%d.example", i), "192.0.2.0/24", T0 + day * DAY);

            add(db, &a, &one, 1, p);
        }
    }
    assert_done(mta_sts_database_run(db,
                                     "UPDATE mta_sts_fetch_day SET entries = 900 WHERE day = %lld",
                                     (long long)(NOON / DAY)));
}

/* As the watchdog does it, in a process that has just been started. Returns until when it deletes;
 * 0: it does not. */
static apr_time_t make_room(database_test *test, apr_time_t now, int max, int *began)
{
    mta_sts_database *db = database_open(test);
    mta_sts_fetch_room room;
    apr_time_t until;
    int more;

    assert_done(mta_sts_fetch_room_make(db, now, 4000, &room, &until, began));
    if (until) {
        const mta_sts_fetches_ages ages = {until, T0, T0 + 100 * DAY};

        assert_done(mta_sts_fetches_expire(db, &ages, max, test->p, &more));
    }
    mta_sts_database_close(db);
    return until;
}

static apr_time_t oldest(mta_sts_database *db)
{
    apr_int64_t hour = 0;

    assert_done(mta_sts_database_rows(db, "SELECT min(hour) FROM mta_sts_fetch",
                                      mta_sts_database_take_number, &hour));
    return hour * HOUR;
}

static void at_most_two_days_are_deleted_on_a_day_however_often_a_process_is_started(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    int began;

    fill_days(db, 1, test->p);
    assert_int_equal(make_room(test, NOON, 10, &began), T0 + DAY);
    assert_true(began);
    assert_int_equal(make_room(test, NOON, 10, &began), T0 + 2 * DAY);
    assert_int_equal(make_room(test, NOON, 10, &began), 0);
    assert_false(began);
    assert_int_equal(oldest(db), T0 + 2 * DAY);
    /* The next day has none yet, and then two of its own. */
    assert_int_equal(make_room(test, NOON + DAY, 10, &began), 0);
    assert_done(
        mta_sts_database_run(db, "INSERT INTO mta_sts_fetch_day (day, entries) VALUES (%lld, 900)",
                             (long long)(NOON / DAY + 1)));
    assert_int_equal(make_room(test, NOON + DAY, 10, &began), T0 + 3 * DAY);
}

static void a_day_whose_deletion_was_interrupted_is_deleted_completely(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    int began, i;

    fill_days(db, 5, test->p);
    for (i = 0; i < 6; i++) { /* of one row each, the last one finds no more */
        assert_int_equal(make_room(test, NOON, 1, &began), T0 + DAY);
        assert_int_equal(began, i == 0);
    }
    assert_int_equal(oldest(db), T0 + DAY);
    assert_int_equal(make_room(test, NOON, 10, &began), T0 + 2 * DAY);
    assert_true(began);
}

static void rows_of_a_day_are_counted_until_all_of_them_are_deleted(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const char *count = "SELECT count(*) FROM mta_sts_fetch_day WHERE day = %lld";
    apr_int64_t counted;
    int more, i;

    fill_days(db, 2, test->p);
    for (i = 0; i < 3; i++) {
        assert_done(mta_sts_database_rows(db, count, mta_sts_database_take_number, &counted,
                                          (long long)(T0 / DAY)));
        assert_int_equal(counted, 1);
        assert_done(expire(db, T0 + DAY, T0, 1, test->p, &more));
    }
    assert_done(mta_sts_database_rows(db, count, mta_sts_database_take_number, &counted,
                                      (long long)(T0 / DAY)));
    assert_int_equal(counted, 0);
}

static void the_rows_of_a_day_are_limited_and_later_days_have_their_own(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    mta_sts_fetches_machine a = machine("a.example", T0, T0);
    int day, i;

    a.rows_max = 8000;
    for (day = 0; day < 2; day++) {
        for (i = 0; i < 2200; i++) {
            const mta_sts_fetch one =
                fetch_at(apr_psprintf(test->p, "d%d.example", i), "192.0.2.0/24", T0 + day * DAY);

            add(db, &a, &one, 1, test->p);
        }
    }
    /* A quarter of 8,000, and of the 6,000 that are left; all others are one row of the day. */
    assert_int_equal(read_all(db, NULL, test->p)->nelts, 2000 + 1 + 1500 + 1);
    assert_int_equal(at(read_all(db, "", test->p), 0)->requests, 700);
    assert_int_equal(at(read_all(db, "", test->p), 1)->requests, 200);
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
        DATABASE_TESTS(networks_of_a_domain_and_hour_are_limited),
        DATABASE_TESTS(what_was_not_served_cannot_push_out_what_was),
        DATABASE_TESTS(handshakes_of_many_domains_leave_half_of_a_day_to_those_that_were_served),
        DATABASE_TESTS(requests_that_were_served_leave_their_room_to_handshakes_that_failed),
        DATABASE_TESTS(it_is_known_when_the_log_is_getting_full),
        DATABASE_TESTS(a_full_log_is_a_finding_until_its_quota_suffices_or_for_a_week),
        DATABASE_TESTS(at_most_two_days_are_deleted_on_a_day_however_often_a_process_is_started),
        DATABASE_TESTS(a_day_whose_deletion_was_interrupted_is_deleted_completely),
        DATABASE_TESTS(rows_of_a_day_are_counted_until_all_of_them_are_deleted),
        DATABASE_TESTS(the_rows_of_a_day_are_limited_and_later_days_have_their_own),
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
