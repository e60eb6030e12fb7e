/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_INTERNAL_H
#define CORE_DATABASE_INTERNAL_H

#include <sys/types.h>

#include <apr_dbd.h>
#include <apr_hash.h>

#include "core/database/database.h"

/* Internal to this directory: shared by database.c (statements), machine.c, open.c, session.c,
 * guard.c and error.c. */

typedef struct mta_sts_conninfo mta_sts_conninfo;

/* What a database is opened for. */
typedef enum mta_sts_database_use {
    MTA_STS_DATABASE_WITH_SCHEMA, /* reports and history */
    MTA_STS_DATABASE_DERIVED,     /* an SQLite file whose tables the caller creates */
    MTA_STS_DATABASE_READER,      /* the same, but read-only */
} mta_sts_database_use;

struct mta_sts_database {
    apr_pool_t *pool;    /* of the handle, a child of the caller's pool */
    apr_pool_t *scratch; /* cleared after each statement */
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle; /* NULL once closed */
    int is_sqlite;
    mta_sts_database_use use;
    int is_brief;     /* whether it was opened with mta_sts_database_open_briefly */
    const char *file; /* of SQLite, else NULL */
    const char *name;
    const char *host;     /* the name of this machine: at first its host name */
    int has_joined;       /* whether machine.c has set the name */
    const char *identity; /* of this machine if it has joined as a writer, else NULL */
    /* Called at the beginning of each write transaction, if not NULL: checks that the name still
     * belongs to this machine. Returns NULL, or an error. */
    const char *(*check)(mta_sts_database *db);
    int has_lost_name;                /* whether that found another machine of this name */
    const mta_sts_conninfo *conninfo; /* of PostgreSQL, else NULL */
    dev_t device;                     /* device and inode identify the file that was opened */
    ino_t inode;
    apr_hash_t *statements;       /* SQL text -> prepared statement */
    int socket;                   /* of PostgreSQL, or -1; this and the following are used by
                                     guard.c */
    apr_interval_time_t patience; /* the longest time that a statement may take, in microseconds */
    apr_time_t until;    /* the end of all statements, on the monotonic clock; 0: there is none */
    apr_time_t deadline; /* of the running statement, on the monotonic clock */
    int is_late;         /* whether the connection was shut down because of it */
    mta_sts_database *next_running;
    int in_transaction;
    int has_failed; /* whether a statement of the transaction has failed */
    char error[1024];
};

/*
 * Writes a description of the driver's last error to db->error, and returns it.
 *
 * @param doing the operation that failed: "read", "write", "open"
 * @param code  the result code of the driver
 */
const char *mta_sts_database_error(mta_sts_database *db, const char *doing, int code);

/* Makes the driver's text printable: one line of ASCII, at most about 300 bytes, allocated from p;
 * none of it if it could contain a secret. */
const char *mta_sts_database_sanitize(apr_pool_t *p, const char *text,
                                      const mta_sts_conninfo *conninfo);

/* Sets up a new session according to db->use, and updates the schema. Returns NULL, or a text that
 * says which step failed. */
const char *mta_sts_database_settle(mta_sts_database *db);

/* Runs a statement without values. Returns the driver's code: 0 is success. */
int mta_sts_database_execute(mta_sts_database *db, const char *sql);

#endif
