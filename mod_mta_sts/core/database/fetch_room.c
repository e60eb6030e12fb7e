/* SPDX-License-Identifier: Apache-2.0 */
#include "core/database/fetch_room.h"

#include <apr_strings.h>

#include "core/base/format.h"
#include "core/database/fetches.h"

#define ROWS_LEAST 1000 /* of a day, however full the log is */
#define DAY apr_time_from_sec(86400)

/* The part of MTASTSReportQuota that the log may use. */
#define QUOTA_PART 8

/* The current day has enough room if the others leave it that many times its rows. */
#define DAYS_LEFT 6

/* On a day with few requests, such as a Sunday, none need be deleted. */
#define FULL_LASTS (7 * DAY)

#define READ                                                                                       \
    "SELECT coalesce(sum(entries), 0), coalesce(sum(CASE WHEN day = %lld THEN entries ELSE 0 "     \
    "END), 0), count(*), coalesce(min(day), 0), coalesce(max(CASE WHEN day = %lld THEN removals "  \
    "ELSE 0 END), 0), (SELECT coalesce(max(noted), 0) FROM mta_sts_fetch_span WHERE host = ''), "  \
    "coalesce(max(CASE WHEN removals > 0 THEN day END), 0) FROM mta_sts_fetch_day"
#define COUNT_REMOVAL "UPDATE mta_sts_fetch_day SET removals = removals + 1 WHERE day = %lld"
/* The span with an empty host: rows from before its time have been deleted. */
#define NOTE_DELETED                                                                               \
    "INSERT INTO mta_sts_fetch_span (host, began, noted) VALUES ('', 0, %lld) "                    \
    "ON CONFLICT (host, began) DO UPDATE SET noted = excluded.noted"

apr_int64_t mta_sts_fetch_room_rows(apr_int64_t quota)
{
    return quota / QUOTA_PART / MTA_STS_FETCH_ROW_BYTES;
}

apr_int64_t mta_sts_fetch_room_of_day(apr_int64_t rows_max, apr_int64_t others)
{
    const apr_int64_t part = (rows_max - others) / 4;

    return part > ROWS_LEAST ? part : ROWS_LEAST;
}

static int take(void *baton, const char *const *columns)
{
    apr_int64_t *numbers = baton;
    int i;

    for (i = 0; i < 7; i++) {
        numbers[i] = mta_sts_database_number(columns[i]);
    }
    return 0;
}

const char *mta_sts_fetch_room_read(mta_sts_database *db, apr_time_t now, apr_int64_t rows_max,
                                    mta_sts_fetch_room *room)
{
    const apr_int64_t today = now / DAY;
    apr_int64_t found[7] = {0}, limit;
    const char *error =
        mta_sts_database_rows(db, READ, take, found, (long long)today, (long long)today);

    limit = mta_sts_fetch_room_of_day(rows_max, found[0] - found[1]);
    *room = (mta_sts_fetch_room){
        .rows = found[0],
        .today = found[1],
        .days = found[2],
        .oldest_end = found[2] && found[3] < today - 1 ? (found[3] + 1) * DAY : 0,
        .is_short = found[1] > limit / 4 * 3,
        .removals = (int)found[4],
        .removed = found[5],
        .last = found[6] * DAY,
    };
    return error;
}

const char *mta_sts_fetch_room_note_deleted(mta_sts_database *db, apr_time_t until)
{
    return mta_sts_database_run(db, NOTE_DELETED, (long long)until);
}

/* Whether the deletion of the oldest day was begun but not finished, so that its number of rows is
 * still recorded. */
static int is_unfinished(const mta_sts_fetch_room *room)
{
    return room->oldest_end && room->removed == room->oldest_end;
}

static int may_begin(const mta_sts_fetch_room *room)
{
    return room->is_short && room->oldest_end && !is_unfinished(room) &&
           room->removals < MTA_STS_FETCH_REMOVALS_MAX;
}

/* Within a transaction, because another machine may have begun the same deletion in the
 * meantime. */
static const char *begin_removal(mta_sts_database *db, apr_time_t now, apr_int64_t rows_max,
                                 mta_sts_fetch_room *room, int *began)
{
    const char *error = mta_sts_fetch_room_read(db, now, rows_max, room);

    if (error || !may_begin(room)) {
        return error;
    }
    *began = 1;
    error = mta_sts_database_run(db, COUNT_REMOVAL, (long long)(now / DAY));
    return error ? error : mta_sts_fetch_room_note_deleted(db, room->oldest_end);
}

const char *mta_sts_fetch_room_make(mta_sts_database *db, apr_time_t now, apr_int64_t rows_max,
                                    mta_sts_fetch_room *room, apr_time_t *until, int *began)
{
    const char *error = mta_sts_fetch_room_read(db, now, rows_max, room);

    *began = 0;
    if (!error && may_begin(room)) {
        error = mta_sts_database_begin(db);
        error = error ? error : begin_removal(db, now, rows_max, room, began);
        error = error ? error : mta_sts_database_commit(db);
        mta_sts_database_rollback(db);
    }
    *began = *began && !error;
    *until = *began || (!error && is_unfinished(room)) ? room->oldest_end : 0;
    return error;
}

/* --- the finding --- */

void mta_sts_fetch_room_judge(const mta_sts_fetch_room *room, int began, apr_time_t now,
                              apr_int64_t quota, apr_int64_t keep, mta_sts_findings *findings)
{
    const int is_going = began || is_unfinished(room);
    const apr_int64_t days = room->days - is_going;
    const apr_int64_t needed = (keep + DAYS_LEFT) *
                               (room->rows / (room->days ? room->days : 1) + 1) *
                               MTA_STS_FETCH_ROW_BYTES * QUOTA_PART;

    if (!began && (!keep || !room->last || now - room->last >= FULL_LASTS || needed <= quota)) {
        return;
    }
    mta_sts_finding_add(
        findings, MTA_STS_WARNING, "fetches-full", "fetch log",
        apr_psprintf(findings->pool,
                     "set the first size of MTASTSReportQuota to at least %" APR_INT64_T_FMT
                     "M, or MTASTSFetchLogKeep to fewer days",
                     needed / (1024 * 1024) + 1),
        "it is full: its part of MTASTSReportQuota suffices for about %" APR_INT64_T_FMT
        " of the %" APR_INT64_T_FMT " days of MTASTSFetchLogKeep; requests before %s are deleted, "
        "and mta-sts report and mta-sts rollout count them as not known",
        days, keep, mta_sts_format_time(findings->pool, began ? room->oldest_end : room->removed));
}

const char *mta_sts_fetch_room_check(mta_sts_database *db, apr_time_t now, apr_int64_t quota,
                                     apr_int64_t keep, mta_sts_findings *findings)
{
    mta_sts_fetch_room room;
    const char *error = mta_sts_fetch_room_read(db, now, mta_sts_fetch_room_rows(quota), &room);

    if (!error) {
        mta_sts_fetch_room_judge(&room, 0, now, quota, keep, findings);
    }
    return error;
}
