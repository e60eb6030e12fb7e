/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_SOURCE_H
#define CORE_HOSTING_SOURCE_H

#include <apr_time.h>

#include "core/database/database.h"
#include "core/hosting/row.h"

/*
 * Reads the tables of hosted domains: all rows, or those that changed since a position.
 *
 * A position is a transaction id of PostgreSQL, not a serial number: all transactions with smaller
 * ids had ended when it was taken. Serial numbers would lose rows, because a transaction can commit
 * after one with higher numbers. SQLite has one writer at a time, so there it is the number of a
 * change.
 */

typedef struct mta_sts_source_state {
    const char *id;      /* id of this set of tables; it changes after a restore or a restart of
                            PostgreSQL, when positions may have begun again */
    apr_int64_t next;    /* the position for the next poll, once everything visible has been read */
    apr_int64_t pruned;  /* changes up to this position may have been deleted */
    apr_int64_t count;   /* number of changes since the given position */
    apr_int64_t newest;  /* the largest number of these changes; 0: none */
    apr_int64_t for_all; /* number of these changes that mean that all rows may have changed */
} mta_sts_source_state;

/* Reads what happened since a position. p: pool of the texts. Returns NULL, or an error
 * (core/database/database.h), like all functions below. */
const char *mta_sts_source_poll(mta_sts_database *db, apr_int64_t position, apr_pool_t *p,
                                mta_sts_source_state *state);

typedef struct mta_sts_source_row {
    mta_sts_hosted_row row;
    int is_deleted; /* whether the row was deleted; then only its domain is set */
} mta_sts_source_row;

/*
 * Reads a page of rows, sorted by domain (byte by byte).
 *
 * @param after only domains after this one; "" for the first page
 * @param limit at most so many rows
 * @param p     pool of the rows
 * @param rows  out: array of mta_sts_source_row; fewer than limit mean that there are no more
 */
const char *mta_sts_source_read_all(mta_sts_database *db, const char *after, int limit,
                                    apr_pool_t *p, apr_array_header_t **rows);

/* The same for the domains that changed since a position, including deleted ones. */
const char *mta_sts_source_read_changed(mta_sts_database *db, apr_int64_t position,
                                        const char *after, int limit, apr_pool_t *p,
                                        apr_array_header_t **rows);

/* Reads whether an admin has confirmed within the last hour that most domains were deleted on
 * purpose. */
const char *mta_sts_source_is_confirmed(mta_sts_database *db, int *is_confirmed);

/* Records this confirmation. */
const char *mta_sts_source_confirm(mta_sts_database *db);

/* Deletes changes older than a day, values that were replaced more than 400 days ago, and machines
 * that have not been seen for a week. */
const char *mta_sts_source_prune(mta_sts_database *db);

/* A machine that was last seen this many seconds ago, or more, counts as not running. */
#define MTA_STS_SOURCE_ALIVE 180

/* A machine that serves hosted domains. */
typedef struct mta_sts_source_machine {
    const char *machine;  /* its identity, from its state directory */
    const char *host;     /* its name, for people */
    apr_int64_t position; /* the machine serves all changes before this position */
    apr_int64_t seen; /* seconds since it was last seen; mta_sts_source_note_machine ignores it */
    apr_int64_t served, wrong; /* number of domains that it serves, and of rows that are not
                                  valid */
} mta_sts_source_machine;

/* Records that a machine has read the changes before its position. */
const char *mta_sts_source_note_machine(mta_sts_database *db,
                                        const mta_sts_source_machine *machine);

/* Reads the machines, sorted by host; machines: out: array of mta_sts_source_machine, allocated
 * from p. */
const char *mta_sts_source_machines(mta_sts_database *db, apr_pool_t *p,
                                    apr_array_header_t **machines);

#endif
