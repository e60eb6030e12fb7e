/* SPDX-License-Identifier: Apache-2.0 */
#include "database_fixture.h"

#include <fcntl.h>
#include <utime.h>

#include <apr_dbd.h>

#include "core/conninfo.h"
#include "core/database_schema.h"
#include "findings_fixture.h"

#define TABLE "CREATE TABLE things (number BIGINT, text TEXT)"
#define INSERT "INSERT INTO things (number, text) VALUES (%lld, %s)"
#define LARGEST 9223372036854775807LL

/* --- helpers --- */

/* The rows of a statement as text: "1|one,2|NULL". */
typedef struct told {
    apr_pool_t *p;
    int columns;
    const char *rows;
} told;

static int tell_row(void *baton, const char *const *columns)
{
    told *all = baton;
    int i;

    for (i = 0; i < all->columns; i++) {
        all->rows = apr_pstrcat(all->p, all->rows,
                                i            ? "|"
                                : *all->rows ? ","
                                             : "",
                                columns[i] ? columns[i] : "NULL", NULL);
    }
    return 1;
}

static const char *things(database_test *test, mta_sts_database *db)
{
    told all = {test->p, 2, ""};

    assert_done(mta_sts_database_rows(db, "SELECT number, text FROM things ORDER BY number, text",
                                      tell_row, &all));
    return all.rows;
}

static mta_sts_database *open_with_table(database_test *test)
{
    mta_sts_database *db = database_open(test);

    assert_done(mta_sts_database_run(db, TABLE));
    return db;
}

static const char *open_error(database_test *test)
{
    mta_sts_database *db;
    const char *error = mta_sts_database_open(test->p, test->driver, test->where, &db);

    assert_non_null(error);
    assert_null(db);
    assert_true(is_showable(error));
    return error;
}

#define assert_tells(error, part)                                                                  \
    do {                                                                                           \
        const char *told_error = (error);                                                          \
        if (!told_error || !strstr(told_error, part)) {                                            \
            fail_msg("\"%s\" does not tell \"%s\"", told_error ? told_error : "NULL", part);       \
        }                                                                                          \
    } while (0)

/* --- statements --- */

static void test_values_are_bound_whatever_is_in_them(void **state)
{
    static const char *const texts[] = {
        "",
        "'; DROP TABLE things; --",
        "%s %d %lld %% \\ \"",
        "\xc3\xa4\xe2\x82\xac \x01\x1b[31m",
        "a\nb",
    };
    mta_sts_database *db = open_with_table(*state);
    database_test *test = *state;
    apr_size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        told all = {test->p, 1, ""};

        assert_done(mta_sts_database_run(db, INSERT, (long long)i, texts[i]));
        assert_done(
            mta_sts_database_rows(db, "SELECT text FROM things WHERE number = %lld AND text = %s",
                                  tell_row, &all, (long long)i, texts[i]));
        assert_string_equal(all.rows, texts[i]);
    }
}

static void test_numbers_have_64_bits_and_texts_may_be_null(void **state)
{
    mta_sts_database *db = open_with_table(*state);
    const char *volatile null = NULL; /* gcc warns where it sees one for %s */

    assert_done(mta_sts_database_run(db, INSERT, LARGEST, null));
    assert_done(mta_sts_database_run(db, INSERT, -LARGEST - 1, "least"));
    assert_done(mta_sts_database_run(
        db, "INSERT INTO things (number, text) VALUES (%d, %s), (%ld, '100%%')", -7, "int", 8L));
    assert_string_equal(things(*state, db), "-9223372036854775808|least,-7|int,8|100%,"
                                            "9223372036854775807|NULL");
    assert_true(mta_sts_database_number("9223372036854775807") == LARGEST);
    assert_true(mta_sts_database_number("-7") == -7);
    assert_true(mta_sts_database_number(NULL) == 0);
}

static int take_one(void *baton, const char *const *columns)
{
    (void)columns;
    ++*(int *)baton;
    return 0;
}

static void test_a_taker_of_rows_may_stop(void **state)
{
    mta_sts_database *db = open_with_table(*state);
    int i, taken = 0;

    for (i = 0; i < 5; i++) {
        assert_done(mta_sts_database_run(db, INSERT, (long long)i, "row"));
    }
    assert_done(mta_sts_database_rows(db, "SELECT number FROM things", take_one, &taken));
    assert_int_equal(taken, 1);
    assert_done(mta_sts_database_run(db, "DELETE FROM things WHERE number < %d", 4));
    assert_string_equal(things(*state, db), "4|row");
}

