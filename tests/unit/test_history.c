/* SPDX-License-Identifier: Apache-2.0 */
#include "database_fixture.h"

#include "core/database/history.h"
#include "core/hosting/rollout_read.h"
#include "core/policy/policy.h"

#define DAY apr_time_from_sec(86400)
#define T0 apr_time_from_sec(1800000000)

/* --- helpers --- */

static const char *text_of(apr_pool_t *p, const char *mode, int max_age)
{
    return apr_psprintf(p, "version: STSv1\r\nmode: %s\r\nmx: mx.example\r\nmax_age: %d\r\n", mode,
                        max_age);
}

static const char *id_of(apr_pool_t *p, const char *text)
{
    return mta_sts_policy_id(p, text, strlen(text));
}

static void serve(apr_array_header_t *served, const char *domain, const char *text)
{
    apr_pool_t *p = served->pool;
    const mta_sts_history_served one = {domain, id_of(p, text), text, strlen(text)};

    APR_ARRAY_PUSH(served, mta_sts_history_served) = one;
}

static apr_array_header_t *nothing(apr_pool_t *p)
{
    return apr_array_make(p, 1, sizeof(mta_sts_history_served));
}

static mta_sts_history_machine machine_at(apr_time_t started)
{
    const mta_sts_history_machine machine = {"a.example", T0, started, started, started};

    return machine;
}

/* Records a start of a machine that serves these policies; returns the changes. */
static apr_array_header_t *note(mta_sts_database *db, mta_sts_history_machine machine,
                                const apr_array_header_t *served)
{
    apr_array_header_t *changes;

    assert_done(mta_sts_history_record(db, &machine, served, served->pool, &changes));
    return changes;
}

/* The same with one text for example.com. */
static apr_array_header_t *note_text(mta_sts_database *db, apr_pool_t *p, apr_time_t started,
                                     const char *text)
{
    apr_array_header_t *served = nothing(p);

    serve(served, "example.com", text);
    return note(db, machine_at(started), served);
}

static void note_again(mta_sts_database *db, apr_time_t now)
{
    const mta_sts_history_machine machine = {"a.example", T0, T0, T0, now};

    assert_done(mta_sts_history_confirm(db, &machine));
}

static apr_array_header_t *read_all(mta_sts_database *db, apr_pool_t *p, const char *domain)
{
    apr_array_header_t *entries;

    assert_done(mta_sts_history_read(db, domain, p, &entries));
    return entries;
}

static const mta_sts_history_entry *entry(const apr_array_header_t *entries, int i)
{
    assert_true(i < entries->nelts);
    return &APR_ARRAY_IDX(entries, i, mta_sts_history_entry);
}

/* Until when senders may have cached a policy of example.com other than text. */
static apr_time_t until(mta_sts_database *db, apr_pool_t *p, apr_time_t now, const char *text)
{
    const char *id = id_of(p, text);
    const mta_sts_rollout_query query = {
        .domain = "example.com", .host = "a.example", .now = now, .id = id, .is_brief = 1};
    mta_sts_rollout *rollout;

    assert_done(mta_sts_rollout_read(db, &query, p, &rollout));
    assert_non_null(rollout);
    return mta_sts_rollout_copies(rollout).recorded;
}

/* --- tests --- */

static void test_a_first_policy_is_recorded_and_is_not_a_change(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const char *text = text_of(test->p, "testing", 86400);
    const mta_sts_history_entry *only;
    apr_array_header_t *entries;

    assert_int_equal(note_text(db, test->p, T0, text)->nelts, 0);
    entries = read_all(db, test->p, "example.com");
    assert_int_equal(entries->nelts, 1);
    only = entry(entries, 0);
    assert_string_equal(only->host, "a.example");
    assert_string_equal(only->domain, "example.com");
    assert_string_equal(only->text, text);
    assert_string_equal(only->id, id_of(test->p, text));
    assert_int_equal(only->max_age, 86400);
    assert_int_equal(only->first, T0);
    assert_int_equal(only->last, T0);
    assert_true(only->is_served);
    assert_int_equal(until(db, test->p, T0, text), 0);
    assert_int_equal(read_all(db, test->p, "other.example")->nelts, 0);
}

