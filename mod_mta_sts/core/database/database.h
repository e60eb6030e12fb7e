/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_DATABASE_H
#define CORE_DATABASE_DATABASE_H

#include <apr_pools.h>

/*
 * The database: an index of the reports in the spool and the history of served policies, through
 * apr_dbd. SQLite in a private file, or PostgreSQL where several machines share it; the same SQL
 * for both. It may be missing or damaged at any time; callers continue without it.
 *
 * Only processes that run as the owner of the state directory open it; never httpd's parent, and
 * nothing during configtest. A handle is for one thread at a time, and must not live over a fork.
 * No other code may open or close the SQLite file: closing any descriptor of it drops the locks of
 * the whole process.
 *
 * Every function that can fail returns NULL, or a text: what happened, where, and what to do; one
 * line without a full stop and without any password. The text lives until the next call with the
 * same handle, that of open in its pool.
 */

typedef struct mta_sts_database mta_sts_database;

/* The drivers' names, as MTASTSDatabase has them. */
#define MTA_STS_DATABASE_SQLITE "sqlite3"
#define MTA_STS_DATABASE_PGSQL "pgsql"

/* The file of SQLite in the state directory, where nothing else is configured. */
#define MTA_STS_DATABASE_FILE "reports.db"

/*
 * Loads the drivers. To be called before any other function, by every process that will open a
 * database, or by its parent; again after each reload of the module. A missing driver is
 * reported by open.
 *
 * @param process pool that lives as long as the process: a driver that was loaded into a shorter
 *                one is gone before its handles are closed
 * @return NULL, or why there is no database at all; a constant
 */
const char *mta_sts_database_init(apr_pool_t *process);

/*
 * Opens a database, makes it where there is none, and brings its schema up to date.
 *
 * @param p      pool of the handle, which closes it
 * @param driver MTA_STS_DATABASE_SQLITE or MTA_STS_DATABASE_PGSQL
 * @param where  of SQLite the absolute path of its file, in a directory of our own; of PostgreSQL
 * its conninfo ("host=... dbname=..."), not a URI
 * @param db     out; NULL after an error
 */
const char *mta_sts_database_open(apr_pool_t *p, const char *driver, const char *where,
                                  mta_sts_database **db);

/*
 * Checks the driver and the location without opening anything: for configtest.
 *
 * @return NULL, or an error text allocated from p
 */
const char *mta_sts_database_validate(apr_pool_t *p, const char *driver, const char *where);

/* Closes it before its pool does. */
void mta_sts_database_close(mta_sts_database *db);

/* Whether several machines may use it: PostgreSQL. */
int mta_sts_database_is_shared(const mta_sts_database *db);

/* The name that distinguishes this machine from others in a database. */
const char *mta_sts_database_host(apr_pool_t *p);

/* Its name in messages: its file, or what may be shown of the conninfo. Lives as long as db. */
const char *mta_sts_database_name(const mta_sts_database *db);

/*
 * Begins a transaction that writes; there is one at a time over all processes and machines, and
 * waiting longer than about ten seconds is an error. Also an error: the file of SQLite was
 * removed or replaced meanwhile (open it anew).
 */
const char *mta_sts_database_begin(mta_sts_database *db);

/* Whether an error means that the file of SQLite is damaged: it must be moved away and made again.
 */
int mta_sts_database_is_damaged(const char *error);

/* Moves a damaged file of SQLite, and what belongs to it, out of the way: ".damaged" is added to
 * its name. This process must not have it open.
 *
 * @return NULL, or an error text allocated from p
 */
const char *mta_sts_database_move_damaged(apr_pool_t *p, const char *file);

/* Whether an error means that the disk has no room for the file of SQLite. */
int mta_sts_database_is_out_of_room(const char *error);

/* Bytes that the file of SQLite occupies on disk; 0 for PostgreSQL. */
apr_int64_t mta_sts_database_bytes(const mta_sts_database *db);

/*
 * Gives the disk what the file of SQLite no longer needs: it is rewritten, for which it needs as
 * much room as its content has. Outside of a transaction; does nothing for PostgreSQL, which cleans
 * up by itself.
 */
const char *mta_sts_database_shrink(mta_sts_database *db);

/* Whether an error only means that another process holds the lock. */
int mta_sts_database_is_locked(const char *error);

/* Waits only a second or two for a lock: for callers that retry soon. */
const char *mta_sts_database_shorten_lock_timeout(mta_sts_database *db);

/* Begins one that only reads, and sees one state of the database throughout. */
const char *mta_sts_database_begin_reading(mta_sts_database *db);

/* Ends it: what was written is on disk afterwards. After an error it is rolled back. */
const char *mta_sts_database_commit(mta_sts_database *db);

/* Rolls it back; does nothing without a transaction. */
void mta_sts_database_rollback(mta_sts_database *db);

/*
 * Runs one statement; its values are always bound, never part of the text. In the text a value is
 * written as for printf, so that the compiler checks it: %s a text (NULL: SQL's NULL), %d, %ld and
 * %lld numbers; "%%" a percent sign. A text must be UTF-8.
 *
 * Statements are prepared once and cached. Their number must be bounded, so their text is never
 * built from input.
 */
const char *mta_sts_database_run(mta_sts_database *db, const char *sql, ...)
    __attribute__((format(printf, 2, 3)));

/* Runs statements without values, one after the other up to a NULL. */
const char *mta_sts_database_run_all(mta_sts_database *db, const char *const *statements);

/*
 * A callback for one row.
 *
 * @param columns texts as they come from the database, NULL for SQL's NULL; valid during the call
 * @return whether to go on
 */
typedef int mta_sts_database_row(void *baton, const char *const *columns);

/* Runs one statement that has rows; as mta_sts_database_run. take must not use db. */
const char *mta_sts_database_rows(mta_sts_database *db, const char *sql, mta_sts_database_row *take,
                                  void *baton, ...) __attribute__((format(printf, 2, 5)));

/* The number in a column; 0 for NULL. Beyond 64 bits it is the largest or smallest. */
apr_int64_t mta_sts_database_number(const char *column);

#endif
