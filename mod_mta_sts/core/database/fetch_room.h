/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_FETCH_ROOM_H
#define CORE_DATABASE_FETCH_ROOM_H

#include <apr_time.h>

#include "core/base/finding.h"
#include "core/database/database.h"

/*
 * The room of the fetch log (core/database/fetches.h). Each day may use a quarter of what the
 * others have left, so that no flood of requests leaves nothing to the days after it. Where that
 * does not suffice, the oldest days are to be deleted: records of the last days that are complete
 * are worth more than records of many days that are not.
 */
typedef struct mta_sts_fetch_room {
    apr_int64_t rows, days; /* that are recorded */
    apr_int64_t today;      /* rows of the current day */
    apr_time_t oldest_end;  /* when the oldest day ended; 0: only the last two days are recorded */
    int is_short;           /* whether the current day may soon use up its part */
    int removals;           /* how many days were begun to be deleted for that on the current day */
    apr_time_t removed;     /* requests before this time were deleted, or are being deleted */
    apr_time_t last; /* the last day on which one was begun to be deleted for that; 0: none */
} mta_sts_fetch_room;

/* Days that are deleted on one day at most, by all machines and processes together: a flood of
 * requests makes one day grow, but does not delete all others. */
#define MTA_STS_FETCH_REMOVALS_MAX 2

/* The rows that all days may have: the part of MTASTSReportQuota, in bytes, that the log may use.
 */
apr_int64_t mta_sts_fetch_room_rows(apr_int64_t quota);

/*
 * The rows that a day may have. At most half of them may be of requests that were not served, since
 * a handshake that fails costs a stranger the least.
 *
 * @param rows_max of all days
 * @param others   rows of the other days
 */
apr_int64_t mta_sts_fetch_room_of_day(apr_int64_t rows_max, apr_int64_t others);

/* Reads how much room there is. */
const char *mta_sts_fetch_room_read(mta_sts_database *db, apr_time_t now, apr_int64_t rows_max,
                                    mta_sts_fetch_room *room);

/* Notes, in a transaction, that requests before this time are deleted. */
const char *mta_sts_fetch_room_note_deleted(mta_sts_database *db, apr_time_t until);

/*
 * Begins to delete the oldest day if the current one may need its room, or goes on with it after
 * an interruption. That is recorded in the database, and counted there.
 *
 * @param room  out: how much there was
 * @param until out: requests before this time are to be deleted; 0: none are
 * @param began out: whether that has just begun
 */
const char *mta_sts_fetch_room_make(mta_sts_database *db, apr_time_t now, apr_int64_t rows_max,
                                    mta_sts_fetch_room *room, apr_time_t *until, int *began);

/*
 * Adds the finding "fetches-full": for how many days the quota suffices, and which one would do.
 *
 * @param began whether the oldest day has just begun to be deleted; otherwise there is a finding if
 *              one was within a week and the quota would not suffice for all days
 * @param quota MTASTSReportQuota, in bytes
 * @param keep  MTASTSFetchLogKeep, in days; 0: there is no fetch log, and no finding
 */
void mta_sts_fetch_room_judge(const mta_sts_fetch_room *room, int began, apr_time_t now,
                              apr_int64_t quota, apr_int64_t keep, mta_sts_findings *findings);

/* Reads the room and judges it. */
const char *mta_sts_fetch_room_check(mta_sts_database *db, apr_time_t now, apr_int64_t quota,
                                     apr_int64_t keep, mta_sts_findings *findings);

#endif