static void test_a_change_is_reported_once_with_both_ids(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const char *one = text_of(test->p, "testing", 86400);
    const char *two = text_of(test->p, "enforce", 86400);
    apr_array_header_t *changes;
    const mta_sts_history_change *change;

    note_text(db, test->p, T0, one);
    assert_int_equal(note_text(db, test->p, T0 + DAY, one)->nelts, 0);
    changes = note_text(db, test->p, T0 + 2 * DAY, two);
    assert_int_equal(changes->nelts, 1);
    change = &APR_ARRAY_IDX(changes, 0, mta_sts_history_change);
    assert_string_equal(change->domain, "example.com");
    assert_string_equal(change->old_id, id_of(test->p, one));
    assert_string_equal(change->id, id_of(test->p, two));
    assert_int_equal(note_text(db, test->p, T0 + 3 * DAY, two)->nelts, 0);
}

static void test_a_policy_replaced_on_a_running_server_was_served_until_then(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const char *one = text_of(test->p, "testing", 10 * 86400);
    const char *two = text_of(test->p, "none", 86400);
    apr_array_header_t *entries;

    note_text(db, test->p, T0, one);
    note_again(db, T0 + DAY);
    note_text(db, test->p, T0 + 5 * DAY, two);
    entries = read_all(db, test->p, "example.com");
    assert_int_equal(entries->nelts, 2);
    assert_string_equal(entry(entries, 0)->text, two);
    assert_true(entry(entries, 0)->is_served);
    assert_string_equal(entry(entries, 1)->text, one);
    assert_false(entry(entries, 1)->is_served);
    assert_int_equal(entry(entries, 1)->first, T0);
    assert_int_equal(entry(entries, 1)->last, T0 + 5 * DAY);
    assert_int_equal(until(db, test->p, T0 + 5 * DAY, two), T0 + 15 * DAY);
}

static void test_a_policy_of_a_stopped_server_ended_soon_after_it_was_last_confirmed(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const char *one = text_of(test->p, "testing", 86400), *two = text_of(test->p, "none", 86400);
    mta_sts_history_machine later = {"a.example", T0 + 5 * DAY, T0 + 5 * DAY, T0 + 5 * DAY,
                                     T0 + 5 * DAY};
    apr_array_header_t *served = nothing(test->p);

    note_text(db, test->p, T0, one);
    note_again(db, T0 + DAY);
    serve(served, "example.com", two);
    assert_int_equal(note(db, later, served)->nelts, 1);
    assert_int_equal(entry(read_all(db, test->p, "example.com"), 1)->last,
                     T0 + DAY + MTA_STS_HISTORY_INTERVAL);
}

static void test_the_longest_cached_earlier_policy_counts(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const char *year = text_of(test->p, "enforce", 31557600);
    const char *week = text_of(test->p, "enforce", 7 * 86400);
    const char *none = text_of(test->p, "none", 86400);
    const apr_time_t end = T0 + DAY + apr_time_from_sec(31557600);

    note_text(db, test->p, T0, year);
    note_text(db, test->p, T0 + DAY, week);
    note_text(db, test->p, T0 + 2 * DAY, none);
    assert_int_equal(until(db, test->p, T0 + 2 * DAY, none), end);
    assert_int_equal(until(db, test->p, end - 1, none), end);
    assert_int_equal(until(db, test->p, end, none), 0);
    /* Until the year's policy is recorded as served again, no earlier policy with max_age of a week
     * is cached. */
    assert_int_equal(until(db, test->p, T0 + 2 * DAY, year), T0 + 9 * DAY);
}

static void test_a_policy_not_confirmed_yet_is_served_until_now(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const char *one = text_of(test->p, "enforce", 10 * 86400);
    const char *two = text_of(test->p, "none", 86400);

    note_text(db, test->p, T0, one);
    assert_int_equal(until(db, test->p, T0 + 3 * DAY, two), T0 + 13 * DAY);
}

