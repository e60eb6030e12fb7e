/* SPDX-License-Identifier: Apache-2.0 */
#include "index_fixture.h"

#include "core/base/monotonic.h"
#include "tlsrpt/spool/known_date.h"

/* The date of the machine is wrong: nothing expires too early or never. */

static apr_time_t received(indexed *index, const char *digest)
{
    tlsrpt_stored_file file;

    assert_null(
        tlsrpt_spool_read(index->task.spool, TLSRPT_REPORTS, digest, 100000, index->p, &file));
    return file.receipt.received;
}

static int take_number(void *baton, const char *const *columns)
{
    *(apr_int64_t *)baton = mta_sts_database_number(columns[0]);
    return 0;
}

static apr_time_t received_in_index(indexed *index)
{
    apr_int64_t time = 0;

    assert_done(
        mta_sts_database_rows(index->db, "SELECT received FROM tlsrpt_report", take_number, &time));
    return time;
}

static void assert_is_now(apr_time_t time)
{
    assert_true(llabs((long long)(apr_time_now() - time)) < apr_time_from_sec(600));
}

/* A sender whose clock is wrong, or a forger: the report must not stay in every period. */
static void test_a_report_about_the_future_counts_on_the_day_of_its_receipt(void **state)
{
    /* The day that it is about, and the one on which it counts, from the day of its receipt. */
    static const struct {
        int about, counts;
    } cases[] = {{-1, -1}, {0, 0}, {2, 0}, {40, 0}, {300000, 0}};
    indexed *index = make_index(state);
    const int today = (int)(apr_time_now() / DAY) - 100;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *json =
            simple_json(index->p, "A", "example.com", today + cases[i].about, "1", "0");
        tlsrpt_filter filter = {.since = (today + cases[i].counts) * DAY};

        store_at(index->p, index->task.spool, json, today * DAY + DAY / 2, NULL);
        update_index(index);
        assert_string_equal(index_text(index, &filter), tally_text(index, &filter));
        assert_non_null(strstr(index_text(index, &filter), "1 reports"));
        filter.since += DAY;
        assert_string_equal(index_text(index, &filter), tally_text(index, &filter));
        assert_non_null(strstr(index_text(index, &filter), "0 reports"));
        remove_everything(index);
        update_index(index);
        assert_nothing_is_left(index);
    }
}

/* The hardware clock is ten years ahead until the time is synchronized. */
static void test_a_start_at_a_wrong_date_removes_nothing_and_leaves_the_last_date(void **state)
{
    indexed *index = make_index(state);
    apr_time_t boot = mta_sts_monotonic_now(), known = apr_time_now() - 4 * 365 * DAY;
    const char *digest = store_at(index->p, index->task.spool, variant(index, "1"),
                                  apr_time_now() - 5 * 365 * DAY, NULL);
    tlsrpt_clock clock = {0};

    update_index(index);
    index->task.keep_days = 400;
    index->task.clock = &clock;
    tlsrpt_spool_note_date(index->task.spool, known);
    update_index(index);
    assert_true(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, digest));
    assert_string_equal(findings_summary(index->p, index->findings), "error clock-jumped@0");
    assert_findings_are_printable(index->findings);
    assert_int_equal(apr_time_sec(tlsrpt_spool_known_date(index->task.spool)), apr_time_sec(known));
    /* httpd is restarted before the date is right. */
    memset(&clock, 0, sizeof(clock));
    update_index(index);
    assert_true(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, digest));
    clock.until = boot; /* a day later nobody has corrected it */
    update_index(index);
    assert_false(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, digest));
    assert_is_now(tlsrpt_spool_known_date(index->task.spool));
}

/* As after an update from a version that did not note it. */
static void test_without_a_last_date_the_last_report_is_the_measure(void **state)
{
    indexed *index = make_index(state);
    apr_time_t boot = mta_sts_monotonic_now();
    const char *old = store_at(index->p, index->task.spool, variant(index, "1"),
                               apr_time_now() - 500 * DAY, NULL);
    tlsrpt_clock clock = {0};

    update_index(index);
    index->task.clock = &clock;
    index->task.keep_days = 400;
    update_index(index);
    assert_true(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, old));
    assert_true(clock.until > boot);
    memset(&clock, 0, sizeof(clock));
    store_at(index->p, index->task.spool, simple_json(index->p, "B", "b.example", MONDAY, "1", "0"),
             apr_time_now() - DAY / 2, NULL);
    index->task.clock = NULL;
    index->task.keep_days = 0;
    update_index(index);
    index->task.clock = &clock;
    index->task.keep_days = 400;
    update_index(index);
    assert_false(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, old));
}

