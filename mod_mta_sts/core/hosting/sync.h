/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_SYNC_H
#define CORE_HOSTING_SYNC_H

#include "core/hosting/snapshot.h"
#include "core/hosting/source.h"

/*
 * Synchronizes the snapshot with the tables of hosted domains. Normally only the rows are read that
 * have changed since the last sync; all rows are compared in the first sync, after a restore, and
 * once an hour, because a restore can bypass the triggers.
 *
 * If more than half of the domains, and at least MTA_STS_SYNC_HELD_MIN, disappear at once, they are
 * still served until an admin confirms the deletion (mta_sts_source_confirm): a failed restore must
 * not withdraw the policies of all customers.
 */

#define MTA_STS_SYNC_HELD_MIN 10

/* The snapshot is stale if it was last in sync longer ago than this. */
#define MTA_STS_SYNC_STALE apr_time_from_sec(300)

typedef struct mta_sts_sync {
    apr_time_t now;
    int (*is_ending)(void *); /* returns whether to stop early, without a result; NULL: never stop
                                 early */

    /* results */
    mta_sts_snapshot_state state; /* its texts are allocated from the pool that is passed to
                                     mta_sts_sync_run */
    int has_changed;              /* whether anything except the time was written */
    int has_read;                 /* whether rows were compared */
    int is_full;                  /* whether all rows were compared */
    int is_snapshot_error; /* whether an error is about the snapshot, and not about the source */
} mta_sts_sync;

/*
 * Synchronizes once, if anything has changed.
 *
 * @param source   the database; the caller has checked its tables with mta_sts_hosting_tables_check
 * @param sync     in and out
 * @param p        pool of the results
 * @return NULL, or an error (core/database/database.h), after which the snapshot is unchanged
 */
const char *mta_sts_sync_run(mta_sts_database *source, mta_sts_snapshot *snapshot,
                             mta_sts_sync *sync, apr_pool_t *p);

#endif