static void test_a_wrong_statement_is_told_and_the_next_one_runs(void **state)
{
    mta_sts_database *db = open_with_table(*state);
    const char *error = mta_sts_database_run(db, "INSERT INTO nothing (a) VALUES (%d)", 1);

    assert_true(is_showable(error));
    assert_tells(error, mta_sts_database_name(db));
    assert_done(mta_sts_database_run(db, INSERT, 1LL, "one"));
}

/* A statement that a test made up. */
static const char *run_text(mta_sts_database *db, const char *sql)
{
    return mta_sts_database_run(db, sql, NULL);
}

/* --- transactions --- */

static void test_what_is_rolled_back_is_not_there(void **state)
{
    mta_sts_database *db = open_with_table(*state);

    assert_done(mta_sts_database_begin(db));
    assert_done(mta_sts_database_run(db, INSERT, 1LL, "one"));
    mta_sts_database_rollback(db);
    assert_string_equal(things(*state, db), "");
    assert_done(mta_sts_database_begin(db));
    assert_done(mta_sts_database_run(db, INSERT, 2LL, "two"));
    assert_done(mta_sts_database_commit(db));
    mta_sts_database_rollback(db);
    assert_string_equal(things(*state, db), "2|two");
}

static void test_a_transaction_with_an_error_in_it_is_not_committed(void **state)
{
    mta_sts_database *db = open_with_table(*state);

    assert_done(mta_sts_database_begin(db));
    assert_done(mta_sts_database_run(db, INSERT, 1LL, "one"));
    assert_non_null(mta_sts_database_run(db, "INSERT INTO nothing (a) VALUES (%d)", 1));
    assert_non_null(mta_sts_database_commit(db));
    assert_string_equal(things(*state, db), "");
}

static void test_a_closed_transaction_is_rolled_back_and_a_closed_handle_refuses(void **state)
{
    mta_sts_database *db = open_with_table(*state);

    assert_done(mta_sts_database_begin(db));
    assert_done(mta_sts_database_run(db, INSERT, 1LL, "one"));
    mta_sts_database_close(db);
    mta_sts_database_close(db);
    assert_tells(mta_sts_database_run(db, INSERT, 1LL, "one"), "closed");
    assert_tells(mta_sts_database_begin(db), "closed");
    assert_string_equal(things(*state, database_open(*state)), "");
}

static void test_a_reading_transaction_sees_one_state_beside_a_writer(void **state)
{
    mta_sts_database *writer = open_with_table(*state), *reader = database_open(*state);

    assert_done(mta_sts_database_begin_reading(reader));
    assert_string_equal(things(*state, reader), "");
    assert_done(mta_sts_database_begin(writer));
    assert_done(mta_sts_database_run(writer, INSERT, 1LL, "one"));
    assert_done(mta_sts_database_commit(writer));
    assert_string_equal(things(*state, reader), "");
    assert_done(mta_sts_database_commit(reader));
    assert_string_equal(things(*state, reader), "1|one");
}

/* Each of two processes adds 1 so many times; a lost update would be seen. */
static void test_writers_of_two_processes_wait_for_each_other(void **state)
{
    enum { ROUNDS = 20 };
    mta_sts_database *db = open_with_table(*state);
    const char *error = NULL;
    int i, status;
    pid_t child;

    assert_done(mta_sts_database_run(db, INSERT, 0LL, "sum"));
    mta_sts_database_close(db); /* not over a fork */
    child = fork();
    assert_int_not_equal(child, -1);
    if (mta_sts_database_open(((database_test *)*state)->p, ((database_test *)*state)->driver,
                              ((database_test *)*state)->where, &db)) {
        _exit(2);
    }
    for (i = 0; i < ROUNDS && !error; i++) {
        int number = 0;

        error = mta_sts_database_begin(db);
        if (!error) {
            told all = {((database_test *)*state)->p, 1, ""};

            error = mta_sts_database_rows(db, "SELECT number FROM things", tell_row, &all);
            number = atoi(all.rows);
        }
        if (!error) {
            error = mta_sts_database_run(db, "UPDATE things SET number = %d", number + 1);
        }
        if (!error) {
            error = mta_sts_database_commit(db);
        }
    }
    if (child == 0) {
        mta_sts_database_close(db);
        _exit(error != NULL);
    }
    assert_null(error);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_string_equal(things(*state, db), "40|sum");
}

/* --- the schema --- */