static void test_an_impossible_date_of_receipt_is_corrected_once_the_date_is_trusted(void **state)
{
    const apr_time_t stamps[] = {0, APR_INT64_C(946684800000000), apr_time_now() + 3600 * DAY};
    indexed *index = make_index(state);
    tlsrpt_clock clock = {.reason = TLSRPT_CLOCK_AT_START};
    size_t i;

    index->task.clock = &clock;
    index->task.keep_days = 400;
    for (i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
        const char *digest, *before;

        clock.offset = apr_time_now() - mta_sts_monotonic_now();
        clock.until = APR_INT64_MAX;
        digest = store_at(index->p, index->task.spool, variant(index, "1"), stamps[i], NULL);
        update_index(index);
        set_directory_back(index, digest);
        update_index(index);
        before = index_text(index, NULL);
        assert_int_equal(received(index, digest), stamps[i]);
        clock.until = 0;
        update_index(index);
        update_index(index);
        assert_int_equal(index->all.expired, 0);
        assert_is_now(received(index, digest));
        assert_int_equal(received_in_index(index), received(index, digest));
        assert_string_equal(index_text(index, NULL), before);
        remove_everything(index);
        update_index(index);
        assert_int_equal(received_in_index(index), 0);
    }
}

/* Only the index was made while the date was wrong. */
static void test_a_date_of_receipt_that_is_right_in_the_file_returns_to_the_index(void **state)
{
    indexed *index = make_index(state);
    apr_time_t then = apr_time_now() - 5 * DAY;
    const char *digest = store_at(index->p, index->task.spool, variant(index, "1"), then, NULL);

    set_directory_back(index, digest);
    update_index(index);
    assert_done(mta_sts_database_run(index->db, "UPDATE tlsrpt_report SET received = %lld",
                                     (long long)(apr_time_now() + 400 * DAY)));
    update_index(index);
    assert_int_equal(received_in_index(index), then);
    assert_int_equal(received(index, digest), then);
}

static void test_a_quarantined_file_of_an_impossible_date_expires_from_now_on(void **state)
{
    static const time_t dates[] = {1, 946684800, 4102444800};
    indexed *index = make_index(state);
    const tlsrpt_receipt receipt = {0, "https", NULL, NULL};
    char digest[TLSRPT_DIGEST_LENGTH + 1];
    const char *path, *reason;
    struct stat info;
    size_t i;

    memset(digest, 'a', sizeof(digest));
    digest[TLSRPT_DIGEST_LENGTH] = '\0';
    path = tlsrpt_spool_path(index->task.spool, TLSRPT_QUARANTINE, digest, index->p);
    index->task.keep_days = 10;
    for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
        const struct utimbuf times = {dates[i], dates[i]};

        assert_int_not_equal(tlsrpt_spool_store(index->task.spool, TLSRPT_QUARANTINE, digest,
                                                &receipt, "{", 1, index->p, &reason),
                             TLSRPT_NOT_STORED);
        assert_int_equal(utime(path, &times), 0);
        index->task.swept = 0;
        update_index(index);
        assert_int_equal(lstat(path, &info), 0);
        assert_is_now(apr_time_from_sec(info.st_mtime));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATABASE_TESTS(test_a_report_about_the_future_counts_on_the_day_of_its_receipt),
        SQLITE_TEST(test_a_start_at_a_wrong_date_removes_nothing_and_leaves_the_last_date),
        DATABASE_TESTS(test_without_a_last_date_the_last_report_is_the_measure),
        DATABASE_TESTS(test_an_impossible_date_of_receipt_is_corrected_once_the_date_is_trusted),
        SQLITE_TEST(test_a_date_of_receipt_that_is_right_in_the_file_returns_to_the_index),
        SQLITE_TEST(test_a_quarantined_file_of_an_impossible_date_expires_from_now_on),
    };

    return RUN_DATABASE_TESTS(tests);
}
