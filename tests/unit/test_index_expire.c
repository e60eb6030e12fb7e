/* SPDX-License-Identifier: Apache-2.0 */
#include "index_fixture.h"

#include "core/base/monotonic.h"

/* Expired reports: their files are removed, then their rows. */

static void test_an_old_report_is_removed_with_its_file(void **state)
{
    indexed *index = make_index(state);
    apr_time_t now = apr_time_now();
    const char *old = store_at(index->p, index->task.spool, variant(index, "1"),
                               now - 10 * DAY - apr_time_from_sec(60), NULL);
    const char *young = store_at(index->p, index->task.spool,
                                 simple_json(index->p, "A", "a.example", MONDAY, "1", "0"),
                                 now - 10 * DAY + apr_time_from_sec(3600), NULL);

    update_index(index);
    assert_int_equal(index->all.expired, 0);
    index->task.keep_days = 10;
    update_index(index);
    assert_int_equal(index->all.expired, 1);
    assert_false(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, old));
    assert_true(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, young));
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

/* Old reports, the second of which is a directory instead of a file. */
static void test_a_report_that_cannot_be_removed_does_not_block_others(void **state)
{
    indexed *index = make_index(state);
    apr_time_t now = apr_time_now();
    const char *digests[3];
    const char *path;
    int i;

    for (i = 0; i < 3; i++) {
        const char *json =
            simple_json(index->p, number(index->p, (unsigned)i), "a.example", MONDAY, "1", "0");

        digests[i] = store_at(index->p, index->task.spool, json, now - (20 - i) * DAY, NULL);
    }
    update_index(index);
    path = tlsrpt_spool_path(index->task.spool, TLSRPT_REPORTS, digests[1], index->p);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    index->task.keep_days = 10;
    update_index(index);
    assert_int_equal(index->all.expired, 2);
    assert_false(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, digests[2]));
    assert_string_equal(findings_summary(index->p, index->findings),
                        "error report-not-removed@0, warning report-unreadable@0");
    assert_findings_are_printable(index->findings);
}

static void test_a_row_stays_while_the_file_of_an_old_report_is_inaccessible(void **state)
{
    indexed *index = make_index(state);
    const char *digest =
        store_at(index->p, index->task.spool, variant(index, "1"), apr_time_now() - 20 * DAY, NULL);
    const char *reports =
        apr_pstrcat(index->p, ((database_test *)*state)->directory, "/state/reports", NULL);
    const char *out_of_reach[] = {directory_of(index, digest), reports};
    unsigned i;

    set_directory_back(index, digest);
    update_index(index);
    index->task.keep_days = 10;
    for (i = 0; i < 2; i++) {
        const char *away = apr_pstrcat(index->p, reports, ".away", NULL);
        tlsrpt_index_done done;

        assert_int_equal(rename(out_of_reach[i], away), 0);
        assert_int_equal(symlink(away, out_of_reach[i]), 0);
        assert_done(tlsrpt_index_update(index->db, &index->task, index->p, index->findings, &done));
        assert_int_equal(done.expired, 0);
        assert_int_equal(unlink(out_of_reach[i]), 0);
        assert_int_equal(rename(away, out_of_reach[i]), 0);
    }
    update_index(index);
    assert_int_equal(index->all.expired, 1);
    assert_false(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, digest));
}

static void test_rows_of_a_removed_machine_are_deleted_a_week_later(void **state)
{
    indexed *index = make_index(state);
    tlsrpt_index_task other = index->task;

    other.spool = make_spool(index->p, ((database_test *)*state)->directory, "other");
    other.host = "two.example.net";
    store_at(index->p, other.spool, simple_json(index->p, "A", "a.example", MONDAY, "1", "0"),
             apr_time_now() - 20 * DAY, NULL);
    store_at(index->p, other.spool, simple_json(index->p, "B", "a.example", MONDAY, "1", "0"),
             apr_time_now() - 12 * DAY, NULL);
    update_with(index, &other);
    index->task.keep_days = 10;
    update_index(index);
    assert_int_equal(index->all.expired, 1);
    assert_non_null(strstr(index_text(index, NULL), "sender B"));
    assert_null(strstr(index_text(index, NULL), "sender A"));
}

