/* SPDX-License-Identifier: Apache-2.0 */
#include "database_fixture.h"

#include <dirent.h>

#include "core/database/history.h"
#include "core/database/identity.h"
#include "core/database/machine.h"

static const char *directory(database_test *test, const char *name)
{
    const char *made = apr_pstrcat(test->p, test->directory, "/", name, NULL);

    assert_int_equal(mkdir(made, 0700), 0);
    return made;
}

static const char *file_text(database_test *test, const char *path)
{
    char *text = apr_pcalloc(test->p, 256);
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    assert_true(fread(text, 1, 255, file) > 0);
    fclose(file);
    return text;
}

/* Nothing of an unfinished file is left over. */
static void assert_only_file(const char *dir, const char *name)
{
    DIR *stream = opendir(dir);
    const struct dirent *entry;

    assert_non_null(stream);
    while ((entry = readdir(stream))) {
        assert_true(entry->d_name[0] == '.' || strcmp(entry->d_name, name) == 0);
    }
    closedir(stream);
}

/* The name in a new connection, as another process has it. */
static const char *found(database_test *test, const char *state_dir)
{
    mta_sts_database *db = database_open(test);

    const char *host;

    assert_done(mta_sts_machine_find(db, state_dir, test->p));
    host = apr_pstrdup(test->p, mta_sts_database_host(db));
    mta_sts_database_close(db);
    return host;
}

static const char *joined(database_test *test, const char *state_dir)
{
    mta_sts_database *db = database_open(test);

    const char *host;

    assert_done(mta_sts_machine_join(db, state_dir, test->p));
    host = apr_pstrdup(test->p, mta_sts_database_host(db));
    mta_sts_database_close(db);
    assert_string_equal(found(test, state_dir), host);
    return host;
}

static void machines_of_one_host_name_have_names_of_their_own_and_keep_them(void **state)
{
    database_test *test = *state;
    const char *host = mta_sts_identity_host(test->p);
    const char *a = directory(test, "a"), *b = directory(test, "b"), *c = directory(test, "c");

    assert_string_equal(found(test, a), host);
    assert_string_equal(joined(test, a), host);
    assert_string_equal(joined(test, b), apr_psprintf(test->p, "%s (2)", host));
    assert_string_equal(joined(test, c), apr_psprintf(test->p, "%s (3)", host));
    assert_string_equal(joined(test, a), host);
    assert_string_equal(joined(test, b), apr_psprintf(test->p, "%s (2)", host));
}

#define PROCESSES 8
#define ROUNDS 50

/* Waits until the other processes are ready, too, and notes the identity that it then has. */
static void find_identity_at(const char *dir, int gate, const char *note)
{
    const char *identity = NULL;
    char begin;
    FILE *file = fopen(note, "w");
    apr_pool_t *p;

    apr_pool_create(&p, NULL);
    if (read(gate, &begin, 1) != 0 || !file || mta_sts_identity_find(p, dir, &identity)) {
        _exit(1);
    }
    fputs(identity, file);
    fclose(file);
    _exit(0);
}

/* Many processes at once; each notes what it found. */
static void find_identity_in_all(const char *dir, const char *const *notes)
{
    int gate[2], status, i;

    assert_int_equal(pipe(gate), 0);
    for (i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            close(gate[1]);
            find_identity_at(dir, gate[0], notes[i]);
        }
    }
    close(gate[0]);
    close(gate[1]); /* opens the gate */
    for (i = 0; i < PROCESSES; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
}

static void processes_that_create_the_identity_at_once_have_the_same_one(void **state)
{
    database_test *test = *state;
    const char *notes[PROCESSES], *dir, *identity;
    int round, i;

    for (i = 0; i < PROCESSES; i++) {
        notes[i] = apr_psprintf(test->p, "%s/note-%d", test->directory, i);
    }
    for (round = 0; round < ROUNDS; round++) {
        dir = directory(test, apr_psprintf(test->p, "state-%d", round));
        find_identity_in_all(dir, notes);
        identity = mta_sts_identity_read(test->p, dir);
        assert_non_null(identity);
        for (i = 0; i < PROCESSES; i++) {
            assert_string_equal(file_text(test, notes[i]), identity);
        }
        assert_only_file(dir, MTA_STS_IDENTITY_FILE);
    }
}

static void a_damaged_identity_is_replaced(void **state)
{
    database_test *test = *state;
    const char *dir = directory(test, "state"), *identity;
    FILE *file = fopen(apr_pstrcat(test->p, dir, "/" MTA_STS_IDENTITY_FILE, NULL), "w");

    assert_non_null(file);
    fputs("0123", file);
    fclose(file);
    assert_null(mta_sts_identity_read(test->p, dir));
    assert_done(mta_sts_identity_find(test->p, dir, &identity));
    assert_string_equal(mta_sts_identity_read(test->p, dir), identity);
    assert_only_file(dir, MTA_STS_IDENTITY_FILE);
}

