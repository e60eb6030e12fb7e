/* SPDX-License-Identifier: Apache-2.0 */
#include "index_fixture.h"
#include "mixed_reports.h"

#include <sys/resource.h>

/* The index follows the files of the spool: they are removed, cannot be read, are read again. */

/* --- rows and their files --- */

static void test_rows_are_removed_with_their_files_and_all_sums_become_zero(void **state)
{
    indexed *index = make_index(state);
    unsigned seed = 3, i;

    for (i = 0; i < 30; i++) {
        store_mixed(index, &seed);
    }
    update_index(index);
    assert_true(count_rows(index, "tlsrpt_cause") > 10);
    remove_everything(index);
    update_index(index);
    assert_int_equal(index->all.gone, index->all.added);
    assert_nothing_is_left(index);
}

static void test_unused_texts_are_deleted(void **state)
{
    indexed *index = make_index(state);
    apr_pool_t *p = index->p;
    const char *digest =
        store(index,
              report_json(p, "Gone", "1", MONDAY,
                          policy_json(p, "sts", "gone.example", "1", "1",
                                      failure_json(p, "gone", "gone", "gone", "1"))),
              NULL);

    store(index,
          report_json(p, "Here", "1", MONDAY,
                      policy_json(p, "tlsa", "here.example", "1", "1",
                                  failure_json(p, "here", "mx", "1", "1"))),
          NULL);
    update_index(index);
    tlsrpt_spool_remove(index->task.spool, TLSRPT_REPORTS, digest);
    update_index(index);
    assert_int_equal(count_rows(index, "tlsrpt_domain"), 2);
    index->task.swept = 0; /* a day later */
    update_index(index);
    assert_int_equal(count_rows(index, "tlsrpt_domain"), 1);
    assert_int_equal(count_rows(index, "tlsrpt_organization"), 1);
    /* host, channel, type, policy; type, mx, reason and two addresses of the failure */
    assert_int_equal(count_rows(index, "tlsrpt_string"), 9);
    assert_string_equal(index_text(index, NULL), tally_text(index, NULL));
}

/* --- what is forgotten --- */

static void test_forgetting_makes_the_index_read_everything_again(void **state)
{
    indexed *index = make_index(state);
    unsigned seed = 5, i;
    const char *before;
    int more;

    for (i = 0; i < 20; i++) {
        store_mixed(index, &seed);
    }
    update_index(index);
    before = index_text(index, NULL);
    assert_done(mta_sts_database_run(index->db, "UPDATE tlsrpt_sum SET failed = %d", 1));
    assert_done(tlsrpt_index_forget(index->db, HOST, apr_time_from_sec(60), index->p, &more));
    assert_false(more);
    assert_nothing_is_left(index);
    update_index(index);
    assert_string_equal(index_text(index, NULL), before);
}

static void test_reports_of_other_machines_are_not_forgotten(void **state)
{
    indexed *index = make_index(state);
    tlsrpt_index_task other = index->task;
    const char *before;
    int more, calls = 0;

    other.spool = make_spool(index->p, ((database_test *)*state)->directory, "other");
    other.host = "two.example.net";
    store_at(index->p, other.spool, variant(index, "1"), MONDAY * DAY, NULL);
    update_with(index, &other);
    before = index_text(index, NULL);
    store(index, simple_json(index->p, "A", "a.example", MONDAY, "1", "1"), NULL);
    store(index, simple_json(index->p, "B", "b.example", MONDAY, "1", "1"), NULL);
    update_index(index);
    do {
        assert_done(tlsrpt_index_forget(index->db, HOST, apr_time_from_sec(60), index->p, &more));
    } while (more && ++calls < 10);
    assert_string_equal(index_text(index, NULL), before);
}

/* --- unreadable directories and missing files --- */

static void test_an_unchanged_directory_is_not_read(void **state)
{
    indexed *index = make_index(state);
    const char *digest = store(index, variant(index, "1"), NULL);
    const char *path = tlsrpt_spool_path(index->task.spool, TLSRPT_REPORTS, digest, index->p);

    set_directory_back(index, digest);
    update_index(index);
    assert_int_equal(unlink(path), 0);
    set_directory_back(index, digest);
    update_index(index);
    assert_int_equal(index->all.gone, 0);
    assert_int_equal(utime(directory_of(index, digest), NULL), 0);
    update_index(index);
    assert_int_equal(index->all.gone, 1);
}

