/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/upkeep/database.h"

#include <sys/stat.h>
#include <unistd.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <http_log.h>

#include "core/base/monotonic.h"
#include "core/database/machine.h"
#include "httpd/shared/counters.h"
#include "httpd/shared/module.h"
#include "httpd/config/report_config.h"

APLOG_USE_MODULE(mta_sts);

/* The time to wait before the next attempt grows with each failure. */
#define WAIT_FIRST apr_time_from_sec(1)
#define WAIT_LONGEST apr_time_from_sec(10)

/* If the database is locked for this long, that is logged. */
#define LOCKED_LONG apr_time_from_sec(60)

/* In seconds, because a child process cannot stop while it is connecting. */
#define PGSQL_TIMEOUT " connect_timeout=3"

struct mts_database {
    server_rec *main;
    apr_pool_t *pool; /* of the handle; cleared when it is closed */
    mta_sts_database *db;
    int open_count;
    const char *file; /* of SQLite; NULL for PostgreSQL */
    dev_t device;     /* device and inode identify the file that was opened */
    ino_t inode;
    apr_time_t retry; /* when to open the database again; by the monotonic clock, like `locked` */
    apr_interval_time_t wait;
    apr_time_t locked; /* since when the database has been locked; 0: it is not locked */
};

void mts_database_prepare(server_rec *main)
{
    const char *error = mta_sts_database_init(main->process->pconf);

    if (error) {
        ap_log_error(
            APLOG_MARK, APLOG_WARNING, 0, main,
            "the database cannot be used: %s; policies are still served and reports stored "
            "[database-failed]",
            error);
    }
}

static int is_sqlite(const mts_report_config *config)
{
    return strcmp(config->driver, MTA_STS_DATABASE_SQLITE) == 0;
}

const char *mts_database_where(const server_rec *main, apr_pool_t *p)
{
    const mts_report_config *config = mts_report_config_of(main);

    if (!config->database) {
        return apr_pstrcat(p, config->state_dir, "/" MTA_STS_DATABASE_FILE, NULL);
    }
    return is_sqlite(config) || strstr(config->database, "connect_timeout")
               ? config->database
               : apr_pstrcat(p, config->database, PGSQL_TIMEOUT, NULL);
}

int mts_database_has_state_dir(const server_rec *main)
{
    struct stat info;

    return lstat(mts_report_config_of(main)->state_dir, &info) == 0 && S_ISDIR(info.st_mode) &&
           info.st_uid == geteuid() && !(info.st_mode & (S_IWGRP | S_IWOTH));
}

mts_database *mts_database_make(server_rec *main, apr_pool_t *p)
{
    mts_database *database = apr_pcalloc(p, sizeof(*database));

    database->main = main;
    database->wait = WAIT_FIRST;
    database->file = is_sqlite(mts_report_config_of(main)) ? mts_database_where(main, p) : NULL;
    apr_pool_create(&database->pool, p);
    return database;
}

void mts_database_close(mts_database *database)
{
    if (database->db) {
        mta_sts_database_close(database->db);
        database->db = NULL;
    }
    apr_pool_clear(database->pool);
}

int mts_database_open_count(const mts_database *database)
{
    return database->open_count;
}

/* --- logging: one line for each change of state, in any child process --- */

/* A number that identifies an error; never 0, which means no error. */
static apr_uint32_t digest_of(const char *error)
{
    apr_ssize_t len = APR_HASH_KEY_STRING;

    return apr_hashfunc_default(error, &len) | 1;
}

static void log_trouble(mts_database *database, const char *error)
{
    apr_uint32_t digest = digest_of(error);

    /* For PostgreSQL, losing a connection and failing to reconnect are one problem. */
    if (mts_counters_shared->database_trouble == digest ||
        (mts_counters_shared->database_trouble && !database->file)) {
        return;
    }
    mts_counters_shared->database_trouble = digest;
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, database->main,
                 "%s; policies are still served and reports stored [database-failed]", error);
}

void mts_database_works(mts_database *database)
{
    if (!database->db) {
        return;
    }
    database->wait = WAIT_FIRST;
    if (mts_counters_shared->database_trouble == 0) {
        return;
    }
    mts_counters_shared->database_trouble = 0;
    ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, database->main, "%s works again [database-works]",
                 mta_sts_database_name(database->db));
}

/* --- opening --- */

/* Whether the path still names the file that was opened. */
static int is_same_file(const mts_database *database)
{
    struct stat info;

    return !database->file || (lstat(database->file, &info) == 0 &&
                               info.st_dev == database->device && info.st_ino == database->inode);
}

static void remember_file(mts_database *database)
{
    struct stat info;

    if (database->file && lstat(database->file, &info) == 0) {
        database->device = info.st_dev;
        database->inode = info.st_ino;
    }
}

static void try_to_open(mts_database *database)
{
    const mts_report_config *config = mts_report_config_of(database->main);
    const char *error;

    apr_pool_clear(database->pool);
    error =
        mta_sts_database_open(database->pool, config->driver,
                              mts_database_where(database->main, database->pool), &database->db);
    error = error ? error : mta_sts_database_shorten_lock_timeout(database->db);
    error = error ? error : mta_sts_machine_join(database->db, config->state_dir, database->pool);
    if (!mts_database_failed(database, error)) {
        remember_file(database);
        database->open_count++;
    }
}

mta_sts_database *mts_database_use(mts_database *database)
{
    if (!mts_database_has_state_dir(database->main) || !is_same_file(database)) {
        mts_database_close(database);
    }
    if (!mts_database_has_state_dir(database->main)) {
        return NULL; /* the code that stores reports logs this */
    }
    if (!database->db && mta_sts_monotonic_now() >= database->retry) {
        try_to_open(database);
    }
    return database->db;
}

/* --- failures --- */

static void wait_longer(mts_database *database)
{
    database->retry = mta_sts_monotonic_now() + database->wait;
    if (database->wait < WAIT_LONGEST) {
        database->wait *= 2;
    }
}

int mts_database_failed(mts_database *database, const char *error)
{
    apr_time_t now = mta_sts_monotonic_now();

    if (!error) {
        database->locked = 0;
        return 0;
    }
    if (database->db && !is_same_file(database)) {
        mts_database_close(database);
        return 1;
    }
    if (mta_sts_database_is_locked(error)) {
        database->locked = database->locked ? database->locked : now;
        if (now - database->locked >= LOCKED_LONG) {
            log_trouble(database, error);
        }
        return 1;
    }
    log_trouble(database, error);
    mts_database_close(database);
    wait_longer(database);
    return 1;
}
