/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_SNAPSHOT_H
#define CORE_HOSTING_SNAPSHOT_H

#include <apr_time.h>

#include "core/database/database.h"
#include "core/hosting/row.h"

/*
 * The snapshot of hosted domains: a file of SQLite in the state directory, from which httpd serves.
 * It is derived from the tables of hosted domains by core/hosting/sync.h, so that nothing at
 * request time depends on the database; core/hosting/lookup.h reads it. If it is damaged, it is
 * dropped and built again.
 */

#define MTA_STS_SNAPSHOT_FILE "hosted.db"

typedef struct mta_sts_snapshot mta_sts_snapshot;

/* How far the snapshot has been read from its source, and what it contains. */
typedef struct mta_sts_snapshot_state {
    const char *source;        /* mta_sts_source_state.id; "": nothing has been read yet */
    apr_int64_t position;      /* mta_sts_source_state.next */
    apr_int64_t count, newest; /* of mta_sts_source_state: changes since position that have
                                  been read already */
    apr_int64_t served, wrong; /* number of domains that are served, and of wrong rows */
    apr_int64_t held;          /* how many deletions are held back */
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

/* A snapshot for reading the state and lists; db: opened by mta_sts_database_open_derived. */
mta_sts_snapshot *mta_sts_snapshot_reading(apr_pool_t *p, mta_sts_database *db);

/* Closes it. */
void mta_sts_snapshot_close(mta_sts_snapshot *snapshot);

/* Whether the path still names the file that was opened. */
int mta_sts_snapshot_is_same_file(const mta_sts_snapshot *snapshot);

/* Begins a transaction that writes, and reads the state into p; mta_sts_snapshot_commit ends it and
 * stores the state. */
const char *mta_sts_snapshot_begin(mta_sts_snapshot *snapshot, apr_pool_t *p,
                                   mta_sts_snapshot_state *state);
const char *mta_sts_snapshot_commit(mta_sts_snapshot *snapshot,
                                    const mta_sts_snapshot_state *state);
void mta_sts_snapshot_rollback(mta_sts_snapshot *snapshot);

/* Reads the state without a transaction. */
const char *mta_sts_snapshot_read_state(mta_sts_snapshot *snapshot, apr_pool_t *p,
                                        mta_sts_snapshot_state *state);

/* What the snapshot knows of a row. */
typedef struct mta_sts_snapshot_row {
    const char *domain;
    apr_int64_t digest; /* mta_sts_hosted_row_digest */
    int is_served;
    int is_wrong;
} mta_sts_snapshot_row;

/*
 * Reads what is known of the rows in a range of domains, sorted byte by byte.
 *
 * @param after, last only domains after the one and up to the other; last: NULL: no upper end
 * @param limit       at most so many
 * @param rows        out: array of mta_sts_snapshot_row in p
 */
const char *mta_sts_snapshot_rows(mta_sts_snapshot *snapshot, const char *after, const char *last,
                                  int limit, apr_pool_t *p, apr_array_header_t **rows);

/* What is known of one row; rows: out: array of at most one mta_sts_snapshot_row in p. */
const char *mta_sts_snapshot_find(mta_sts_snapshot *snapshot, const char *domain, apr_pool_t *p,
                                  apr_array_header_t **rows);

/*
 * Stores a row that is right: its policy is served from now on.
 *
 * @param before what was known of it; NULL: nothing
 */
const char *mta_sts_snapshot_serve(mta_sts_snapshot *snapshot, const char *domain,
                                   apr_int64_t digest, const mta_sts_hosted_policy *policy,
                                   const mta_sts_snapshot_row *before);

/* Stores a row that is wrong: what was served before still is. finding: the first error. */
const char *mta_sts_snapshot_refuse(mta_sts_snapshot *snapshot, const char *domain,
                                    apr_int64_t digest, const mta_sts_finding *finding);

/* Marks a domain as deleted from the source; it is served until mta_sts_snapshot_delete_gone. */
const char *mta_sts_snapshot_mark_gone(mta_sts_snapshot *snapshot, const char *domain);

/* Forgets all marks. */
const char *mta_sts_snapshot_forget_gone(mta_sts_snapshot *snapshot);

/* Counts the marked domains that are served. */
const char *mta_sts_snapshot_count_gone(mta_sts_snapshot *snapshot, apr_int64_t *count);

/* Deletes the marked domains. */
const char *mta_sts_snapshot_delete_gone(mta_sts_snapshot *snapshot);

/* Deletes texts that are no longer served. */
const char *mta_sts_snapshot_sweep(mta_sts_snapshot *snapshot);

/* Counts the domains that are served, and the wrong rows, into the state. */
const char *mta_sts_snapshot_count(mta_sts_snapshot *snapshot, mta_sts_snapshot_state *state);

/* A wrong row, and why it is wrong. */
typedef struct mta_sts_snapshot_wrong {
    const char *domain, *message, *fix;
    int is_served; /* whether an earlier policy of the domain still is */
} mta_sts_snapshot_wrong;

/*
 * Lists wrong rows, sorted by domain.
 *
 * @param after only domains after this one
 * @param limit at most so many
 * @param wrong out: array of mta_sts_snapshot_wrong in p
 */
const char *mta_sts_snapshot_list_wrong(mta_sts_snapshot *snapshot, const char *after, int limit,
                                        apr_pool_t *p, apr_array_header_t **wrong);

#endif
