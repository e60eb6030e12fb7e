/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_DATABASE_FIXTURE_H
#define TESTS_UNIT_DATABASE_FIXTURE_H

#include "pool_fixture.h"

#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/database/database.h"

/*
 * A database for each test, both with SQLite and with a PostgreSQL server that this program starts:
 * on a socket in a private directory, as a user other than root. If Debian's postgresql or
 * apr-util's driver is not installed, or MTA_STS_QUICK is set, that half is skipped with a message.
 *
 * Tests come in pairs: DATABASE_TESTS(test) runs the same test with both.
 */

static char database_directory[] = "/tmp/mta-sts-db-XXXXXX";
static apr_pool_t *database_process; /* pool of the drivers */
static pid_t database_server;        /* 0: no server is running */
static const char *database_binaries;

typedef struct database_test {
    apr_pool_t *p;
    const char *driver, *where;
    char directory[64]; /* of this test, with mode 0700 */
} database_test;

/* --- the server --- */

/* Drops root privileges, because initdb and postgres refuse to run as root. */
static inline void database_become_nobody(void)
{
    const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;

    if (geteuid() != 0) {
        return;
    }
    if (!user || setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0) {
        _exit(1);
    }
}

/* Starts a program of the server; its output goes to a file in the directory. */
static inline pid_t database_start(const char *const *argv)
{
    char log[128];
    pid_t pid = fork();

    if (pid != 0) {
        return pid;
    }
    snprintf(log, sizeof(log), "%s/log", database_directory);
    database_become_nobody();
    if (chdir(database_directory) != 0 || !freopen(log, "a", stdout) ||
        !freopen(log, "a", stderr)) {
        _exit(1);
    }
    execv(argv[0], (char *const *)argv);
    _exit(1);
}

static inline int database_run(const char *const *argv)
{
    int status = -1;
    pid_t pid = database_start(argv);

    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static inline const char *database_conninfo(void)
{
    return apr_psprintf(database_process, "host=%s dbname=postgres user=tester",
                        database_directory);
}

static inline const char *database_binary(const char *name)
{
    return apr_psprintf(database_process, "%s/%s", database_binaries, name);
}

/* Whether the server accepts connections; waits for up to a minute. */
static inline int database_answers(void)
{
    const char *argv[] = {database_binary("pg_isready"), "-q", "-h", database_directory, NULL};
    int i;

    for (i = 0; i < 600 && waitpid(database_server, NULL, WNOHANG) == 0; i++) {
        if (database_run(argv) == 0) {
            return 1;
        }
        usleep(100 * 1000);
    }
    return 0;
}

static inline void database_find_binaries(void)
{
    glob_t found;

    if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) == 0) {
        database_binaries = apr_pstrdup(database_process, found.gl_pathv[found.gl_pathc - 1]);
    }
    globfree(&found);
}

static inline int database_start_server(void)
{
    const char *data = apr_pstrcat(database_process, database_directory, "/data", NULL);
    const char *initdb[] = {database_binary("initdb"),
                            "-D",
                            data,
                            "-U",
                            "tester",
                            "-A",
                            "trust",
                            "--no-sync",
                            "-E",
                            "UTF8",
                            "--locale=C",
                            NULL};
    const char *postgres[] = {database_binary("postgres"),
                              "-D",
                              data,
                              "-k",
                              database_directory,
                              "-h",
                              "",
                              "-c",
                              "fsync=off",
                              "-c",
                              "max_connections=10",
                              NULL};

    if (database_run(initdb) != 0) {
        return -1;
    }
    database_server = database_start(postgres);
    return database_answers() ? 0 : -1;
}

static inline int database_has_driver(void)
{
    mta_sts_database *db;
    const char *error = mta_sts_database_open(database_process, MTA_STS_DATABASE_PGSQL,
                                              "host=/nowhere connect_timeout=2", &db);

    return !error || !strstr(error, "apt-get install");
}

static inline int database_group_start(void **state)
{
    const struct passwd *user;

    (void)state;
    if (apr_initialize() != APR_SUCCESS || !mkdtemp(database_directory) ||
        apr_pool_create(&database_process, NULL) != APR_SUCCESS ||
        mta_sts_database_init(database_process)) {
        return -1;
    }
    user = geteuid() == 0 ? getpwnam("postgres") : NULL;
    if (user && chown(database_directory, user->pw_uid, user->pw_gid) != 0) {
        return -1;
    }
    if (getenv("MTA_STS_QUICK")) {
        print_message("without PostgreSQL, as MTA_STS_QUICK is set\n");
        return 0;
    }
    database_find_binaries();
    if (!database_binaries || !database_has_driver() || (geteuid() == 0 && !user)) {
        print_message("without PostgreSQL: apt-get install postgresql libaprutil1-dbd-pgsql\n");
        return 0;
    }
    return database_start_server();
}