static void test_a_crash_between_file_and_row_is_repaired(void **state)
{
    indexed *index = make_index(state);
    const char *digest =
        store_at(index->p, index->task.spool, variant(index, "1"), apr_time_now() - 20 * DAY, NULL);
    int more;

    /* The file was removed, the row was not. */
    update_index(index);
    tlsrpt_spool_remove(index->task.spool, TLSRPT_REPORTS, digest);
    update_index(index);
    assert_nothing_is_left(index);
    /* The row was removed, the file was not. */
    store_at(index->p, index->task.spool, variant(index, "1"), apr_time_now() - 20 * DAY, NULL);
    update_index(index);
    assert_done(tlsrpt_index_forget(index->db, HOST, apr_time_from_sec(60), index->p, &more));
    index->task.keep_days = 10;
    update_index(index);
    update_index(index);
    assert_false(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, digest));
    assert_nothing_is_left(index);
}

static void test_while_the_date_is_not_trusted_nothing_expires(void **state)
{
    static const struct utimbuf long_ago = {1600000000, 1600000000};
    indexed *index = make_index(state);
    apr_time_t boot = mta_sts_monotonic_now();
    tlsrpt_clock clock = {.offset = apr_time_now() - boot - 1000 * DAY};
    const char *digest =
        store_at(index->p, index->task.spool, variant(index, "1"), apr_time_now() - 20 * DAY, NULL);
    const tlsrpt_receipt receipt = {1000000000000000, "https", NULL, NULL};
    const char *reason;

    assert_int_equal(tlsrpt_spool_store(index->task.spool, TLSRPT_QUARANTINE, digest, &receipt, "{",
                                        1, index->p, &reason),
                     TLSRPT_STORED);
    assert_int_equal(
        utime(tlsrpt_spool_path(index->task.spool, TLSRPT_QUARANTINE, digest, index->p), &long_ago),
        0);
    index->task.clock = &clock; /* jumped by 1000 days */
    update_index(index);
    index->task.keep_days = 10;
    update_index(index);
    assert_int_equal(index->all.expired, 0);
    assert_true(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, digest));
    assert_true(tlsrpt_spool_has(index->task.spool, TLSRPT_QUARANTINE, digest));
    assert_string_equal(findings_summary(index->p, index->findings), "error clock-jumped@0");
    assert_findings_are_printable(index->findings);
    clock.until = boot; /* a day later */
    update_index(index);
    assert_int_equal(index->all.expired, 1);
    assert_false(tlsrpt_spool_has(index->task.spool, TLSRPT_REPORTS, digest));
    assert_false(tlsrpt_spool_has(index->task.spool, TLSRPT_QUARANTINE, digest));
}

static void test_the_quarantine_expires_likewise(void **state)
{
    static const struct utimbuf long_ago = {1600000000, 1600000000};
    const tlsrpt_receipt receipt = {1000000000000000, "https", NULL, NULL};
    indexed *index = make_index(state);
    char digest[TLSRPT_DIGEST_LENGTH + 1];
    const char *reason;

    memset(digest, 'a', sizeof(digest));
    digest[TLSRPT_DIGEST_LENGTH] = '\0';
    assert_int_equal(tlsrpt_spool_store(index->task.spool, TLSRPT_QUARANTINE, digest, &receipt, "{",
                                        1, index->p, &reason),
                     TLSRPT_STORED);
    index->task.keep_days = 10;
    update_index(index);
    assert_true(tlsrpt_spool_has(index->task.spool, TLSRPT_QUARANTINE, digest));
    assert_int_equal(
        utime(tlsrpt_spool_path(index->task.spool, TLSRPT_QUARANTINE, digest, index->p), &long_ago),
        0);
    index->task.swept = 0;
    update_index(index);
    assert_false(tlsrpt_spool_has(index->task.spool, TLSRPT_QUARANTINE, digest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATABASE_TESTS(test_an_old_report_is_removed_with_its_file),
        SQLITE_TEST(test_a_report_that_cannot_be_removed_does_not_block_others),
        SQLITE_TEST(test_a_row_stays_while_the_file_of_an_old_report_is_inaccessible),
        PGSQL_TEST(test_rows_of_a_removed_machine_are_deleted_a_week_later),
        DATABASE_TESTS(test_a_crash_between_file_and_row_is_repaired),
        SQLITE_TEST(test_while_the_date_is_not_trusted_nothing_expires),
        SQLITE_TEST(test_the_quarantine_expires_likewise),
    };

    return RUN_DATABASE_TESTS(tests);
}
