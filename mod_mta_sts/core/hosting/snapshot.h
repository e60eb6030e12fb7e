/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_SNAPSHOT_H
#define CORE_HOSTING_SNAPSHOT_H

#include <apr_time.h>

#include "core/database/database.h"
#include "core/hosting/row.h"

/*
 * The snapshot of hosted domains: an SQLite file in the state directory, from which httpd serves
 * policies, so that no request depends on the database. core/hosting/sync.h derives it from the
 * tables of hosted domains; core/hosting/lookup.h reads it. A damaged snapshot is deleted and
 * rebuilt. Functions that return a const char * return NULL, or an error, which is valid until the
 * next call with the snapshot.
 */

#define MTA_STS_SNAPSHOT_FILE "hosted.db"

typedef struct mta_sts_snapshot mta_sts_snapshot;

/* Up to where the snapshot has been read from its source, and what it contains. */
typedef struct mta_sts_snapshot_state {
    const char *source;        /* mta_sts_source_state.id; "": nothing has been read yet */
    apr_int64_t position;      /* mta_sts_source_state.next */
    apr_int64_t count, newest; /* as in mta_sts_source_state, for the changes since position that
                                  have been read */
    apr_int64_t served, wrong; /* number of domains that are served, and of rows that are not
                                  valid */
    apr_int64_t held;          /* number of deletions that are held back */
    apr_time_t synced, full;   /* when it was last in sync, and when all rows were compared */
} mta_sts_snapshot_state;

/*
 * Opens the snapshot for writing; creates it if necessary, and replaces a damaged one.
 *
 * @param p    pool of the snapshot, which closes it
 * @param file its absolute path, in a directory owned by this user
 * @return NULL, or why it cannot be used
 */
const char *mta_sts_snapshot_open(apr_pool_t *p, const char *file, mta_sts_snapshot **snapshot);

/* Creates a snapshot for reading the state and lists, allocated from p; db was opened by
 * mta_sts_database_open_derived. */
mta_sts_snapshot *mta_sts_snapshot_reading(apr_pool_t *p, mta_sts_database *db);

/* Closes the snapshot before its pool is cleared. */
void mta_sts_snapshot_close(mta_sts_snapshot *snapshot);

/* Whether the path still names the file that was opened. */
int mta_sts_snapshot_is_same_file(const mta_sts_snapshot *snapshot);

/* Begins a write transaction, and reads the state, allocated from p. The caller ends the
 * transaction with mta_sts_snapshot_commit, which stores the state, or with
 * mta_sts_snapshot_rollback. */
const char *mta_sts_snapshot_begin(mta_sts_snapshot *snapshot, apr_pool_t *p,
                                   mta_sts_snapshot_state *state);
const char *mta_sts_snapshot_commit(mta_sts_snapshot *snapshot,
                                    const mta_sts_snapshot_state *state);
void mta_sts_snapshot_rollback(mta_sts_snapshot *snapshot);

/* Reads the state without a transaction. */
const char *mta_sts_snapshot_read_state(mta_sts_snapshot *snapshot, apr_pool_t *p,
                                        mta_sts_snapshot_state *state);

/* What the snapshot contains about a row of the source. */
typedef struct mta_sts_snapshot_row {
    const char *domain;
    apr_int64_t digest; /* mta_sts_hosted_row_digest */
    int is_served;
    int is_wrong;
} mta_sts_snapshot_row;

/*
 * Reads what the snapshot contains about the rows in a range of domains, sorted byte by byte.
 *
 * @param after, last only domains after `after`, up to and including `last`; last: NULL: no upper
 *                    limit
 * @param limit       at most so many
 * @param rows        out: array of mta_sts_snapshot_row in p
 */
const char *mta_sts_snapshot_rows(mta_sts_snapshot *snapshot, const char *after, const char *last,
                                  int limit, apr_pool_t *p, apr_array_header_t **rows);

/* The same for one domain; rows: out: array of at most one mta_sts_snapshot_row, allocated from
 * p. */
const char *mta_sts_snapshot_find(mta_sts_snapshot *snapshot, const char *domain, apr_pool_t *p,
                                  apr_array_header_t **rows);

/*
 * Stores a valid row: its policy is served from now on.
 *
 * @param before what the snapshot contained about it; NULL: nothing
 */
const char *mta_sts_snapshot_serve(mta_sts_snapshot *snapshot, const char *domain,
                                   apr_int64_t digest, const mta_sts_hosted_policy *policy,
                                   const mta_sts_snapshot_row *before);

/* Stores a row that is not valid: the policy that was served before is still served. finding: the
 * first error. */
const char *mta_sts_snapshot_refuse(mta_sts_snapshot *snapshot, const char *domain,
                                    apr_int64_t digest, const mta_sts_finding *finding);

/* Marks a domain as deleted from the source; it is served until mta_sts_snapshot_delete_gone. */
const char *mta_sts_snapshot_mark_gone(mta_sts_snapshot *snapshot, const char *domain);

/* Removes all of these marks. */
const char *mta_sts_snapshot_forget_gone(mta_sts_snapshot *snapshot);

/* Counts the marked domains that are served. */
const char *mta_sts_snapshot_count_gone(mta_sts_snapshot *snapshot, apr_int64_t *count);

/* Deletes the marked domains. */
const char *mta_sts_snapshot_delete_gone(mta_sts_snapshot *snapshot);

/* Deletes policy texts that are no longer served. */
const char *mta_sts_snapshot_sweep(mta_sts_snapshot *snapshot);

/* Counts the domains that are served, and the rows that are not valid, and stores both numbers in
 * state. */
const char *mta_sts_snapshot_count(mta_sts_snapshot *snapshot, mta_sts_snapshot_state *state);

/* A row that is not valid, and why. */
typedef struct mta_sts_snapshot_wrong {
    const char *domain, *message, *fix;
    int is_served; /* whether an earlier policy of the domain is still served */
} mta_sts_snapshot_wrong;

/*
 * Lists rows that are not valid, sorted by domain.
 *
 * @param after only domains after this one
 * @param limit at most so many
 * @param wrong out: array of mta_sts_snapshot_wrong in p
 */
const char *mta_sts_snapshot_list_wrong(mta_sts_snapshot *snapshot, const char *after, int limit,
                                        apr_pool_t *p, apr_array_header_t **wrong);

#endif
