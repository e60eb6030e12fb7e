/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_FETCH_ROOM_H
#define CORE_DATABASE_FETCH_ROOM_H

#include <apr_time.h>

#include "core/base/finding.h"
#include "core/database/database.h"

/*
 * The capacity of the fetch log (core/database/fetches.h). Each day may use a quarter of the
 * capacity that the other days have left, so that a flood of requests on one day leaves capacity
 * for the days after it. Where that is not enough, the oldest days are deleted: complete records of
 * the last few days are worth more than incomplete records of many days.
 */
typedef struct mta_sts_fetch_room {
    apr_int64_t rows, days; /* in the log now */
    apr_int64_t today;      /* rows of the current day */
    apr_time_t oldest_end;  /* when the oldest day ended; 0: only the last two days are recorded */
    int is_short;           /* whether the current day may soon use up its part */
    int removals;           /* how many days were begun to be deleted for that on the current day */
    apr_time_t removed;     /* requests before this time were deleted, or are being deleted */
    apr_time_t last; /* the last day on which one was begun to be deleted for that; 0: none */
} mta_sts_fetch_room;

/* The maximum number of days that all machines and processes together delete on one day, so that a
 * flood of requests cannot make all other days disappear. */
#define MTA_STS_FETCH_REMOVALS_MAX 2

/* The rows that all days may have: the part of MTASTSReportQuota, in bytes, that the log may use.
 */
apr_int64_t mta_sts_fetch_room_rows(apr_int64_t quota);

/*
 * The maximum number of rows of one day. At most half of them may be for requests that were not
 * served, because a failed handshake costs an attacker the least.
 *
 * @param rows_max maximum number of rows of all days together
 * @param others   number of rows of the other days
 */
apr_int64_t mta_sts_fetch_room_of_day(apr_int64_t rows_max, apr_int64_t others);

/* Reads how much of the capacity is used. Returns NULL, or an error (core/database/database.h),
 * like the functions below. */
const char *mta_sts_fetch_room_read(mta_sts_database *db, apr_time_t now, apr_int64_t rows_max,
                                    mta_sts_fetch_room *room);

/* Records that requests before this time have been deleted. Must be called in a transaction. */
const char *mta_sts_fetch_room_note_deleted(mta_sts_database *db, apr_time_t until);

/*
 * Decides whether the oldest day has to be deleted because the current day may need its capacity,
 * or because a deletion was interrupted. A new deletion is recorded and counted in the database.
 *
 * @param room  out: the state before the call
 * @param until out: the caller has to delete requests before this time; 0: none
 * @param began out: whether a new deletion was begun
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
