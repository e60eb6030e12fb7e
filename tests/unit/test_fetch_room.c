/* SPDX-License-Identifier: Apache-2.0 */
#include "fetches_fixture.h"

#include "core/database/fetch_room.h"

/* How much the fetch log records, and what is deleted where that is not enough. */

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };

    return RUN_DATABASE_TESTS(tests);
}