static void test_a_policy_served_again_is_not_an_earlier_one(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const char *one = text_of(test->p, "testing", 86400);
    const char *two = text_of(test->p, "enforce", 86400);

    note_text(db, test->p, T0, one);
    note_text(db, test->p, T0 + DAY, two);
    assert_int_equal(note_text(db, test->p, T0 + 2 * DAY, one)->nelts, 1);
    assert_int_equal(read_all(db, test->p, "example.com")->nelts, 3);
    assert_int_equal(until(db, test->p, T0 + 2 * DAY, one), T0 + 3 * DAY);
    assert_int_equal(until(db, test->p, T0 + 3 * DAY, one), 0);
}

static void
test_a_clock_that_is_not_set_yet_does_not_end_a_policy_before_it_was_confirmed(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const char *one = text_of(test->p, "enforce", 86400), *two = text_of(test->p, "none", 86400);
    apr_array_header_t *served = nothing(test->p);
    const mta_sts_history_machine early = {"a.example", DAY, DAY, DAY, DAY};

    note_text(db, test->p, T0, one);
    note_again(db, T0 + DAY);
    serve(served, "example.com", two);
    assert_int_equal(note(db, early, served)->nelts, 1);
    assert_int_equal(entry(read_all(db, test->p, "example.com"), 1)->last,
                     T0 + DAY + MTA_STS_HISTORY_INTERVAL);
}

static void test_the_beginning_is_corrected_once_the_clock_is_set(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const char *one = text_of(test->p, "enforce", 86400), *two = text_of(test->p, "none", 86400);
    apr_array_header_t *served = nothing(test->p);
    const mta_sts_history_machine early = {"a.example", DAY, DAY, DAY, DAY},
                                  set = {"a.example", DAY, T0, DAY, T0 + DAY};

    note_text(db, test->p, T0 - 9 * DAY, two);
    serve(served, "example.com", one);
    note(db, early, served);
    assert_int_equal(entry(read_all(db, test->p, "example.com"), 0)->first, DAY);
    assert_done(mta_sts_history_confirm(db, &set));
    assert_int_equal(entry(read_all(db, test->p, "example.com"), 0)->first, T0);
    assert_int_equal(entry(read_all(db, test->p, "example.com"), 1)->first, T0 - 9 * DAY);
    note(db, (mta_sts_history_machine){"a.example", DAY, T0 + DAY, T0 + DAY, T0 + DAY}, served);
    assert_int_equal(entry(read_all(db, test->p, "example.com"), 0)->first, T0);
}

static void test_a_removed_domain_ends_and_can_begin_again(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const char *text = text_of(test->p, "testing", 86400);

    note_text(db, test->p, T0, text);
    assert_int_equal(note(db, machine_at(T0 + DAY), nothing(test->p))->nelts, 0);
    assert_false(entry(read_all(db, test->p, "example.com"), 0)->is_served);
    assert_int_equal(until(db, test->p, T0 + DAY, ""), T0 + 2 * DAY);
    assert_int_equal(note_text(db, test->p, T0 + 2 * DAY, text)->nelts, 0);
    assert_true(entry(read_all(db, test->p, "example.com"), 0)->is_served);
}

static void test_a_machine_does_not_end_policies_of_others(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const char *one = text_of(test->p, "testing", 86400), *two = text_of(test->p, "none", 86400);
    mta_sts_history_machine other = {"b.example", T0, T0, T0, T0};
    apr_array_header_t *served = nothing(test->p);

    serve(served, "example.com", one);
    note(db, other, served);
    note_text(db, test->p, T0, one);
    note_text(db, test->p, T0 + DAY, two);
    assert_int_equal(note(db, other, served)->nelts, 0);
    assert_int_equal(read_all(db, test->p, "example.com")->nelts, 3);
    /* The other machine was last seen a day ago, so what it served then counts. */
    assert_int_equal(until(db, test->p, T0 + DAY, two), T0 + 2 * DAY);
}

