/* SPDX-License-Identifier: Apache-2.0 */
#include "index_fixture.h"
#include "gzip_fixture.h"
#include "mixed_reports.h"
#include "core/database/history.h"
#include "tlsrpt/index/origin.h"
#include "tlsrpt/report/read.h"

/* Limits of a call and of a report: time, rows and space. */

/* --- time --- */

static void test_a_call_ends_with_its_budget_and_the_next_call_continues(void **state)
{
    indexed *index = make_index(state);
    tlsrpt_index_done done;
    unsigned seed = 9, i;

    for (i = 0; i < 20; i++) {
        store_mixed(index, &seed);
    }
    index->task.budget = 0;
    assert_done(tlsrpt_index_update(index->db, &index->task, index->p, index->findings, &done));
    assert_int_equal(done.added, 1);
    assert_int_equal(done.more, 1);
    update_index(index);
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

static int always(void *baton)
{
    (void)baton;
    return 1;
}

static void test_a_call_that_is_asked_to_end_stops(void **state)
{
    indexed *index = make_index(state);
    tlsrpt_index_done done;

    store(index, variant(index, "1"), NULL);
    index->task.is_ending = always;
    assert_done(tlsrpt_index_update(index->db, &index->task, index->p, index->findings, &done));
    assert_int_equal(done.added, 0);
    assert_int_equal(done.more, 1);
}

static void test_a_locked_database_is_reported_and_nothing_is_lost(void **state)
{
    indexed *index = make_index(state);
    mta_sts_database *holder = database_open(*state);
    text_rows rows = {index->p, ""};
    tlsrpt_index_done done;

    store(index, variant(index, "1"), NULL);
    assert_done(mta_sts_database_rows(index->db, "PRAGMA busy_timeout = 1", add_first, &rows));
    assert_done(mta_sts_database_begin(holder));
    assert_non_null(tlsrpt_index_update(index->db, &index->task, index->p, index->findings, &done));
    mta_sts_database_rollback(holder);
    update_index(index);
    assert_string_equal(states(index), "0");
}

/* --- room --- */

#define MANY 1000

/* Failures that differ in a member that `format` creates from their number. */
static const char *many_failures(apr_pool_t *p, const char *id, const char *format)
{
    apr_array_header_t *parts = apr_array_make(p, MANY, sizeof(const char *));
    int i;

    for (i = 0; i < MANY; i++) {
        APR_ARRAY_PUSH(parts, const char *) = apr_psprintf(p, format, i);
    }
    return report_json(
        p, "A", id, MONDAY,
        policy_json(p, "sts", "d.example", "1", number(p, MANY), apr_array_pstrcat(p, parts, ',')));
}

/* A few bytes that inflate to many rows. */
static void store_packed(indexed *index, const char *json)
{
    const tlsrpt_receipt receipt = {MONDAY * DAY, "https", NULL, NULL};
    const bytes packed = gzip_of(index->p, json, strlen(json));
    const char *reason;
    const char *digest =
        tlsrpt_report_read(index->p, packed.at, packed.len, &tlsrpt_limits_default)->digest;

    assert_int_equal(tlsrpt_spool_store(index->task.spool, TLSRPT_REPORTS, digest, &receipt,
                                        packed.at, packed.len, index->p, &reason),
                     TLSRPT_STORED);
    assert_true(packed.len < strlen(json) / 4);
}

static void test_a_report_takes_rows_in_proportion_to_its_bytes(void **state)
{
    static const struct {
        const char *format;
        int min, max;
    } cases[] = {
        {"{\"result-type\":\"t\",\"failed-session-count\":1,\"sending-mta-ip\":\"%d\"}", 1, 1},
        {"{\"result-type\":\"t\",\"failed-session-count\":1,\"receiving-mx-hostname\":\"%d\"}", 1,
         1},
        {"{\"result-type\":\"t%d\",\"failed-session-count\":1}", 64, MANY / 2},
    };
    indexed *index = make_index(state);
    unsigned i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tlsrpt_domain *all;

        store_packed(index, many_failures(index->p, number(index->p, i), cases[i].format));
        update_index(index);
        assert_int_equal(index->all.unreadable, 0);
        assert_int_in_range(count_rows(index, "tlsrpt_failure"), cases[i].min, cases[i].max);
        assert_done(tlsrpt_index_sum_all(index->db, NULL, index->p, &all));
        assert_true(all->failed == MANY);
        remove_everything(index);
        update_index(index);
        assert_nothing_is_left(index);
    }
}

