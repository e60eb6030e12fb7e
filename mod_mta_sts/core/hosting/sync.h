/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_SYNC_H
#define CORE_HOSTING_SYNC_H

#include "core/hosting/snapshot.h"
#include "core/hosting/source.h"

/*
 * Brings the snapshot in sync with the tables of hosted domains. What changed since the last time
 * is read row by row; all rows are compared at the first time, after a restore, and once an hour,
 * because a restore can bypass the triggers.
 *
 * If more than half of the domains, and at least MTA_STS_SYNC_HELD_MIN, are gone at once, they are
 * served until an admin confirms that (mta_sts_source_confirm): a failed restore must not withdraw
 * the policies of all customers.
 */

#define MTA_STS_SYNC_HELD_MIN 10

/* The snapshot is stale if it was last in sync longer ago than this. */
#define MTA_STS_SYNC_STALE apr_time_from_sec(300)

typedef struct mta_sts_sync {
    apr_time_t now;
    int (*is_ending)(void *); /* whether to stop early, without a result; NULL: never */

    /* results */
    mta_sts_snapshot_state state; /* its texts live in the pool of the call */
    int has_changed;              /* whether anything was written but the time */
    int has_read;                 /* whether rows were compared */
    int is_full;                  /* whether all rows were compared */
    int is_snapshot_error;        /* whether the error is one of the snapshot, not of the source */
} mta_sts_sync;

/*
 * Syncs once, if there is anything new.
 *
 * @param source   its tables were checked by mta_sts_hosting_tables_check
 * @param sync     in and out
 * @param p        pool of the results
 * @return NULL, or an error (core/database/database.h); the snapshot is unchanged then
 */
const char *mta_sts_sync_run(mta_sts_database *source, mta_sts_snapshot *snapshot,
                             mta_sts_sync *sync, apr_pool_t *p);

#endif
