/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status/database.h"

#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <apr_strings.h>

#include "core/base/monotonic.h"
#include "core/database/machine.h"
#include "httpd/upkeep/database.h"
#include "httpd/config/report_config.h"

/* The handle of this child; protected by the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static server_rec *main_server;
static apr_pool_t *pool; /* of the handle */
static mta_sts_database *db;
static int is_stopping; /* whether the pools of the child process are being destroyed */
static char failure[1024];
static apr_time_t failed_until; /* by the monotonic clock */

/* The times of a request altogether, however often it reads: it may wait for others, and then its
 * statements take the rest. A connection that it opens last takes some seconds more. */
#define WAIT_MAX apr_time_from_sec(4)
#define READ_MAX apr_time_from_sec(7)
#define STARTED "mta_sts_status_database"

#define FAILURE_LASTS apr_time_from_sec(2)

static void close_database(void)
{
    if (db) {
        mta_sts_database_close(db);
        db = NULL;
    }
    apr_pool_clear(pool);
}

/* The status page never creates a database; only the watchdog does. */
static const char *refuse(apr_pool_t *p)
{
    const mts_report_config *config = mts_report_config_of(main_server);
    struct stat info;

    if (!mts_database_has_state_dir(main_server)) {
        return apr_psprintf(
            p,
            "the state directory %s does not exist, or users other than the one that httpd's "
            "children run as can write to it; see the error log",
            config->state_dir);
    }
    if (strcmp(config->driver, MTA_STS_DATABASE_SQLITE) == 0 &&
        lstat(mts_database_where(main_server, p), &info) != 0) {
        return apr_psprintf(
            p,
            "the index of the reports does not exist yet (%s); it is created within "
            "seconds after a start if mod_watchdog is loaded",
            mts_database_where(main_server, p));
    }
    return NULL;
}

/* limit: for all statements until the next call */
static const char *open_database(apr_pool_t *p, apr_interval_time_t limit)
{
    const char *error = refuse(p);

    if (error) {
        close_database();
        return error;
    }
    if (db) {
        mta_sts_database_limit(db, limit);
        return NULL;
    }
    error = mta_sts_database_open_briefly(pool, mts_report_config_of(main_server)->driver,
                                          mts_database_where(main_server, pool), limit, &db);
    return error ? error
                 : mta_sts_machine_find(db, mts_report_config_of(main_server)->state_dir, pool);
}

static const char *read_once(apr_pool_t *p, apr_time_t started, mts_status_read *read, void *baton)
{
    apr_interval_time_t left = started + READ_MAX - mta_sts_monotonic_now();
    const char *error = left > 0 ? open_database(p, left) : "it does not answer in time";

    if (!error) {
        error = read(db, p, baton);
    }
    if (!error) {
        return NULL;
    }
    error = apr_pstrdup(p, error); /* allocated by the handle */
    close_database();
    return error;
}

/* --- a database that does not respond --- */

/* Requests use the database one after the other: those that waited for one that failed get its
 * error, instead of failing one by one. */
static const char *recent_failure(apr_pool_t *p)
{
    return mta_sts_monotonic_now() < failed_until ? apr_pstrdup(p, failure) : NULL;
}

/* Remembers an error, but only for PostgreSQL, which may take seconds to fail. */
static void remember_failure(const char *error)
{
    apr_time_t now = mta_sts_monotonic_now();

    if (!error || now < failed_until ||
        strcmp(mts_report_config_of(main_server)->driver, MTA_STS_DATABASE_PGSQL) != 0) {
        return;
    }
    apr_cpystrn(failure, error, sizeof(failure));
    failed_until = now + FAILURE_LASTS;
}

/* When a request began to read; on the monotonic clock. */
static apr_time_t start_of(request_rec *r)
{
    void *started = NULL;

    apr_pool_userdata_get(&started, STARTED, r->pool);
    if (!started) {
        apr_time_t now = mta_sts_monotonic_now();

        started = apr_pmemdup(r->pool, &now, sizeof(now));
        apr_pool_userdata_setn(started, STARTED, NULL, r->pool);
    }
    return *(apr_time_t *)started;
}

static int lock_in_time(apr_time_t started)
{
    apr_time_t left = started + WAIT_MAX - mta_sts_monotonic_now();
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += left > 0 ? (time_t)apr_time_sec(left) + 1 : 0;
    return pthread_mutex_clocklock(&lock, CLOCK_MONOTONIC, &until) == 0;
}

/* A request that has the lock closes the database as well. */
static apr_status_t close_after_request(void *unused)
{
    (void)unused;
    if (pthread_mutex_trylock(&lock) == 0) {
        if (!is_stopping) {
            close_database();
        }
        pthread_mutex_unlock(&lock);
    }
    return APR_SUCCESS;
}

const char *mts_status_database_read(request_rec *r, mts_status_read *read, void *baton)
{
    const apr_time_t started = start_of(r);
    const char *error;
    int was_open;

    apr_pool_cleanup_register(r->pool, NULL, close_after_request, apr_pool_cleanup_null);
    if (!lock_in_time(started)) {
        return "another request is waiting for it";
    }
    was_open = db != NULL;
    error = is_stopping ? "httpd is stopping" : recent_failure(r->pool);
    error = error ? error : read_once(r->pool, started, read, baton);
    if (error && was_open && !is_stopping && !mta_sts_database_is_locked(error)) {
        error = read_once(r->pool, started, read, baton);
    }
    remember_failure(error);
    pthread_mutex_unlock(&lock);
    return error;
}

/* Runs before the memory of the child process is freed: waits for readers, and rejects new ones. */
static apr_status_t stop(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    close_database();
    is_stopping = 1;
    pthread_mutex_unlock(&lock);
    return APR_SUCCESS;
}

static void child_init(apr_pool_t *pchild, server_rec *main)
{
    main_server = main;
    db = NULL;
    is_stopping = 0;
    apr_pool_create(&pool, pchild);
    apr_pool_pre_cleanup_register(pchild, NULL, stop);
}

void mts_status_database_register_hooks(void)
{
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
}
