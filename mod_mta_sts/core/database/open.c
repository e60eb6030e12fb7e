/* SPDX-License-Identifier: Apache-2.0 */
#include "core/database/guard.h"
#include "core/database/identity.h"
#include "core/database/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/database/conninfo.h"
#include "core/base/text.h"

#define PGSQL_TIMEOUT " connect_timeout=10"

/* TCP keepalives and timeouts, to detect a server that has disappeared. The admin's parameters
 * follow and take precedence. */
#define PGSQL_NETWORK                                                                              \
    "keepalives_idle=10 keepalives_interval=5 keepalives_count=3 tcp_user_timeout=10000 "

typedef struct driver_name {
    const char *name, *package;
} driver_name;

static const driver_name driver_names[] = {
    {MTA_STS_DATABASE_SQLITE, "libaprutil1-dbd-sqlite3"},
    {MTA_STS_DATABASE_PGSQL, "libaprutil1-dbd-pgsql"},
};
#define DRIVER_COUNT ((int)(sizeof(driver_names) / sizeof(driver_names[0])))

/* Set by mta_sts_database_init, then read by all threads; NULL if a driver is not installed. */
static const apr_dbd_driver_t *drivers[DRIVER_COUNT];

const char *mta_sts_database_init(apr_pool_t *process)
{
    int i;

    if (apr_dbd_init(process) != APR_SUCCESS) {
        return "apr-util cannot use any database";
    }
    for (i = 0; i < DRIVER_COUNT; i++) {
        if (apr_dbd_get_driver(process, driver_names[i].name, &drivers[i]) != APR_SUCCESS) {
            drivers[i] = NULL;
        }
    }
    return NULL;
}

static int find_driver(const char *name)
{
    int i;

    for (i = 0; i < DRIVER_COUNT && strcmp(driver_names[i].name, name) != 0; i++) {
    }
    return i;
}

const char *mta_sts_database_validate(apr_pool_t *p, const char *driver, const char *where)
{
    mta_sts_conninfo info;
    const char *error;

    if (find_driver(driver) == DRIVER_COUNT) {
        return apr_psprintf(p, "there is no database driver %s: sqlite3 and pgsql are supported",
                            mta_sts_text_quote(p, driver, strlen(driver)));
    }
    if (strcmp(driver, MTA_STS_DATABASE_SQLITE) == 0) {
        return *where == '/' ? NULL
                             : apr_psprintf(p, "the path of the database must begin with \"/\": %s",
                                            mta_sts_text_quote_path(p, where));
    }
    error = mta_sts_conninfo_read(p, where, &info);
    return error ? apr_pstrcat(p, "the connection string is not valid: ", error, NULL) : NULL;
}

/* --- the file of SQLite --- */

static const char *refuse(apr_pool_t *p, const char *path, const char *why)
{
    return apr_psprintf(p, "%s %s", mta_sts_text_quote_path(p, path), why);
}

/* The directory must be a real one owned by this user, so that nobody else can replace the file. */
static const char *judge_directory(apr_pool_t *p, const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *directory =
        slash == file ? "/" : apr_pstrmemdup(p, file, (apr_size_t)(slash - file));
    struct stat info;

    if (lstat(directory, &info) != 0) {
        return refuse(p, directory,
                      apr_psprintf(p,
                                   "cannot be examined: %s; create this directory first: a "
                                   "database is created in an existing directory only",
                                   strerror(errno)));
    }
    if (!S_ISDIR(info.st_mode)) {
        return refuse(p, directory,
                      "is not a directory (nor may it be a symbolic link): no database is "
                      "opened in it");
    }
    if (info.st_uid != geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH))) {
        return refuse(p, directory,
                      "does not belong to the user that owns the reports, or others "
                      "can write to it: chown and chmod 700 it");
    }
    return NULL;
}

/* Creates the file if necessary, private regardless of the umask. No connection can have it open
 * yet, so closing it here releases no lock. */
static const char *make_file(apr_pool_t *p, const char *file)
{
    int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0) {
        return errno == EEXIST
                   ? NULL
                   : refuse(p, file, apr_psprintf(p, "cannot be created: %s", strerror(errno)));
    }
    fchmod(fd, 0600);
    close(fd);
    return NULL;
}

static const char *judge_file(apr_pool_t *p, mta_sts_database *db)
{
    const char *error = judge_directory(p, db->file);
    struct stat info;

    if (!error && db->use != MTA_STS_DATABASE_READER) {
        error = make_file(p, db->file);
    }
    if (error) {
        return error;
    }
    if (lstat(db->file, &info) != 0 && errno == ENOENT) {
        return refuse(p, db->file, "does not exist yet");
    }
    if (lstat(db->file, &info) != 0 || !S_ISREG(info.st_mode) || info.st_uid != geteuid()) {
        return refuse(p, db->file,
                      "is not a file of the user that owns the reports: move it "
                      "away, and it is created again");
    }
    if ((info.st_mode & 077) && chmod(db->file, 0600) != 0) {
        return refuse(p, db->file, "can be read by others: chmod 600 it");
    }
    db->device = info.st_dev;
    db->inode = info.st_ino;
    return NULL;
}

/* --- opening --- */