static void test_a_missing_spool_removes_no_row(void **state)
{
    indexed *index = make_index(state);
    const char *reports =
        apr_pstrcat(index->p, ((database_test *)*state)->directory, "/state/reports", NULL);
    const char *away = apr_pstrcat(index->p, reports, ".away", NULL);
    tlsrpt_index_done done;

    store(index, variant(index, "1"), NULL);
    update_index(index);
    assert_int_equal(rename(reports, away), 0);
    assert_done(tlsrpt_index_update(index->db, &index->task, index->p, index->findings, &done));
    assert_int_equal(done.more, 0);
    assert_int_equal(done.gone, 0);
    /* One directory was read before and is reported; the others have never been read. */
    assert_done(mta_sts_database_run(
        index->db, "INSERT INTO tlsrpt_directory (host, directory, changed) SELECT host, 7, 1"
                   " FROM tlsrpt_report"));
    assert_done(tlsrpt_index_update(index->db, &index->task, index->p, index->findings, &done));
    assert_int_equal(done.gone, 0);
    assert_string_equal(findings_summary(index->p, index->findings), "error spool-missing@0");
    assert_findings_are_printable(index->findings);
    assert_int_equal(symlink(away, reports), 0);
    assert_done(tlsrpt_index_update(index->db, &index->task, index->p, index->findings, &done));
    assert_int_equal(done.gone, 0);
    assert_int_equal(mta_sts_findings_count(index->findings, MTA_STS_ERROR), 2);
    assert_int_equal(unlink(reports), 0);
    assert_int_equal(rename(away, reports), 0);
    update_index(index);
    assert_string_equal(states(index), "0");
}

static void write_to(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_an_unreadable_file_is_reported_once_and_not_counted(void **state)
{
    indexed *index = make_index(state);
    const char *digest = store(index, variant(index, "1"), NULL);
    const char *other = store(index, variant(index, "2"), NULL);
    const char *path = tlsrpt_spool_path(index->task.spool, TLSRPT_REPORTS, digest, index->p);

    write_to(path, "nothing of ours");
    write_to(tlsrpt_spool_path(index->task.spool, TLSRPT_REPORTS, other, index->p),
             "tlsrpt 1 2026-11-24T20:59:49.123456Z https 192.0.2.1 -\n{\"policies\":[");
    update_index(index);
    update_index(index);
    assert_int_equal(index->all.added, 2);
    assert_int_equal(index->all.unreadable, 2);
    assert_string_equal(findings_summary(index->p, index->findings),
                        "warning report-unreadable@0, warning report-unreadable@0");
    assert_findings_are_printable(index->findings);
    assert_non_null(strstr(index_text(index, NULL), "0 reports, 0 duplicates, 0 conflicts"));
    assert_int_equal(unlink(path), 0);
    update_index(index);
    assert_int_equal(index->all.gone, 1);
}

typedef struct descriptors {
    struct rlimit before;
    int asked;
} descriptors;

/* Called before a directory is read, then before its first file is read: from then on no file can
 * be opened. */
static int use_up(void *baton)
{
    descriptors *of = baton;
    const struct rlimit none = {3, of->before.rlim_max};

    if (++of->asked == 2) {
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    }
    return 0;
}

static void test_a_file_that_cannot_be_opened_is_tried_again(void **state)
{
    indexed *index = make_index(state);
    descriptors of = {.asked = 0};
    tlsrpt_index_done done;
    const char *error;

    set_directory_back(index, store(index, variant(index, "1"), NULL));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &of.before), 0);
    index->task.is_ending = use_up;
    index->task.baton = &of;
    error = tlsrpt_index_update(index->db, &index->task, index->p, index->findings, &done);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &of.before), 0);
    assert_null(error);
    assert_int_equal(of.asked, 2);
    assert_int_equal(count_rows(index, "tlsrpt_report"), 0);
    assert_string_equal(findings_summary(index->p, index->findings), "error report-not-opened@0");
    assert_findings_are_printable(index->findings);
    index->task.is_ending = NULL;
    update_index(index);
    assert_string_equal(states(index), "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATABASE_TESTS(test_rows_are_removed_with_their_files_and_all_sums_become_zero),
        DATABASE_TESTS(test_unused_texts_are_deleted),
        DATABASE_TESTS(test_forgetting_makes_the_index_read_everything_again),
        PGSQL_TEST(test_reports_of_other_machines_are_not_forgotten),
        SQLITE_TEST(test_an_unchanged_directory_is_not_read),
        SQLITE_TEST(test_a_missing_spool_removes_no_row),
        DATABASE_TESTS(test_an_unreadable_file_is_reported_once_and_not_counted),
        DATABASE_TESTS(test_a_file_that_cannot_be_opened_is_tried_again),
    };

    return RUN_DATABASE_TESTS(tests);
}
