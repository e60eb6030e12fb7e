/* SPDX-License-Identifier: Apache-2.0 */
#include "things_fixture.h"

#include <apr_dbd.h>

#include "core/database/conninfo.h"

/* Problems of SQLite's file and of PostgreSQL's server. */

/* --- the file of SQLite --- */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_the_file_is_private_regardless_of_the_umask(void **state)
{
    database_test *test = *state;
    mode_t old = umask(0);
    struct stat info;

    open_with_table(test);
    umask(old);
    assert_int_equal(stat(test->where, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(stat(apr_pstrcat(test->p, test->where, "-wal", NULL), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void test_a_file_that_others_can_read_becomes_private(void **state)
{
    database_test *test = *state;
    struct stat info;

    mta_sts_database_close(open_with_table(test));
    assert_int_equal(chmod(test->where, 0644), 0);
    database_open(test);
    assert_int_equal(stat(test->where, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void test_links_and_unsafe_directories_are_not_followed(void **state)
{
    database_test *test = *state;
    const char *elsewhere = apr_pstrcat(test->p, test->directory, "/elsewhere", NULL);
    const char *link = apr_pstrcat(test->p, test->directory, "/link", NULL);

    assert_int_equal(symlink(elsewhere, test->where), 0);
    assert_contains_text(open_error(test), "is not a file of the user");
    assert_int_equal(access(elsewhere, F_OK), -1);
    assert_int_equal(symlink(test->directory, link), 0);
    test->where = apr_pstrcat(test->p, link, "/reports.db", NULL);
    assert_contains_text(open_error(test), "is not a directory");
    assert_int_equal(chmod(test->directory, 0777), 0);
    test->where = apr_pstrcat(test->p, test->directory, "/reports.db", NULL);
    assert_contains_text(open_error(test), "others can write to it");
    test->where = "/nowhere/reports.db";
    assert_contains_text(open_error(test), "No such file or directory");
    test->where = "reports.db";
    assert_contains_text(open_error(test), "must begin with \"/\"");
}

static void test_a_damaged_file_is_reported(void **state)
{
    database_test *test = *state;

    write_file(test->where, "This is no database, although it is as long as the header of one is; "
                            "it is long enough to have the 100 bytes that are examined.");
    assert_contains_text(open_error(test), "damaged");
    assert_contains_text(open_error(test), "mta-sts reindex");
}

static void test_a_missing_or_replaced_file_is_reported_and_opening_creates_a_new_one(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = open_with_table(test);

    assert_int_equal(unlink(test->where), 0);
    assert_contains_text(mta_sts_database_begin(db), "removed or replaced");
    write_file(test->where, "");
    assert_contains_text(mta_sts_database_begin(db), "removed or replaced");
    mta_sts_database_close(db);
    db = open_with_table(test);
    assert_string_equal(things(test, db), "");
}

static void test_a_full_disk_is_reported(void **state)
{
    mta_sts_database *db = open_with_table(*state);
    rows_text all = {((database_test *)*state)->p, 1, ""};
    const char *error = NULL;
    int i;

    /* SQLite's limit of pages has the same code as a full disk. */
    assert_done(mta_sts_database_rows(db, "PRAGMA max_page_count = 30", append_row, &all));
    for (i = 0; i < 100000 && !error; i++) {
        error = mta_sts_database_run(db, INSERT, (long long)i, "some bytes to fill pages with");
    }
    assert_contains_text(error, "disk is full");
}

/* --- locks --- */

static void test_a_lock_that_does_not_end_is_reported(void **state)
{
    mta_sts_database *holder = open_with_table(*state), *other = database_open(*state);
    rows_text all = {((database_test *)*state)->p, 1, ""};

    assert_done(mta_sts_database_begin(holder));
    assert_done(mta_sts_database_rows(other, "PRAGMA busy_timeout = 1", append_row, &all));
    assert_contains_text(mta_sts_database_begin(other), "locked by another process");
    mta_sts_database_rollback(holder);
    assert_done(mta_sts_database_begin(other));
    mta_sts_database_rollback(other);
}

static void test_a_lock_timeout_is_reported_with_what_to_do(void **state)
{
    database_test *test = *state;
    mta_sts_database *holder = open_with_table(test), *other;
    const char *error;

    assert_done(mta_sts_database_open_briefly(test->p, test->driver, test->where,
                                              apr_time_from_sec(60), &other));
    assert_done(mta_sts_database_begin(holder));
    error = mta_sts_database_begin(other);
    assert_contains_text(error, "lock timeout: another process is writing to it");
    assert_true(mta_sts_database_is_locked(error));
    mta_sts_database_rollback(holder);
    assert_done(mta_sts_database_begin(other));
    mta_sts_database_rollback(other);
}

/* As while another process creates it: it is not in WAL mode yet, and is being read. */
static void test_a_lock_met_while_opening_is_reported_as_a_lock(void **state)
{
    database_test *test = *state;
    const apr_dbd_driver_t *driver;
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    apr_dbd_t *reader;
    int rows;

    assert_int_equal(apr_dbd_get_driver(test->p, test->driver, &driver), APR_SUCCESS);
    assert_int_equal(apr_dbd_open(driver, test->p, test->where, &reader), APR_SUCCESS);
    assert_int_equal(apr_dbd_query(driver, reader, &rows, "CREATE TABLE t (a INTEGER)"), 0);
    assert_int_equal(apr_dbd_query(driver, reader, &rows, "BEGIN"), 0);
    assert_int_equal(apr_dbd_select(driver, test->p, reader, &results, "SELECT a FROM t", 0), 0);
    assert_int_not_equal(apr_dbd_get_row(driver, test->p, results, &row, -1), 0);
    assert_true(mta_sts_database_is_locked(open_error(test)));
    assert_int_equal(apr_dbd_query(driver, reader, &rows, "ROLLBACK"), 0);
    apr_dbd_close(driver, reader);
    mta_sts_database_close(database_open(test));
}

/* --- how PostgreSQL is reached --- */

static void test_a_missing_server_is_reported_without_the_password(void **state)
{
    static const char *const infos[] = {
        "host=/nowhere password=hunter2 user=me",
        "host=/nowhere password='hunter2'",
        "host=/nowhere PASSWORD=hunter2",
        "postgresql://me:hunter2@/db?host=/nowhere",
        "dbname=postgresql://me:hunter2@nowhere/db",
        "dbname='password=hunter2'",
        "host=/nowhere password = hunter2",
        "host=/nowhere hunter2",
        "host=/nowhere password='hunter2",
        "hunter2",
        "host=/nowhere password=x'hunter2",
        "host=/nowhere sslpassword=hunter2 sslmode=hunter2x",
    };
    database_test *test = *state;
    apr_size_t i;

    for (i = 0; i < sizeof(infos) / sizeof(infos[0]); i++) {
        test->where = infos[i];
        if (strstr(open_error(test), "hunter2")) {
            fail_msg("%s: %s", infos[i], open_error(test));
        }
    }
    test->where = "host=/nowhere dbname=reports password=hunter2";
    if (database_server > 0) {
        assert_contains_text(open_error(test), "host=/nowhere dbname=reports");
    }
}

static void test_a_lost_connection_is_reported_and_reopening_works(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = open_with_table(test), *other = database_open(test);
    rows_text all = {test->p, 1, ""};

    /* As after a restart of the server. */
    assert_done(mta_sts_database_rows(other,
                                      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                      " WHERE pid <> pg_backend_pid() AND usename = 'tester'",
                                      append_row, &all));
    assert_true(is_printable(mta_sts_database_begin(db)));
    mta_sts_database_close(db);
    assert_string_equal(things(test, database_open(test)), "");
}

static void test_statements_have_a_limit_altogether(void **state)
{
    mta_sts_database *db = database_open(*state);
    rows_text all = {((database_test *)*state)->p, 1, ""};
    const char *error = NULL;
    int i;

    mta_sts_database_limit(db, apr_time_from_sec(2));
    for (i = 0; i < 50 && !error; i++) {
        error = mta_sts_database_rows(db, "SELECT pg_sleep(0.2)", append_row, &all);
    }
    assert_contains_text(error, "does not answer in time");
    assert_true(mta_sts_database_is_late(error));
    db = database_open(*state);
    assert_done(mta_sts_database_rows(db, "SELECT 1", append_row, &all));
    mta_sts_database_end_within(1);
    assert_contains_text(mta_sts_database_rows(db, "SELECT pg_sleep(50)", append_row, &all),
                         "does not answer in time");
    mta_sts_database_end_within(0);
    db = database_open(*state);
    assert_done(mta_sts_database_rows(db, "SELECT pg_sleep(0.1)", append_row, &all));
}

static void test_a_conninfo_is_read_as_libpq_reads_it(void **state)
{
    static const struct {
        const char *text, *shown, *secret;
    } cases[] = {
        {"", "", NULL},
        {" host = db  port=5433 ", "host=db port=5433", NULL},
        {"host='/run/my \\'db\\'' user=a\\ b password=p\\ w", "host=/run/my 'db' user=a b", "p w"},
        {"password='' dbname=x", "dbname=x", ""},
        {"sslmode=require sslpassword=k", "", "k"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mta_sts_conninfo info;

        assert_null(mta_sts_conninfo_read(((database_test *)*state)->p, cases[i].text, &info));
        assert_string_equal(info.shown, cases[i].shown);
        assert_int_equal(info.secrets->nelts, cases[i].secret != NULL);
        if (cases[i].secret) {
            assert_string_equal(APR_ARRAY_IDX(info.secrets, 0, const char *), cases[i].secret);
        }
    }
}

/* The last writer that closes a file holds it alone for a moment. */
static void write_and_close(database_test *test, const char *file)
{
    mta_sts_database *db;

    assert_done(mta_sts_database_open_derived(test->p, file, 0, &db));
    assert_done(mta_sts_database_run(db, "CREATE TABLE IF NOT EXISTS things (number INTEGER)"));
    assert_done(mta_sts_database_run(db, "INSERT INTO things VALUES (%d)", 1));
    mta_sts_database_close(db);
}

static int is_readable(database_test *test, const char *file)
{
    mta_sts_database *db = NULL;
    apr_int64_t count = 0;
    const char *error = mta_sts_database_open_derived(test->p, file, 1, &db);

    error = error ? error
                  : mta_sts_database_rows(db, "SELECT count(*) FROM things",
                                          mta_sts_database_take_number, &count);
    if (db) {
        mta_sts_database_close(db);
    }
    return !error && count;
}

static void test_readers_that_open_while_the_last_writer_closes_can_read(void **state)
{
    database_test *test = *state;
    const char *file = apr_pstrcat(test->p, test->directory, "/derived.db", NULL);
    int i, failed = 0;
    pid_t child;

    write_and_close(test, file);
    child = fork();
    if (child == 0) {
        for (i = 0; i < 300; i++) {
            write_and_close(test, file);
        }
        _exit(0);
    }
    while (waitpid(child, &i, WNOHANG) == 0) {
        failed += !is_readable(test, file);
    }
    assert_int_equal(i, 0);
    assert_int_equal(failed, 0);
}

static void test_an_unknown_driver_is_reported(void **state)
{
    database_test *test = *state;

    test->driver = "oracle";
    assert_contains_text(open_error(test), "sqlite3 and pgsql are supported");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SQLITE_TEST(test_the_file_is_private_regardless_of_the_umask),
        SQLITE_TEST(test_a_file_that_others_can_read_becomes_private),
        SQLITE_TEST(test_links_and_unsafe_directories_are_not_followed),
        SQLITE_TEST(test_a_damaged_file_is_reported),
        SQLITE_TEST(test_a_missing_or_replaced_file_is_reported_and_opening_creates_a_new_one),
        SQLITE_TEST(test_a_full_disk_is_reported),
        SQLITE_TEST(test_a_lock_that_does_not_end_is_reported),
        PGSQL_TEST(test_a_lock_timeout_is_reported_with_what_to_do),
        SQLITE_TEST(test_a_lock_met_while_opening_is_reported_as_a_lock),
        PGSQL_TEST(test_a_missing_server_is_reported_without_the_password),
        PGSQL_TEST(test_a_lost_connection_is_reported_and_reopening_works),
        PGSQL_TEST(test_statements_have_a_limit_altogether),
        SQLITE_TEST(test_a_conninfo_is_read_as_libpq_reads_it),
        SQLITE_TEST(test_readers_that_open_while_the_last_writer_closes_can_read),
        SQLITE_TEST(test_an_unknown_driver_is_reported),
    };

    return RUN_DATABASE_TESTS(tests);
}
