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

/* All statements of a step together, so that a slow PostgreSQL does not hold up what needs none.
 * The time is doubled when it was too short: one that is always slow must get its work done as
 * well. */
#define STEP_FIRST apr_time_from_sec(7)
#define STEP_LONGEST apr_time_from_sec(28)

#define HOST_MAX 300 /* bytes of a machine's name, with its number */

/* A child cannot stop while it is trying to connect. */
#define PGSQL_TIMEOUT " connect_timeout=3"

struct mts_database {
    server_rec *main;
    apr_pool_t *pool; /* of the handle; cleared when it is closed */
    mta_sts_database *db;
    int open_count;
    const char *file; /* of SQLite; NULL for PostgreSQL */
    dev_t device;     /* device and inode identify the file that was opened */
    ino_t inode;
    apr_time_t retry; /* when to open it again; on the monotonic clock, like `locked` */
    apr_interval_time_t wait, step_max;
    apr_time_t locked;       /* since when it is locked; 0: it is not */
    char lost[HOST_MAX + 1]; /* the name in the database that another machine has now; "" */
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
    database->step_max = STEP_FIRST;
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

/* This machine goes on under another name, or under its own again if the other one is gone. */
static void log_renamed(mts_database *database)
{
    const char *host = mta_sts_database_host(database->db);

    if (*database->lost && strcmp(database->lost, host) != 0) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, database->main,
                     "this machine is %s in %s from now on: it was silent for a day or longer, as "
                     "when it is paused, and another machine has had its former name, %s, since "
                     "then; nothing is lost, and if this happens only once, nothing needs to be "
                     "done; give machines or containers that run at the same time different host "
                     "names (--hostname) "
                     "[machine-renamed]",
                     host, mta_sts_database_name(database->db), database->lost);
    }
    *database->lost = '\0';
}

static void try_to_open(mts_database *database)
{
    const mts_report_config *config = mts_report_config_of(database->main);
    const char *error;

    apr_pool_clear(database->pool);
    error = mta_sts_database_open_briefly(database->pool, config->driver,
                                          mts_database_where(database->main, database->pool),
                                          database->step_max, &database->db);
    error = error ? error : mta_sts_machine_join(database->db, config->state_dir, database->pool);
    if (!mts_database_failed(database, error)) {
        remember_file(database);
        log_renamed(database);
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
    if (database->db) {
        mta_sts_database_limit(database->db, database->step_max);
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

static void allow_more(mts_database *database, const char *error)
{
    if (mta_sts_database_is_late(error) && database->step_max < STEP_LONGEST) {
        database->step_max *= 2;
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
    if (database->db && mta_sts_machine_has_lost_name(database->db)) {
        apr_cpystrn(database->lost, mta_sts_database_host(database->db), sizeof(database->lost));
        mts_database_close(database); /* and is opened again at once, under another name */
        return 1;
    }
    log_trouble(database, error);
    allow_more(database, error);
    mts_database_close(database);
    wait_longer(database);
    return 1;
}