static apr_status_t close_handle(void *data)
{
    mta_sts_database *db = data;

    if (db->handle) {
        mta_sts_database_rollback(db);
        mta_sts_guard_close(db);
        apr_dbd_close(db->driver, db->handle);
        db->handle = NULL;
    }
    return APR_SUCCESS;
}

void mta_sts_database_close(mta_sts_database *db)
{
    apr_pool_cleanup_run(db->pool, db, close_handle);
}

const char *mta_sts_database_name(const mta_sts_database *db)
{
    return db->name;
}

int mta_sts_database_is_shared(const mta_sts_database *db)
{
    return !db->is_sqlite;
}

const char *mta_sts_database_host(const mta_sts_database *db)
{
    return db->host;
}

const char *mta_sts_database_move_damaged(apr_pool_t *p, const char *file)
{
    /* The write-ahead log is renamed last, because it has no effect without the file. */
    static const char *const ends[] = {"", "-shm", "-wal"};
    apr_size_t i;

    for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        const char *from = apr_pstrcat(p, file, ends[i], NULL);

        if (rename(from, apr_pstrcat(p, file, ".damaged", ends[i], NULL)) != 0 && errno != ENOENT) {
            return refuse(p, from, apr_psprintf(p, "cannot be moved: %s", strerror(errno)));
        }
    }
    return NULL;
}

static const char *describe(mta_sts_database *db, const char *where)
{
    apr_pool_t *p = db->pool;
    mta_sts_conninfo *conninfo = apr_pcalloc(p, sizeof(*conninfo));

    if (db->is_sqlite) {
        db->file = apr_pstrdup(p, where);
        db->name = apr_pstrcat(p, "the database ", mta_sts_text_quote_path(p, where), NULL);
        return judge_file(p, db);
    }
    db->conninfo = conninfo;
    mta_sts_conninfo_read(p, where, conninfo); /* cannot fail: it was validated before */
    db->name = *conninfo->shown
                   ? apr_pstrcat(p, "the PostgreSQL database (", conninfo->shown, ")", NULL)
                   : "the PostgreSQL database";
    return NULL;
}

static const char *connect_to(apr_pool_t *p, mta_sts_database *db, const char *where)
{
    const char *reason = NULL;

    if (!db->is_sqlite) {
        where = apr_pstrcat(p, PGSQL_NETWORK, where,
                            db->conninfo->has_timeout ? NULL : PGSQL_TIMEOUT, NULL);
    }
    if (apr_dbd_open_ex(db->driver, db->pool, where, &db->handle, &reason) != APR_SUCCESS) {
        db->handle = NULL;
        return apr_psprintf(
            p, "cannot open %s: %s%s", db->name, mta_sts_database_sanitize(p, reason, db->conninfo),
            db->is_sqlite ? "" : ": check that it is running and accepts this user");
    }
    return NULL;
}

apr_int64_t mta_sts_database_bytes(const mta_sts_database *db)
{
    struct stat info;

    return db->is_sqlite && lstat(db->file, &info) == 0 ? (apr_int64_t)info.st_blocks * 512 : 0;
}

/* limit: 0: the statements together have none */
static const char *open_for(apr_pool_t *p, mta_sts_database_use use, const char *driver,
                            const char *where, apr_interval_time_t limit, mta_sts_database **db)
{
    const char *error = mta_sts_database_validate(p, driver, where);
    int which = find_driver(driver);
    mta_sts_database *made;
    apr_pool_t *own;

    *db = NULL;
    if (!error && !drivers[which]) {
        error = apr_psprintf(p, "the driver of the database is missing: apt-get install %s",
                             driver_names[which].package);
    }
    if (error) {
        return error;
    }
    apr_pool_create(&own, p);
    made = apr_pcalloc(own, sizeof(*made));
    made->pool = own;
    apr_pool_create(&made->scratch, own);
    made->driver = drivers[which];
    made->is_sqlite = which == 0;
    made->use = use;
    made->host = mta_sts_identity_host(own);
    made->socket = -1;
    made->statements = apr_hash_make(own);
    error = describe(made, where);
    if (!error) {
        error = connect_to(p, made, where);
    }
    if (!error) {
        apr_pool_pre_cleanup_register(own, made, close_handle);
        mta_sts_guard_open(made);
        made->is_brief = limit != 0;
        mta_sts_database_limit(made, limit);
        error = mta_sts_database_settle(made);
    }
    if (error) {
        error = apr_pstrdup(p, error);
        apr_pool_destroy(own);
        return error;
    }
    *db = made;
    return NULL;
}

const char *mta_sts_database_open(apr_pool_t *p, const char *driver, const char *where,
                                  mta_sts_database **db)
{
    return open_for(p, MTA_STS_DATABASE_WITH_SCHEMA, driver, where, 0, db);
}

const char *mta_sts_database_open_briefly(apr_pool_t *p, const char *driver, const char *where,
                                          apr_interval_time_t limit, mta_sts_database **db)
{
    return open_for(p, MTA_STS_DATABASE_WITH_SCHEMA, driver, where, limit, db);
}

const char *mta_sts_database_open_derived(apr_pool_t *p, const char *file, int is_reader,
                                          mta_sts_database **db)
{
    return open_for(p, is_reader ? MTA_STS_DATABASE_READER : MTA_STS_DATABASE_DERIVED,
                    MTA_STS_DATABASE_SQLITE, file, 0, db);
}