/* The bytes of all texts in the index. */
static int count_text(indexed *index)
{
    static const char *const tables[] = {"tlsrpt_string", "tlsrpt_domain", "tlsrpt_organization"};
    int sum = 0;
    unsigned i;

    for (i = 0; i < 3; i++) {
        text_rows rows = {index->p, ""};

        assert_done(mta_sts_database_rows(
            index->db,
            apr_pstrcat(index->p, "SELECT sum(length(text) + coalesce(length(whole), 0)) FROM ",
                        tables[i], " WHERE 0 < %d", NULL),
            add_first, &rows, 1));
        sum += atoi(rows.text);
    }
    return sum;
}

/* Long texts that differ at their beginning, and compress well. */
static const char *long_text(apr_pool_t *p, int number)
{
    char *tail = apr_palloc(p, 8001);

    memset(tail, 'a', 8000);
    tail[8000] = '\0';
    return apr_psprintf(p, "%d-%s", number, tail);
}

static void test_texts_take_room_in_proportion_to_the_bytes_of_a_report(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    const char *policies = "", *failures = "";
    tlsrpt_domain *all;
    int i;

    for (i = 0; i < 20; i++) {
        const char *text = long_text(p, i);

        failures = apr_pstrcat(p, failures, i ? "," : "",
                               failure_json(p, text, text, long_text(p, 100 + i), "1"), NULL);
        policies =
            apr_pstrcat(p, policies, i ? "," : "", policy_json(p, text, text, "1", "0", ""), NULL);
    }
    policies = apr_pstrcat(p, policies, ",",
                           policy_json(p, "sts", "a.example", "1", "20", failures), NULL);
    store_packed(index, report_json(p, long_text(p, 99), "1", MONDAY, policies));
    update_index(index);
    assert_int_equal(index->all.unreadable, 0);
    assert_int_in_range(count_text(index), 4096, 65536);
    assert_done(tlsrpt_index_sum_all(index->db, NULL, p, &all));
    assert_true(all->successful == 21 && all->failed == 20 && all->reports == 1);
    remove_everything(index);
    update_index(index);
    assert_nothing_is_left(index);
}

/* --- room of all reports of a day --- */

#define FLOOD 300 /* together they have more than TLSRPT_PLAUSIBLE_MIN sessions */

/* A few bytes with many made-up names. */
static const char *made_up(apr_pool_t *p, unsigned seed)
{
    apr_array_header_t *failures = apr_array_make(p, 60, sizeof(const char *));
    apr_array_header_t *policies = apr_array_make(p, 60, sizeof(const char *));
    unsigned i;

    for (i = 0; i < 60; i++) {
        const char *name = number(p, seed * 1000 + i);

        APR_ARRAY_PUSH(failures, const char *) = failure_json(p, name, name, name, "1");
    }
    for (i = 0; i < 60; i++) {
        const char *name = number(p, seed * 1000 + 100 + i);

        APR_ARRAY_PUSH(policies, const char *) =
            policy_json(p, name, i ? name : "d.example", "1", "1",
                        i ? "" : apr_array_pstrcat(p, failures, ','));
    }
    return report_json(p, number(p, seed), number(p, seed), MONDAY,
                       apr_array_pstrcat(p, policies, ','));
}

static int count_texts(indexed *index)
{
    return count_rows(index, "tlsrpt_string") + count_rows(index, "tlsrpt_domain") +
           count_rows(index, "tlsrpt_organization");
}