static void expire_at(mta_sts_database *db, apr_time_t now)
{
    int is_waiting;

    assert_done(mta_sts_history_expire(db, now, 1, &is_waiting));
    assert_false(is_waiting);
}

static void test_nothing_is_deleted_by_a_date_that_is_not_trusted(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const apr_time_t began = apr_time_now() - 600 * DAY;
    const char *one = text_of(test->p, "testing", 86400), *two = text_of(test->p, "none", 86400);
    const struct {
        int days, is_waiting;
    } cases[] = {{300, 0}, {500, 1}};
    apr_size_t i;

    note_text(db, test->p, began, one);
    note_text(db, test->p, began + DAY, two);
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int is_waiting;

        assert_done(mta_sts_history_expire(db, began + cases[i].days * DAY, 0, &is_waiting));
        assert_int_equal(is_waiting, cases[i].is_waiting);
        assert_int_equal(read_all(db, test->p, "example.com")->nelts, 2);
    }
}

static void test_policies_that_no_cache_can_contain_are_deleted_in_time(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const apr_time_t began = apr_time_now() - 600 * DAY;
    const char *one = text_of(test->p, "testing", 86400), *two = text_of(test->p, "none", 86400);

    note_text(db, test->p, began, one);
    note_text(db, test->p, began + DAY, two);
    note_text(db, test->p, began + 300 * DAY, two);
    expire_at(db, began + 300 * DAY);
    assert_int_equal(read_all(db, test->p, "example.com")->nelts, 2);
    note_text(db, test->p, began + 500 * DAY, two);
    expire_at(db, began + 500 * DAY);
    assert_int_equal(read_all(db, test->p, "example.com")->nelts, 1);
}

static void test_the_policies_of_a_machine_that_is_gone_are_deleted_in_time(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const apr_time_t began = apr_time_now() - 600 * DAY;
    const char *one = text_of(test->p, "testing", 86400);
    mta_sts_history_machine other = machine_at(began);
    apr_array_header_t *served = nothing(test->p);

    serve(served, "example.com", one);
    other.host = "gone.example";
    note(db, other, served);
    note_text(db, test->p, began + 400 * DAY, one);
    expire_at(db, began + 400 * DAY);
    assert_int_equal(read_all(db, test->p, "example.com")->nelts, 2);
    note_text(db, test->p, began + 402 * DAY, one);
    expire_at(db, began + 402 * DAY);
    assert_int_equal(read_all(db, test->p, "example.com")->nelts, 1);
    assert_string_equal(entry(read_all(db, test->p, "example.com"), 0)->host, "a.example");
}

/* Rows of machines that share a database are not at the mercy of the clock of one of them. */
static void test_a_clock_that_is_ahead_deletes_nothing_of_other_machines(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const char *one = text_of(test->p, "testing", 86400), *two = text_of(test->p, "none", 86400);
    const apr_time_t now = apr_time_now();
    mta_sts_history_machine other = machine_at(now - 2 * DAY);
    apr_array_header_t *served = nothing(test->p), *later = nothing(test->p);

    serve(served, "example.com", one);
    serve(later, "example.com", two);
    other.host = "b.example";
    note(db, other, served);
    other.started = other.stamped = other.now = now - DAY;
    note(db, other, later);
    note_text(db, test->p, now + 1000 * DAY, two);
    assert_int_equal(read_all(db, test->p, "example.com")->nelts, 3);
}

/* By its own clock, it was seen last in 1970. */
static void test_policies_of_a_machine_that_the_database_hears_of_are_not_deleted(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const char *one = text_of(test->p, "testing", 86400);
    mta_sts_history_machine other = machine_at(DAY);
    apr_array_header_t *served = nothing(test->p);

    serve(served, "example.com", one);
    other.host = "b.example";
    note(db, other, served);
    assert_done(mta_sts_database_run(
        db,
        "INSERT INTO mta_sts_machine (identity, host, confirmed) VALUES ('b', 'b.example', %lld)",
        (long long)apr_time_now()));
    note_text(db, test->p, apr_time_now(), one);
    assert_int_equal(read_all(db, test->p, "example.com")->nelts, 2);
}

