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
    const char *id;      /* of this set of tables; another one after a restore or a restart of
                            PostgreSQL, when positions may have begun again */
    apr_int64_t next;    /* the position that follows once everything visible has been read */
    apr_int64_t pruned;  /* changes up to this position may have been deleted */
    apr_int64_t count;   /* of changes since the position that was asked about */
    apr_int64_t newest;  /* the largest number of these changes; 0: none */
    apr_int64_t for_all; /* how many of them say that all rows may have changed */
} mta_sts_source_state;

/* What happened since a position. p: pool of the texts. Errors: as in core/database/database.h. */
const char *mta_sts_source_poll(mta_sts_database *db, apr_int64_t position, apr_pool_t *p,
                                mta_sts_source_state *state);

typedef struct mta_sts_source_row {
    mta_sts_hosted_row row;
    int is_deleted; /* only the domain is set */
} mta_sts_source_row;

/*
 * Reads a page of rows, sorted by domain (byte by byte).
 *
 * @param after only domains after this one; "" for the first page
 * @param limit at most so many rows
 * @param p     pool of the rows
 * @param rows  out: array of mta_sts_source_row; fewer than limit: there are no more
 */
const char *mta_sts_source_read_all(mta_sts_database *db, const char *after, int limit,
                                    apr_pool_t *p, apr_array_header_t **rows);

/* The same for the domains that changed since a position, including deleted ones. */
const char *mta_sts_source_read_changed(mta_sts_database *db, apr_int64_t position,
                                        const char *after, int limit, apr_pool_t *p,
                                        apr_array_header_t **rows);

/* Whether an admin confirmed within the last hour that most domains were deleted on purpose. */
const char *mta_sts_source_is_confirmed(mta_sts_database *db, int *is_confirmed);

/* Confirms it. */
const char *mta_sts_source_confirm(mta_sts_database *db);

/* Deletes changes that are older than a day, values that were replaced more than 400 days ago, and
 * machines that have not been seen for a week. */
const char *mta_sts_source_prune(mta_sts_database *db);

/* Seconds without a sign of life after which a machine does not count. */
#define MTA_STS_SOURCE_ALIVE 180

/* A machine that serves hosted domains. */
typedef struct mta_sts_source_machine {
    const char *machine;       /* its identity, from its state directory */
    const char *host;          /* its name, for people */
    apr_int64_t position;      /* the changes before it are served */
    apr_int64_t seen;          /* seconds since it was last seen; not used by
                                  mta_sts_source_note_machine */
    apr_int64_t served, wrong; /* number of domains it serves, and of wrong rows */
} mta_sts_source_machine;

/* Records that a machine has read the changes before its position. */
const char *mta_sts_source_note_machine(mta_sts_database *db,
                                        const mta_sts_source_machine *machine);

/* The machines, sorted by host; machines: out: array of mta_sts_source_machine in p. */
const char *mta_sts_source_machines(mta_sts_database *db, apr_pool_t *p,
                                    apr_array_header_t **machines);

#endif