static void test_made_up_names_of_all_reports_of_a_day_are_limited_and_sums_stay_exact(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    tlsrpt_domain *all;
    int texts, rows;
    unsigned i;

    for (i = 0; i < FLOOD; i++) {
        store_packed(index, made_up(p, i));
    }
    update_index(index);
    texts = count_texts(index);
    rows = count_rows(index, "tlsrpt_policy") + count_rows(index, "tlsrpt_failure");
    assert_int_in_range(texts + rows, 1000, 5000 + 16 * FLOOD);
    assert_done(tlsrpt_index_sum_all(index->db, NULL, p, &all));
    assert_true(all->reports == FLOOD && all->failed == 60 * FLOOD &&
                all->successful == 60 * FLOOD);

    /* Known names are still found, in reports of that day too; those of another day are new. */
    store_at(p, index->task.spool, simple_json(p, "new", "d.example", MONDAY, "7", "0"),
             MONDAY * DAY, NULL);
    update_index(index);
    assert_int_equal(count_texts(index), texts + 1); /* the organization */
    store_at(p, index->task.spool, simple_json(p, "sender", "made-up.example", MONDAY, "7", "0"),
             MONDAY * DAY, NULL);
    update_index(index);
    assert_null(strstr(index_text(index, NULL), "made-up.example"));
    store_at(p, index->task.spool, simple_json(p, "new", "new.example", MONDAY, "8", "0"),
             (MONDAY + 1) * DAY, NULL);
    store_at(p, index->task.spool, simple_json(p, "signed", "d.example", MONDAY + 2, "9", "0"),
             MONDAY * DAY, "example.net");
    update_index(index);
    assert_non_null(strstr(index_text(index, NULL), "\nnew.example 1 reports "));
    assert_non_null(strstr(index_text(index, NULL), " sender signed "));

    remove_everything(index);
    update_index(index);
    assert_nothing_is_left(index);
}

static void test_reports_that_are_read_again_may_add_the_same_names(void **state)
{
    indexed *index = make_index(state);
    int more = 1, texts;
    unsigned i;

    for (i = 0; i < 20; i++) {
        store_packed(index, made_up(index->p, i));
    }
    update_index(index);
    texts = count_texts(index);
    for (i = 0; i < 10; i++) {
        for (more = 1; more;) {
            assert_done(
                tlsrpt_index_forget(index->db, HOST, apr_time_from_sec(60), index->p, &more));
        }
        update_index(index);
        assert_int_equal(count_texts(index), texts);
    }
}