static inline int database_remove_entry(const char *path, const struct stat *info, int type,
                                        struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline int database_group_stop(void **state)
{
    (void)state;
    if (database_server > 0) {
        kill(database_server, SIGINT);
        waitpid(database_server, NULL, 0);
    }
    nftw(database_directory, database_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    apr_pool_destroy(database_process);
    apr_terminate();
    return 0;
}

/* --- a database of each test --- */

static inline int database_make(void **state, const char *driver)
{
    database_test *test;
    apr_pool_t *p;

    if (apr_pool_create(&p, NULL) != APR_SUCCESS) {
        return -1;
    }
    test = apr_pcalloc(p, sizeof(*test));
    test->p = p;
    test->driver = driver;
    /* In memory if possible, so that the tests do not wait for a disk. */
    strcpy(test->directory, "/dev/shm/mta-sts-db-XXXXXX");
    if (!mkdtemp(test->directory)) {
        strcpy(test->directory, "/tmp/mta-sts-db-XXXXXX");
        if (!mkdtemp(test->directory)) {
            return -1;
        }
    }
    test->where = strcmp(driver, MTA_STS_DATABASE_PGSQL) == 0
                      ? database_conninfo()
                      : apr_pstrcat(p, test->directory, "/" MTA_STS_DATABASE_FILE, NULL);
    *state = test;
    return 0;
}

static inline int database_make_sqlite(void **state)
{
    return database_make(state, MTA_STS_DATABASE_SQLITE);
}

/* Drops the tables, so that each test begins with an empty database. */
static inline void database_empty_server(void)
{
    const char *argv[] = {
        database_binary("psql"),
        "-q",
        "-h",
        database_directory,
        "-U",
        "tester",
        "-d",
        "postgres",
        "-c",
        "SET client_min_messages=error; DROP SCHEMA public CASCADE; CREATE SCHEMA public",
        NULL};

    assert_int_equal(database_run(argv), 0);
}

static inline int database_make_pgsql(void **state)
{
    if (database_server > 0) {
        database_empty_server();
    }
    return database_make(state, MTA_STS_DATABASE_PGSQL);
}

static inline int database_drop(void **state)
{
    database_test *test = *state;

    nftw(test->directory, database_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    apr_pool_destroy(test->p);
    return 0;
}

static inline mta_sts_database *database_open(database_test *test)
{
    mta_sts_database *db;
    const char *error;

    if (strcmp(test->driver, MTA_STS_DATABASE_PGSQL) == 0 && database_server <= 0) {
        skip();
    }
    error = mta_sts_database_open(test->p, test->driver, test->where, &db);
    if (error) {
        fail_msg("%s", error);
    }
    return db;
}

#define assert_done(call)                                                                          \
    do {                                                                                           \
        const char *error_of_call = (call);                                                        \
        if (error_of_call) {                                                                       \
            fail_msg("%s: %s", #call, error_of_call);                                              \
        }                                                                                          \
    } while (0)

/* Damages an SQLite file: a NOT NULL column of a table is NULL in all rows. */
static inline void database_damage(apr_pool_t *p, const char *file, const char *table,
                                   const char *column)
{
    const char *const statements[] = {
        "PRAGMA writable_schema=ON",
        "UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '') WHERE type = 'table'",
        "PRAGMA writable_schema=RESET", apr_psprintf(p, "UPDATE %s SET %s = NULL", table, column),
        NULL};
    mta_sts_database *db;

    assert_done(mta_sts_database_open_derived(p, file, 0, &db));
    assert_done(mta_sts_database_run_all(db, statements));
    mta_sts_database_close(db);
}

#define SQLITE_TEST(test) cmocka_unit_test_setup_teardown(test, database_make_sqlite, database_drop)
#define PGSQL_TEST(test)                                                                           \
    {                                                                                              \
#test " (PostgreSQL)", test, database_make_pgsql, database_drop, NULL                      \
    }
#define DATABASE_TESTS(test) SQLITE_TEST(test), PGSQL_TEST(test)
#define RUN_DATABASE_TESTS(tests)                                                                  \
    cmocka_run_group_tests(tests, database_group_start, database_group_stop)

#endif
