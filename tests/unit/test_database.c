/* SPDX-License-Identifier: Apache-2.0 */
#include "things_fixture.h"

#include "core/database/schema.h"

/* Statements, transactions and the schema, with SQLite and with PostgreSQL. */

#define LARGEST 9223372036854775807LL

/* --- statements --- */

static void test_values_of_any_content_are_bound(void **state)
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
        rows_text all = {test->p, 1, ""};

        assert_done(mta_sts_database_run(db, INSERT, (long long)i, texts[i]));
        assert_done(
            mta_sts_database_rows(db, "SELECT text FROM things WHERE number = %lld AND text = %s",
                                  append_row, &all, (long long)i, texts[i]));
        assert_string_equal(all.rows, texts[i]);
    }
}

static void test_numbers_have_64_bits_and_texts_may_be_null(void **state)
{
    mta_sts_database *db = open_with_table(*state);
    const char *volatile null = NULL; /* gcc warns if it sees a constant NULL for %s */

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

static void test_a_row_callback_can_stop_the_query(void **state)
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

static void test_a_failed_statement_is_reported_and_the_next_one_runs(void **state)
{
    mta_sts_database *db = open_with_table(*state);
    const char *error = mta_sts_database_run(db, "INSERT INTO nothing (a) VALUES (%d)", 1);

    assert_true(is_printable(error));
    assert_contains_text(error, mta_sts_database_name(db));
    assert_done(mta_sts_database_run(db, INSERT, 1LL, "one"));
}

/* A statement that a test built at run time. */
static const char *run_text(mta_sts_database *db, const char *sql)
{
    return mta_sts_database_run(db, sql, NULL);
}

/* --- transactions --- */

static void test_rolled_back_changes_are_gone(void **state)
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

static void test_a_transaction_with_an_error_is_not_committed(void **state)
{
    mta_sts_database *db = open_with_table(*state);

    assert_done(mta_sts_database_begin(db));
    assert_done(mta_sts_database_run(db, INSERT, 1LL, "one"));
    assert_non_null(mta_sts_database_run(db, "INSERT INTO nothing (a) VALUES (%d)", 1));
    assert_non_null(mta_sts_database_commit(db));
    assert_string_equal(things(*state, db), "");
}

static void test_closing_rolls_back_and_a_closed_handle_returns_errors(void **state)
{
    mta_sts_database *db = open_with_table(*state);

    assert_done(mta_sts_database_begin(db));
    assert_done(mta_sts_database_run(db, INSERT, 1LL, "one"));
    mta_sts_database_close(db);
    mta_sts_database_close(db);
    assert_contains_text(mta_sts_database_run(db, INSERT, 1LL, "one"), "closed");
    assert_contains_text(mta_sts_database_begin(db), "closed");
    assert_string_equal(things(*state, database_open(*state)), "");
}

static void test_a_reading_transaction_sees_one_state_despite_a_writer(void **state)
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

/* Each of two processes increments a number many times; a lost update would be noticed. */
static void test_writers_of_two_processes_wait_for_each_other(void **state)
{
    enum { ROUNDS = 20 };
    mta_sts_database *db = open_with_table(*state);
    const char *error = NULL;
    int i, status;
    pid_t child;

    assert_done(mta_sts_database_run(db, INSERT, 0LL, "sum"));
    mta_sts_database_close(db); /* must not survive a fork */
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
            rows_text all = {((database_test *)*state)->p, 1, ""};

            error = mta_sts_database_rows(db, "SELECT number FROM things", append_row, &all);
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

static int take_number(void *baton, const char *const *columns)
{
    *(apr_int64_t *)baton = mta_sts_database_number(columns[0]);
    return 0;
}

static int count_things(mta_sts_database *db)
{
    apr_int64_t count = 0;

    assert_done(mta_sts_database_rows(db, "SELECT count(*) FROM things WHERE number >= %d",
                                      take_number, &count, 0));
    return (int)count;
}

static void test_a_file_that_is_shrunk_gives_back_its_room_and_others_use_it_on(void **state)
{
    mta_sts_database *db = open_with_table(*state), *other = database_open(*state);
    char text[5000];
    int i;

    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    for (i = 0; i < 400; i++) {
        assert_done(mta_sts_database_run(db, INSERT, (long long)i, text));
    }
    assert_int_equal(count_things(other), 400);
    assert_done(mta_sts_database_run(db, "DELETE FROM things WHERE number > %d", 0));
    assert_done(mta_sts_database_shrink(db));
    assert_true(mta_sts_database_bytes(db) > 0 && mta_sts_database_bytes(db) < 400000);
    /* Statements that were prepared before. */
    assert_int_equal(count_things(other), 1);
    assert_done(mta_sts_database_run(other, INSERT, 7777LL, "more"));
    assert_done(mta_sts_database_run(db, INSERT, 7778LL, "more"));
    assert_int_equal(count_things(other), 3);
}

static void test_the_schema_is_made_once_and_found_again(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    rows_text all = {test->p, 1, ""};

    assert_done(mta_sts_database_run(db, "INSERT INTO tlsrpt_string (id, text) VALUES (%d, %s)", 1,
                                     "kept"));
    mta_sts_database_close(db);
    db = database_open(test);
    assert_done(mta_sts_database_rows(db, "SELECT version FROM mta_sts_schema", append_row, &all));
    assert_string_equal(all.rows, apr_psprintf(test->p, "%d", mta_sts_database_schema_version()));
    all.rows = "";
    assert_done(mta_sts_database_rows(db, "SELECT text FROM tlsrpt_string", append_row, &all));
    assert_string_equal(all.rows, "kept");
}

static int drop_table(void *baton, const char *const *columns)
{
    rows_text *all = baton;

    if (strcmp(columns[0], "mta_sts_schema") != 0) {
        all->rows = apr_pstrcat(all->p, all->rows, "DROP TABLE ", columns[0], ";", NULL);
    }
    return 1;
}

static void test_an_older_schema_is_brought_up_to_date(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    rows_text drops = {test->p, 1, ""};

    /* As before the first version: only the table with the version exists. */
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
    assert_done(mta_sts_database_run(db, "INSERT INTO tlsrpt_string (id, text) VALUES (%d, %s)", 1,
                                     "made"));
}

static void test_a_newer_schema_is_rejected_with_a_message(void **state)
{
    mta_sts_database *db = database_open(*state);

    assert_done(mta_sts_database_run(db, "UPDATE mta_sts_schema SET version = %d",
                                     mta_sts_database_schema_version() + 1));
    mta_sts_database_close(db);
    assert_contains_text(open_error(*state), "newer mod_mta_sts");
}

static void test_a_damaged_schema_version_is_rejected_with_a_message(void **state)
{
    static const long long versions[] = {-1, -4, -9223372036854775807LL - 1, 4294967298LL};
    mta_sts_database *db = database_open(*state);
    size_t i;

    for (i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        assert_done(
            mta_sts_database_run(db, "UPDATE mta_sts_schema SET version = %lld", versions[i]));
        assert_contains_text(open_error(*state), versions[i] < 0
                                                     ? "is damaged: its table mta_sts_schema"
                                                     : "newer mod_mta_sts");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DATABASE_TESTS(test_values_of_any_content_are_bound),
        DATABASE_TESTS(test_numbers_have_64_bits_and_texts_may_be_null),
        DATABASE_TESTS(test_a_row_callback_can_stop_the_query),
        DATABASE_TESTS(test_a_failed_statement_is_reported_and_the_next_one_runs),
        DATABASE_TESTS(test_rolled_back_changes_are_gone),
        DATABASE_TESTS(test_a_transaction_with_an_error_is_not_committed),
        DATABASE_TESTS(test_closing_rolls_back_and_a_closed_handle_returns_errors),
        DATABASE_TESTS(test_a_reading_transaction_sees_one_state_despite_a_writer),
        DATABASE_TESTS(test_writers_of_two_processes_wait_for_each_other),
        SQLITE_TEST(test_a_file_that_is_shrunk_gives_back_its_room_and_others_use_it_on),
        DATABASE_TESTS(test_the_schema_is_made_once_and_found_again),
        DATABASE_TESTS(test_an_older_schema_is_brought_up_to_date),
        DATABASE_TESTS(test_a_newer_schema_is_rejected_with_a_message),
        DATABASE_TESTS(test_a_damaged_schema_version_is_rejected_with_a_message),
    };

    return RUN_DATABASE_TESTS(tests);
}