static void test_the_schema_is_made_once_and_found_again(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    told all = {test->p, 1, ""};

    assert_done(
        mta_sts_database_run(db, "INSERT INTO tlsrpt_word (id, text) VALUES (%d, %s)", 1, "kept"));
    mta_sts_database_close(db);
    db = database_open(test);
    assert_done(mta_sts_database_rows(db, "SELECT version FROM mta_sts_schema", tell_row, &all));
    assert_string_equal(all.rows, apr_psprintf(test->p, "%d", MTA_STS_DATABASE_SCHEMA));
    all.rows = "";
    assert_done(mta_sts_database_rows(db, "SELECT text FROM tlsrpt_word", tell_row, &all));
    assert_string_equal(all.rows, "kept");
}

static int drop_table(void *baton, const char *const *columns)
{
    told *all = baton;

    if (strcmp(columns[0], "mta_sts_schema") != 0) {
        all->rows = apr_pstrcat(all->p, all->rows, "DROP TABLE ", columns[0], ";", NULL);
    }
    return 1;
}

static void test_an_older_schema_is_brought_up_to_date(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    told drops = {test->p, 1, ""};

    /* As before the first version: nothing but the table of the version. */
    assert_done(mta_sts_database_rows(db,
                                      mta_sts_database_is_shared(db)
                                          ? "SELECT tablename FROM pg_tables"
                                            " WHERE schemaname = 'public'"
                                          : "SELECT name FROM sqlite_master WHERE type = 'table'",
                                      drop_table, &drops));
    assert_done(mta_sts_database_run(db, "UPDATE mta_sts_schema SET version = 0"));
    assert_true(strlen(drops.rows) > 100);
    assert_done(run_text(db, drops.rows));
    mta_sts_database_close(db);
    db = database_open(test);
    assert_done(
        mta_sts_database_run(db, "INSERT INTO tlsrpt_word (id, text) VALUES (%d, %s)", 1, "made"));
}

static void test_a_newer_schema_is_refused_with_a_sentence(void **state)
{
    mta_sts_database *db = database_open(*state);

    assert_done(mta_sts_database_run(db, "UPDATE mta_sts_schema SET version = %d",
                                     MTA_STS_DATABASE_SCHEMA + 1));
    mta_sts_database_close(db);
    assert_tells(open_error(*state), "newer mod_mta_sts");
}

/* --- trouble with the file of SQLite --- */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_the_file_is_private_whatever_the_umask(void **state)
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

static void test_what_is_in_the_way_is_not_followed(void **state)
{
    database_test *test = *state;
    const char *elsewhere = apr_pstrcat(test->p, test->folder, "/elsewhere", NULL);
    const char *link = apr_pstrcat(test->p, test->folder, "/link", NULL);

    assert_int_equal(symlink(elsewhere, test->where), 0);
    assert_tells(open_error(test), "is not a file of the user");
    assert_int_equal(access(elsewhere, F_OK), -1);
    assert_int_equal(symlink(test->folder, link), 0);
    test->where = apr_pstrcat(test->p, link, "/reports.db", NULL);
    assert_tells(open_error(test), "is not a folder");
    assert_int_equal(chmod(test->folder, 0777), 0);
    test->where = apr_pstrcat(test->p, test->folder, "/reports.db", NULL);
    assert_tells(open_error(test), "others can write to it");
    test->where = "/nowhere/reports.db";
    assert_tells(open_error(test), "No such file or directory");
    test->where = "reports.db";
    assert_tells(open_error(test), "begins with \"/\"");
}

static void test_a_damaged_file_is_told(void **state)
{
    database_test *test = *state;

    write_file(test->where, "This is no database, although it is as long as the header of one is; "
                            "it goes on and on until it has the 100 octets that are looked at.");
    assert_tells(open_error(test), "damaged");
    assert_tells(open_error(test), "mta-sts reindex");
}

static void test_a_lock_that_does_not_end_is_told(void **state)
{
    mta_sts_database *holder = open_with_table(*state), *other = database_open(*state);
    told all = {((database_test *)*state)->p, 1, ""};

    assert_done(mta_sts_database_begin(holder));
    assert_done(mta_sts_database_rows(other, "PRAGMA busy_timeout = 1", tell_row, &all));
    assert_tells(mta_sts_database_begin(other), "locked by another process");
    mta_sts_database_rollback(holder);
    assert_done(mta_sts_database_begin(other));
    mta_sts_database_rollback(other);
}

static void test_who_writes_for_long_is_told_with_what_to_do(void **state)
{
    mta_sts_database *holder = open_with_table(*state), *other = database_open(*state);
    const char *error;

    assert_done(mta_sts_database_be_impatient(other));
    assert_done(mta_sts_database_begin(holder));
    error = mta_sts_database_begin(other);
    assert_tells(error, "lock timeout: another process writes to it");
    assert_true(mta_sts_database_is_locked(error));
    mta_sts_database_rollback(holder);
    assert_done(mta_sts_database_begin(other));
    mta_sts_database_rollback(other);
}