static void a_pipe_instead_of_the_identity_is_replaced_and_not_waited_for(void **state)
{
    database_test *test = *state;
    const char *dir = directory(test, "state"), *identity;

    assert_int_equal(mkfifo(apr_pstrcat(test->p, dir, "/" MTA_STS_IDENTITY_FILE, NULL), 0600), 0);
    assert_null(mta_sts_identity_read(test->p, dir));
    assert_done(mta_sts_identity_find(test->p, dir, &identity));
    assert_string_equal(mta_sts_identity_read(test->p, dir), identity);
    assert_only_file(dir, MTA_STS_IDENTITY_FILE);
}

#define HOUR 3600

/* A machine has confirmed what it serves this many seconds ago, by its clock and the database's. */
static void confirmed(database_test *test, const char *name, int ago)
{
    mta_sts_database *db = database_open(test);

    assert_done(mta_sts_database_run(db, "DELETE FROM mta_sts_history_host WHERE host = %s", name));
    assert_done(
        mta_sts_database_run(db, "INSERT INTO mta_sts_history_host (host, noted) VALUES (%s, %lld)",
                             name, (long long)(apr_time_now() - apr_time_from_sec(ago))));
    assert_done(mta_sts_database_run(db,
                                     "UPDATE mta_sts_machine SET confirmed = %lld WHERE host = %s",
                                     (long long)(apr_time_now() - apr_time_from_sec(ago)), name));
    mta_sts_database_close(db);
}

/* As the upgrade of an earlier database leaves it: its day begins then. */
static void never_confirmed(database_test *test, const char *name)
{
    mta_sts_database *db = database_open(test);

    assert_done(
        mta_sts_database_run(db, "UPDATE mta_sts_machine SET confirmed = 0 WHERE host = %s", name));
    mta_sts_database_close(db);
}

static void has_report(database_test *test, const char *name)
{
    mta_sts_database *db = database_open(test);

    assert_done(mta_sts_database_run(
        db, "INSERT INTO tlsrpt_string (id, text, whole, folded) VALUES (1, %s, %s, %s)", name,
        name, name));
    assert_done(mta_sts_database_run(
        db,
        "INSERT INTO tlsrpt_report (id, host, digest, file, received, channel, verified, state,"
        " identity, organization, report_id, range_begin, range_end)"
        " VALUES (1, 1, %s, 1, 1, 1, 0, 0, '', 1, '', 1, 1)",
        "digest"));
    mta_sts_database_close(db);
}

/* A container without a volume has a new identity at each start. */
static void a_new_machine_gets_the_name_of_one_that_is_gone(void **state)
{
    database_test *test = *state;
    const char *host = mta_sts_identity_host(test->p);
    const char *second = apr_psprintf(test->p, "%s (2)", host);
    const char *third = apr_psprintf(test->p, "%s (3)", host);
    const char *a = directory(test, "a");

    assert_string_equal(joined(test, a), host);
    assert_string_equal(joined(test, directory(test, "b")), second); /* a has just started */
    confirmed(test, host, 23 * HOUR);
    confirmed(test, second, 25 * HOUR);
    assert_string_equal(joined(test, directory(test, "c")), second);
    confirmed(test, second, 0);
    confirmed(test, host, 25 * HOUR);
    assert_string_equal(joined(test, directory(test, "d")), host);
    confirmed(test, host, 0);
    assert_string_equal(joined(test, a), third); /* which was not gone */
}

static void a_name_is_not_given_away_before_it_is_confirmed_or_with_reports(void **state)
{
    database_test *test = *state;
    const char *host = mta_sts_identity_host(test->p);
    const char *second = apr_psprintf(test->p, "%s (2)", host);
    const char *third = apr_psprintf(test->p, "%s (3)", host);

    assert_string_equal(joined(test, directory(test, "a")), host);
    never_confirmed(test, host);
    assert_string_equal(joined(test, directory(test, "b")), second);
    confirmed(test, second, 25 * HOUR);
    has_report(test, second);
    assert_string_equal(joined(test, directory(test, "c")), third);
}

/* Confirms what it serves, by its own clock. */
static const char *confirm_at(database_test *test, mta_sts_database *db, apr_time_t now)
{
    const mta_sts_history_machine machine = {mta_sts_database_host(db), now, now, now, now};
    apr_array_header_t *none = apr_array_make(test->p, 1, sizeof(mta_sts_history_served)), *changes;
    const char *error = mta_sts_history_record(db, &machine, none, test->p, &changes);

    return error ? error : mta_sts_history_confirm(db, &machine);
}

static mta_sts_database *open_and_join(database_test *test, const char *state_dir)
{
    mta_sts_database *db = database_open(test);

    assert_done(mta_sts_machine_join(db, state_dir, test->p));
    return db;
}

