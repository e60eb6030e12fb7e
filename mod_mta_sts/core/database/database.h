/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_DATABASE_H
#define CORE_DATABASE_DATABASE_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * The database: an index of the reports in the spool and the history of served policies, accessed
 * through apr_dbd. Either SQLite in a private file, or PostgreSQL if several machines share it,
 * with the same SQL. It may be missing or damaged at any time; callers continue without it.
 *
 * Only processes that run as the owner of the state directory open it: never httpd's parent, and
 * nothing during configtest. A handle is used by one thread at a time, and must not survive a fork.
 * No other code may open or close the SQLite file, because closing any descriptor of it releases
 * all locks of the process.
 *
 * A function that can fail returns NULL on success, or else a text: what happened, where, and what
 * to do; one line without a full stop and without any password. The text is valid until the next
 * call with the same handle, or, for the functions that open a database, as long as the caller's
 * pool.
 */

typedef struct mta_sts_database mta_sts_database;

/* The names of the drivers, as in the MTASTSDatabase directive. */
#define MTA_STS_DATABASE_SQLITE "sqlite3"
#define MTA_STS_DATABASE_PGSQL "pgsql"

/* The name of SQLite's file in the state directory, unless another database is configured. */
#define MTA_STS_DATABASE_FILE "reports.db"

/*
 * Loads the drivers. Must be called before any other function, by each process that will open a
 * database or by its parent, and again after each reload of the module. A missing driver is
 * reported by mta_sts_database_open.
 *
 * @param process pool that lives as long as the process, so that a driver is not unloaded before
 *                its handles are closed
 * @return NULL, or why no database can be used; a constant
 */
const char *mta_sts_database_init(apr_pool_t *process);

/*
 * Opens a database; creates it if necessary, and updates its schema.
 *
 * @param p      pool of the handle, which closes it
 * @param driver MTA_STS_DATABASE_SQLITE or MTA_STS_DATABASE_PGSQL
 * @param where  for SQLite the absolute path of the file, in a directory owned by this user; for
 *               PostgreSQL the connection string ("host=... dbname=..."), not a URI
 * @param db     out; NULL after an error
 */
const char *mta_sts_database_open(apr_pool_t *p, const char *driver, const char *where,
                                  mta_sts_database **db);

/*
 * The same for callers that soon retry, and hold up others meanwhile: it waits for a lock for a
 * second or two, and the statements have a limit, as of mta_sts_database_limit.
 */
const char *mta_sts_database_open_briefly(apr_pool_t *p, const char *driver, const char *where,
                                          apr_interval_time_t limit, mta_sts_database **db);

/*
 * From now on, all statements together may take this time, in microseconds. What PostgreSQL has not
 * answered then fails, and so does everything that follows with this handle. Without effect for
 * SQLite, where a statement waits for locks only.
 */
void mta_sts_database_limit(mta_sts_database *db, apr_interval_time_t limit);

/* The same for all statements of this process, also those that are running, in any thread: the
 * process is about to end. 0: it is not. */
void mta_sts_database_end_within(apr_interval_time_t limit);

/*
 * Opens a file of SQLite that is derived from another database: without the tables of reports and
 * history, and with fewer guarantees after a crash, because it can be built again.
 *
 * @param file      its absolute path, in a directory owned by this user; created unless is_reader
 * @param is_reader whether it is only read; a reader does not wait for writers, and needs little
 *                  memory
 */
const char *mta_sts_database_open_derived(apr_pool_t *p, const char *file, int is_reader,
                                          mta_sts_database **db);

/* Whether the path of the SQLite file still names the file that was opened; always 1 for
 * PostgreSQL. */
int mta_sts_database_is_same_file(const mta_sts_database *db);

/*
 * Checks the driver and the location during configtest, without opening anything.
 *
 * @return NULL, or an error text allocated from p
 */
const char *mta_sts_database_validate(apr_pool_t *p, const char *driver, const char *where);

/* Closes the database before its pool is cleared. */
void mta_sts_database_close(mta_sts_database *db);

/* Whether several machines can share the database: 1 for PostgreSQL, 0 for SQLite. */
int mta_sts_database_is_shared(const mta_sts_database *db);