static void test_an_error_is_reported_and_leaves_nothing_half_written(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    mta_sts_history_machine machine = machine_at(T0 + DAY);
    apr_array_header_t *served = nothing(test->p), *changes;

    note_text(db, test->p, T0, text_of(test->p, "testing", 86400));
    serve(served, "example.com", text_of(test->p, "none", 86400));
    serve(served, "other.example", text_of(test->p, "none", 86400));
    serve(served, "other.example", text_of(test->p, "none", 86400)); /* twice the same key */
    assert_non_null(mta_sts_history_record(db, &machine, served, test->p, &changes));
    assert_int_equal(changes->nelts, 0);
    assert_int_equal(read_all(db, test->p, "example.com")->nelts, 1);
    assert_int_equal(read_all(db, test->p, "other.example")->nelts, 0);
    assert_int_equal(note_text(db, test->p, T0 + DAY, text_of(test->p, "none", 86400))->nelts, 1);
}

/* A generous limit, because the machine may be busy. */
static void test_ten_thousand_domains_are_recorded_quickly(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    apr_array_header_t *before = nothing(test->p), *after = nothing(test->p);
    apr_time_t began = apr_time_now();
    int i;

    for (i = 0; i < 10000; i++) {
        const char *domain = apr_psprintf(test->p, "d%d.example", i);

        serve(before, domain, text_of(test->p, "testing", 86400 + i));
        serve(after, domain, text_of(test->p, i % 2 ? "none" : "testing", 86400 + i));
    }
    assert_int_equal(note(db, machine_at(T0), before)->nelts, 0);
    assert_int_equal(note(db, machine_at(T0 + DAY), before)->nelts, 0);
    note_again(db, T0 + DAY);
    assert_int_equal(note(db, machine_at(T0 + 2 * DAY), after)->nelts, 5000);
    print_message("10,000 domains: %d ms\n", (int)apr_time_as_msec(apr_time_now() - began));
    assert_true(apr_time_now() - began < apr_time_from_sec(60));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATABASE_TESTS(test_a_first_policy_is_recorded_and_is_not_a_change),
        DATABASE_TESTS(test_a_change_is_reported_once_with_both_ids),
        DATABASE_TESTS(test_a_policy_replaced_on_a_running_server_was_served_until_then),
        DATABASE_TESTS(test_a_policy_of_a_stopped_server_ended_soon_after_it_was_last_confirmed),
        DATABASE_TESTS(test_the_longest_cached_earlier_policy_counts),
        DATABASE_TESTS(test_a_policy_not_confirmed_yet_is_served_until_now),
        DATABASE_TESTS(test_a_policy_served_again_is_not_an_earlier_one),
        DATABASE_TESTS(
            test_a_clock_that_is_not_set_yet_does_not_end_a_policy_before_it_was_confirmed),
        DATABASE_TESTS(test_the_beginning_is_corrected_once_the_clock_is_set),
        DATABASE_TESTS(test_a_removed_domain_ends_and_can_begin_again),
        DATABASE_TESTS(test_a_machine_does_not_end_policies_of_others),
        DATABASE_TESTS(test_policies_that_no_cache_can_contain_are_deleted_in_time),
        DATABASE_TESTS(test_nothing_is_deleted_by_a_date_that_is_not_trusted),
        DATABASE_TESTS(test_the_policies_of_a_machine_that_is_gone_are_deleted_in_time),
        PGSQL_TEST(test_a_clock_that_is_ahead_deletes_nothing_of_other_machines),
        DATABASE_TESTS(test_policies_of_a_machine_that_the_database_hears_of_are_not_deleted),
        DATABASE_TESTS(test_an_error_is_reported_and_leaves_nothing_half_written),
        DATABASE_TESTS(test_ten_thousand_domains_are_recorded_quickly),
    };

    return RUN_DATABASE_TESTS(tests);
}