static void a_machine_whose_clock_is_behind_is_not_silent(void **state)
{
    static const apr_time_t behind[] = {25 * HOUR, 400 * 24 * HOUR};
    apr_size_t i;

    for (i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
        database_test *test = *state;
        const char *host = mta_sts_identity_host(test->p);
        mta_sts_database *a =
            open_and_join(test, directory(test, apr_psprintf(test->p, "a%d", (int)i)));

        confirmed(test, mta_sts_database_host(a), 25 * HOUR);
        assert_done(confirm_at(test, a, apr_time_now() - apr_time_from_sec(behind[i])));
        assert_string_equal(joined(test, directory(test, apr_psprintf(test->p, "b%d", (int)i))),
                            apr_psprintf(test->p, "%s (%d)", host, 2 * (int)i + 2));
        mta_sts_database_close(a);
    }
}

/* Its connection is still open when it goes on. */
static void a_machine_that_was_paused_writes_nothing_under_the_name_of_another_one(void **state)
{
    database_test *test = *state;
    const char *host = mta_sts_identity_host(test->p), *a_dir = directory(test, "a"), *error;
    mta_sts_database *a = open_and_join(test, a_dir);

    assert_done(confirm_at(test, a, apr_time_now()));
    confirmed(test, host, 25 * HOUR);
    assert_string_equal(joined(test, directory(test, "b")), host);
    error = mta_sts_database_begin(a); /* all that writes begins with it */
    assert_non_null(error);
    assert_non_null(strstr(error, host));
    assert_non_null(strstr(error, "another machine"));
    assert_non_null(confirm_at(test, a, apr_time_now()));
    mta_sts_database_close(a);
    assert_string_equal(joined(test, a_dir), apr_psprintf(test->p, "%s (2)", host));
}

/* As a machine that was made from an image of another one. */
static void a_copy_with_another_host_name_gets_an_identity_of_its_own(void **state)
{
    database_test *test = *state;
    const char *host = mta_sts_identity_host(test->p), *a = directory(test, "a"), *identity;
    mta_sts_database *db = database_open(test);

    assert_done(mta_sts_identity_find(test->p, a, &identity));
    assert_done(mta_sts_database_run(
        db, "INSERT INTO mta_sts_machine (identity, host) VALUES (%s, %s)", identity, "original"));
    mta_sts_database_close(db);
    assert_string_equal(joined(test, a), host);
    assert_string_not_equal(mta_sts_identity_read(test->p, a), identity);
    assert_string_equal(joined(test, a), host);
}

static void a_machine_whose_state_directory_cannot_be_written_to_does_not_join(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    const char *missing = apr_pstrcat(test->p, test->directory, "/missing", NULL);
    const char *error = mta_sts_machine_join(db, missing, test->p);

    assert_non_null(error);
    assert_non_null(strstr(error, "/missing/machine cannot be written: No such file or directory"));
    assert_done(mta_sts_machine_find(db, missing, test->p));
    assert_string_equal(mta_sts_database_host(db), mta_sts_identity_host(test->p));
}

/* All machines wait while one joins. */
static void joining_does_not_scan_the_reports(void **state)
{
    database_test *test = *state;
    mta_sts_database *db = database_open(test);
    apr_int64_t indexes = 0;

    assert_done(
        mta_sts_database_rows(db,
                              "SELECT count(*) FROM pg_indexes WHERE tablename = 'tlsrpt_report'"
                              " AND position('(host)' in indexdef) > 0",
                              mta_sts_database_take_number, &indexes));
    assert_int_equal(indexes, 1);
}

static void the_file_of_sqlite_belongs_to_one_machine(void **state)
{
    database_test *test = *state;

    assert_string_equal(joined(test, directory(test, "a")), mta_sts_identity_host(test->p));
    assert_string_equal(joined(test, directory(test, "b")), mta_sts_identity_host(test->p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SQLITE_TEST(processes_that_create_the_identity_at_once_have_the_same_one),
        SQLITE_TEST(a_damaged_identity_is_replaced),
        SQLITE_TEST(a_pipe_instead_of_the_identity_is_replaced_and_not_waited_for),
        PGSQL_TEST(machines_of_one_host_name_have_names_of_their_own_and_keep_them),
        PGSQL_TEST(a_new_machine_gets_the_name_of_one_that_is_gone),
        PGSQL_TEST(a_name_is_not_given_away_before_it_is_confirmed_or_with_reports),
        PGSQL_TEST(a_machine_whose_clock_is_behind_is_not_silent),
        PGSQL_TEST(a_machine_that_was_paused_writes_nothing_under_the_name_of_another_one),
        PGSQL_TEST(a_copy_with_another_host_name_gets_an_identity_of_its_own),
        PGSQL_TEST(a_machine_whose_state_directory_cannot_be_written_to_does_not_join),
        PGSQL_TEST(joining_does_not_scan_the_reports),
        SQLITE_TEST(the_file_of_sqlite_belongs_to_one_machine),
    };

    return RUN_DATABASE_TESTS(tests);
}