/* The name of this machine in the database: its host name, unless it has joined under another name
 * (core/database/machine.h). Lives as long as db. */
const char *mta_sts_database_host(const mta_sts_database *db);

/* The database's name for messages: its file, or the parts of its connection string that may be
 * shown. Lives as long as db. */
const char *mta_sts_database_name(const mta_sts_database *db);

/*
 * Begins a write transaction. There is only one at a time across all processes and machines. Fails
 * if the lock cannot be acquired within about ten seconds, if the SQLite file was removed or
 * replaced, or if another machine has taken over this machine's name (core/database/machine.h); the
 * database must be reopened then.
 */
const char *mta_sts_database_begin(mta_sts_database *db);

/* Whether an error means that SQLite's file is damaged and must be moved away and rebuilt. */
int mta_sts_database_is_damaged(const char *error);

/* Renames SQLite's damaged file, its -wal and its -shm file by adding ".damaged". This process must
 * not have it open.
 *
 * @return NULL, or an error text allocated from p
 */
const char *mta_sts_database_move_damaged(apr_pool_t *p, const char *file);

/* Whether an error means that the disk has no space left for the SQLite file. */
int mta_sts_database_is_out_of_room(const char *error);

/* The number of bytes that the SQLite file occupies on disk; 0 for PostgreSQL. */
apr_int64_t mta_sts_database_bytes(const mta_sts_database *db);

/*
 * Returns unused space of the SQLite file to the disk (VACUUM). The file is rewritten, which
 * temporarily needs as much disk space as its content. Must be called outside a transaction. Does
 * nothing for PostgreSQL, which has autovacuum.
 */
const char *mta_sts_database_shrink(mta_sts_database *db);

/* Whether an error means that another process holds the lock. */
int mta_sts_database_is_locked(const char *error);

/* Whether an error means that PostgreSQL did not answer within a limit. */
int mta_sts_database_is_late(const char *error);

/* Begins a read-only transaction, in which all statements see the same snapshot of the database. */
const char *mta_sts_database_begin_reading(mta_sts_database *db);

/* Commits a transaction: its changes are on disk afterwards. After an error it is rolled back. */
const char *mta_sts_database_commit(mta_sts_database *db);

/* Rolls a transaction back; does nothing if there is none. */
void mta_sts_database_rollback(mta_sts_database *db);

/*
 * Runs one statement. Values are always bound, never inserted into the text. Placeholders are
 * written as for printf, so that the compiler checks them: %s for a string (NULL becomes SQL's
 * NULL), %d, %ld and %lld for numbers, "%%" for a percent sign. Strings must be UTF-8.
 *
 * Statements are prepared once and cached, so their number must be bounded: the text is never built
 * from input.
 */
const char *mta_sts_database_run(mta_sts_database *db, const char *sql, ...)
    __attribute__((format(printf, 2, 3)));

/* Runs statements without values in turn; the array ends with NULL. */
const char *mta_sts_database_run_all(mta_sts_database *db, const char *const *statements);

/*
 * Receives one row.
 *
 * @param columns the values as strings, NULL for SQL's NULL; valid only during the call
 * @return whether to continue
 */
typedef int mta_sts_database_row(void *baton, const char *const *columns);

/* A baton for callbacks that append each row to an array, allocated from p. */
typedef struct mta_sts_database_list {
    apr_pool_t *p;
    apr_array_header_t *rows;
} mta_sts_database_list;

/* A callback that stores the number in the first column of the first row. The baton is an
 * apr_int64_t *, whose target is unchanged if there is no row. */
int mta_sts_database_take_number(void *baton, const char *const *columns);

/* Runs one statement that returns rows, with values as for mta_sts_database_run, and calls take for
 * each row. take must not use db. */
const char *mta_sts_database_rows(mta_sts_database *db, const char *sql, mta_sts_database_row *take,
                                  void *baton, ...) __attribute__((format(printf, 2, 5)));

/* A copy of the text in a column, allocated from p; "" for NULL, which a damaged file may contain
 * even in a NOT NULL column. */
const char *mta_sts_database_text(apr_pool_t *p, const char *column);

/* The number in a column; 0 for NULL. Values outside 64 bits become the largest or smallest. */
apr_int64_t mta_sts_database_number(const char *column);

#endif
