/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_DATABASE_H
#define HTTPD_UPKEEP_DATABASE_H

#include <httpd.h>

#include "core/database/database.h"

/*
 * The database as the watchdog has it: opened when it can be, let go when its file was replaced,
 * tried again after a while when it failed, and of all that one line in the log for each change.
 * For one thread of one child.
 */

/* Hook function for the post_config of a start that counts: loads the drivers, so that no child
 * loads one in the pool of a thread. */
void mts_database_prepare(server_rec *main);

typedef struct mts_database mts_database;

/* Opens nothing yet. p is only used by the thread that uses the database. */
mts_database *mts_database_make(server_rec *main, apr_pool_t *p);

/*
 * The open database, or NULL if it cannot be used now: the state directory is away, or it is not
 * time to try again.
 */
mta_sts_database *mts_database_use(mts_database *database);

/* How many times it was opened: after another time it may be another one. */
int mts_database_openings(const mts_database *database);

/*
 * To be called with the error of any function that got what mts_database_use gave. A database that
 * is just locked stays open; another one is closed.
 *
 * @return whether there was an error
 */
int mts_database_failed(mts_database *database, const char *error);

/* To be called when all that is done with it was done since it failed. */
void mts_database_works(mts_database *database);

/* Closes it; the next use opens it again. */
void mts_database_close(mts_database *database);

/* Where the database is: what mta_sts_database_open takes. Allocated from p. */
const char *mts_database_where(const server_rec *main, apr_pool_t *p);

/* Whether the state directory is a real directory of our own user that nobody else can write to. */
int mts_database_has_state_dir(const server_rec *main);

#endif