static void test_a_report_with_many_failures_and_bytes_is_indexed_completely(void **state)
{
    indexed *index = make_index(state);

    store(index, many_failures(index->p, "1", "{\"result-type\":\"t\",\"sending-mta-ip\":\"%d\"}"),
          NULL);
    update_index(index);
    assert_int_equal(count_rows(index, "tlsrpt_failure"), MANY);
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

static void test_reports_accepted_under_a_larger_limit_are_indexed(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    const int objects = 100000; /* jansson takes 24 MB for them */
    const char *json = simple_json(p, "A", "a.example", MONDAY, "7", "0");
    char *more = apr_palloc(p, 3 * (apr_size_t)objects + 1);
    tlsrpt_limits limits = tlsrpt_limits_default;
    const tlsrpt_receipt receipt = {MONDAY * DAY, "https", NULL, NULL};
    const char *digest, *reason;
    int i;

    for (i = 0; i < objects; i++) {
        memcpy(more + 3 * i, "{},", 3);
    }
    more[3 * objects - 1] = '\0';
    json = apr_pstrcat(p, "{\"more\":[", more, "],", json + 1, NULL);
    assert_int_not_equal(tlsrpt_report_read(p, json, strlen(json), &limits)->outcome, TLSRPT_READ);
    limits.memory = 100 << 20;
    digest = tlsrpt_report_read(p, json, strlen(json), &limits)->digest;
    assert_int_equal(tlsrpt_spool_store(index->task.spool, TLSRPT_REPORTS, digest, &receipt, json,
                                        strlen(json), p, &reason),
                     TLSRPT_STORED);
    update_index(index);
    assert_int_equal(index->all.unreadable, 0);
    assert_non_null(strstr(index_text(index, NULL), "1 reports"));
}

/* --- room and stamps --- */

/* The watchdog then logs index-full. */
static void test_a_full_index_adds_nothing_until_it_has_room(void **state)
{
    indexed *index = make_index(state);
    tlsrpt_index_done done;

    store(index, variant(index, "1"), NULL);
    index->task.is_full = 1;
    assert_done(tlsrpt_index_update(index->db, &index->task, index->p, index->findings, &done));
    assert_int_equal(done.added, 0);
    assert_int_equal(done.left_out, 1);
    assert_int_equal(done.more, 0);
    assert_int_equal(count_rows(index, "tlsrpt_report"), 0);
    index->task.is_full = 0;
    update_index(index);
    assert_string_equal(states(index), "0");
}

static int read_number(void *baton, const char *const *columns)
{
    *(apr_int64_t *)baton = mta_sts_database_number(columns[0]);
    return 0;
}

/* The stamp of a machine whose clock is not set yet is in 1970, or in the future after a wrong
 * answer. */
static void test_a_report_with_an_impossible_stamp_counts_as_received_now(void **state)
{
    static const apr_time_t stamps[] = {0, 1000000, APR_INT64_C(946684800000000)};
    indexed *index = make_index(state);
    size_t i;

    for (i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
        const tlsrpt_receipt receipt = {stamps[i], "https", "192.0.2.1", NULL};
        const char *json = variant(index, "1"), *reason;
        const tlsrpt_reading *reading =
            tlsrpt_report_read(index->p, json, strlen(json), &tlsrpt_limits_default);
        apr_int64_t received = 0;

        remove_everything(index);
        assert_int_equal(tlsrpt_spool_store(index->task.spool, TLSRPT_REPORTS, reading->digest,
                                            &receipt, json, strlen(json), index->p, &reason),
                         TLSRPT_STORED);
        update_index(index);
        assert_done(mta_sts_database_rows(index->db, "SELECT received FROM tlsrpt_report",
                                          read_number, &received));
        assert_true(llabs((long long)(apr_time_now() - received)) < apr_time_from_sec(600));
        remove_everything(index);
        update_index(index);
    }
}

/* What was read once is read again at each start and for each page. */
static void test_a_damaged_row_crashes_no_process(void **state)
{
    static const struct {
        const char *table, *column;
    } cases[] = {{"tlsrpt_organization", "text"}, {"tlsrpt_report", "peer"},
                 {"tlsrpt_report", "digest"},     {"tlsrpt_report", "identity"},
                 {"mta_sts_history", "id"},       {"mta_sts_history", "text"}};
    const database_test *test = *state;
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    apr_array_header_t *list;
    tlsrpt_summary *sum;
    unsigned i;

    store(index,
          report_json(p, "A", "1", MONDAY,
                      policy_json(p, "sts", "a.example", "1", "1",
                                  failure_json(p, "certificate-expired", "mx", "1", "1"))),
          NULL);
    update_index(index);
    assert_done(mta_sts_database_run(index->db,
                                     "INSERT INTO mta_sts_history VALUES"
                                     " (%s, 'h', 1, NULL, 'i', 1, 't')",
                                     "a.example"));
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        database_damage(p, test->where, cases[i].table, cases[i].column);
        assert_done(mta_sts_history_read(index->db, "a.example", p, &list));
        assert_int_equal(list->nelts, 1);
        assert_done(
            tlsrpt_index_origins(index->db, "a.example", "certificate-expired", 0, 0, 9, p, &list));
        assert_done(tlsrpt_index_sum(index->db, NULL, 9, p, &sum));
        update_index(index);
    }
    remove_everything(index);
    update_index(index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SQLITE_TEST(test_a_call_ends_with_its_budget_and_the_next_call_continues),
        SQLITE_TEST(test_a_call_that_is_asked_to_end_stops),
        SQLITE_TEST(test_a_locked_database_is_reported_and_nothing_is_lost),
        SQLITE_TEST(test_a_full_index_adds_nothing_until_it_has_room),
        SQLITE_TEST(test_a_report_with_an_impossible_stamp_counts_as_received_now),
        DATABASE_TESTS(test_a_report_takes_rows_in_proportion_to_its_bytes),
        DATABASE_TESTS(test_texts_take_room_in_proportion_to_the_bytes_of_a_report),
        SQLITE_TEST(test_made_up_names_of_all_reports_of_a_day_are_limited_and_sums_stay_exact),
        SQLITE_TEST(test_reports_that_are_read_again_may_add_the_same_names),
        SQLITE_TEST(test_a_report_with_many_failures_and_bytes_is_indexed_completely),
        SQLITE_TEST(test_a_damaged_row_crashes_no_process),
        SQLITE_TEST(test_reports_accepted_under_a_larger_limit_are_indexed),
    };

    return RUN_DATABASE_TESTS(tests);
}