/* As while another process makes it: it is not in WAL mode yet, and somebody reads it. */
static void test_a_lock_that_is_met_while_it_is_opened_is_told_as_one(void **state)
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

static void test_a_file_that_is_gone_or_replaced_is_told_and_opening_makes_a_new_one(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = open_with_table(test);

    assert_int_equal(unlink(test->where), 0);
    assert_tells(mta_sts_database_begin(db), "removed or replaced");
    write_file(test->where, "");
    assert_tells(mta_sts_database_begin(db), "removed or replaced");
    mta_sts_database_close(db);
    db = open_with_table(test);
    assert_string_equal(things(test, db), "");
}

static void test_a_full_disk_is_told(void **state)
{
    mta_sts_database *db = open_with_table(*state);
    told all = {((database_test *)*state)->p, 1, ""};
    const char *error = NULL;
    int i;

    /* SQLite's own limit of pages has the code of a full disk. */
    assert_done(mta_sts_database_rows(db, "PRAGMA max_page_count = 30", tell_row, &all));
    for (i = 0; i < 100000 && !error; i++) {
        error = mta_sts_database_run(db, INSERT, (long long)i, "some octets to fill pages with");
    }
    assert_tells(error, "disk is full");
}

/* --- how PostgreSQL is reached --- */

static void test_a_server_that_is_not_there_is_told_without_the_password(void **state)
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
        assert_tells(open_error(test), "host=/nowhere dbname=reports");
    }
}

static void test_a_server_that_goes_away_is_told_and_opening_works_again(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = open_with_table(test), *other = database_open(test);
    told all = {test->p, 1, ""};

    /* As when the server was started again. */
    assert_done(mta_sts_database_rows(other,
                                      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                      " WHERE pid <> pg_backend_pid() AND usename = 'tester'",
                                      tell_row, &all));
    assert_true(is_showable(mta_sts_database_begin(db)));
    mta_sts_database_close(db);
    assert_string_equal(things(test, database_open(test)), "");
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

static void test_an_unknown_driver_is_told(void **state)
{
    database_test *test = *state;

    test->driver = "oracle";
    assert_tells(open_error(test), "sqlite3 and pgsql are known");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATABASE_TESTS(test_values_are_bound_whatever_is_in_them),
        DATABASE_TESTS(test_numbers_have_64_bits_and_texts_may_be_null),
        DATABASE_TESTS(test_a_taker_of_rows_may_stop),
        DATABASE_TESTS(test_a_wrong_statement_is_told_and_the_next_one_runs),
        DATABASE_TESTS(test_what_is_rolled_back_is_not_there),
        DATABASE_TESTS(test_a_transaction_with_an_error_in_it_is_not_committed),
        DATABASE_TESTS(test_a_closed_transaction_is_rolled_back_and_a_closed_handle_refuses),
        DATABASE_TESTS(test_a_reading_transaction_sees_one_state_beside_a_writer),
        DATABASE_TESTS(test_writers_of_two_processes_wait_for_each_other),
        DATABASE_TESTS(test_the_schema_is_made_once_and_found_again),
        DATABASE_TESTS(test_an_older_schema_is_brought_up_to_date),
        DATABASE_TESTS(test_a_newer_schema_is_refused_with_a_sentence),
        SQLITE_TEST(test_the_file_is_private_whatever_the_umask),
        SQLITE_TEST(test_a_file_that_others_can_read_becomes_private),
        SQLITE_TEST(test_what_is_in_the_way_is_not_followed),
        SQLITE_TEST(test_a_damaged_file_is_told),
        SQLITE_TEST(test_a_lock_that_does_not_end_is_told),
        SQLITE_TEST(test_a_lock_that_is_met_while_it_is_opened_is_told_as_one),
        SQLITE_TEST(test_a_file_that_is_gone_or_replaced_is_told_and_opening_makes_a_new_one),
        SQLITE_TEST(test_a_full_disk_is_told),
        PGSQL_TEST(test_who_writes_for_long_is_told_with_what_to_do),
        PGSQL_TEST(test_a_server_that_is_not_there_is_told_without_the_password),
        PGSQL_TEST(test_a_server_that_goes_away_is_told_and_opening_works_again),
        SQLITE_TEST(test_a_conninfo_is_read_as_libpq_reads_it),
        SQLITE_TEST(test_an_unknown_driver_is_told),
    };

    return RUN_DATABASE_TESTS(tests);
}
