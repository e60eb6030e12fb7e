/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_INTERNAL_H
#define CORE_DATABASE_INTERNAL_H

#include <sys/types.h>

#include <apr_dbd.h>
#include <apr_hash.h>

#include "core/database/database.h"

/* What database.c (statements), open.c and error.c share. */

typedef struct mta_sts_conninfo mta_sts_conninfo;

struct mta_sts_database {
    apr_pool_t *pool;    /* its own, within the caller's */
    apr_pool_t *scratch; /* of one statement */
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle; /* NULL once closed */
    int is_sqlite;
    const char *file; /* of SQLite */
    const char *name;
    const mta_sts_conninfo *conninfo; /* of PostgreSQL */
    dev_t device;                     /* which file it is */
    ino_t inode;
    apr_hash_t *statements;       /* by their text */
    int socket;                   /* of PostgreSQL; -1: none. The rest is of guard.c */
    apr_interval_time_t patience; /* the longest time that a statement may take */
    apr_time_t deadline;          /* of the statement that is running; monotonic */
    mta_sts_database *next_running;
    int in_transaction;
    int has_failed; /* a statement of the transaction */
    char error[1024];
};

/*
 * Describes an error of the driver, in db->error.
 *
 * @param doing what could not be done: "read", "write", "open"
 * @param code  what the driver returned
 */
const char *mta_sts_database_error(mta_sts_database *db, const char *doing, int code);

/* The driver's text, made printable: one line, ASCII, at most some 300 bytes, and nothing of
 * it where it might have a secret in it. */
const char *mta_sts_database_sanitize(apr_pool_t *p, const char *text,
                                      const mta_sts_conninfo *conninfo);

/* Runs a text without values, as it is. The driver's code: 0 is success. */
int mta_sts_database_execute(mta_sts_database *db, const char *sql);

/* Whether the file of SQLite is still the one that was opened. */
int mta_sts_database_is_same_file(const mta_sts_database *db);

#endif
