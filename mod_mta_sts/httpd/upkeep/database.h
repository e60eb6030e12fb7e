/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_DATABASE_H
#define HTTPD_UPKEEP_DATABASE_H

#include <httpd.h>

#include "core/database/database.h"

/*
 * The database for the watchdog: opened when possible, closed when its file was replaced, and
 * retried some time after a failure, with one log line for each change of its state. Used by one
 * thread of one child process.
 */

/* Must be called in post_config (except in the dry run): loads the drivers, so that no child
 * process loads one into the pool of a thread. */
void mts_database_prepare(server_rec *main);

typedef struct mts_database mts_database;

/* Creates the object without opening the database. p must be used only by the thread that uses the
 * database. */
mts_database *mts_database_make(server_rec *main, apr_pool_t *p);

/*
 * Returns the open database, which it opens if necessary, or NULL if it cannot be used now: the
 * state directory is missing, opening failed, or it is too early for another attempt.
 */
mta_sts_database *mts_database_use(mts_database *database);

/* The number of times that the database was opened. After each time, it may be a different
 * database. */
int mts_database_open_count(const mts_database *database);

/*
 * Must be called with the result of each function that used the database. If it is locked, it stays
 * open; after any other error, it is closed.
 *
 * @return whether there was an error
 */
int mts_database_failed(mts_database *database, const char *error);

/* Must be called when all tasks have succeeded since the last failure. */
void mts_database_works(mts_database *database);

/* Closes the database; the next use opens it again. */
void mts_database_close(mts_database *database);

/* The location of the database, as an argument for mta_sts_database_open. Allocated from p. */
const char *mts_database_where(const server_rec *main, apr_pool_t *p);

/* Whether the state directory is a directory (not a symbolic link), owned by the user of this
 * process and not writable by others. */
int mts_database_has_state_dir(const server_rec *main);

#endif
