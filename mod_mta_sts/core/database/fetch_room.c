/* SPDX-License-Identifier: Apache-2.0 */
#include "core/database/fetch_room.h"

#define ROWS_LEAST 1000 /* minimum number of rows of a day, even if the log is full */
#define DAY apr_time_from_sec(86400)

#define READ                                                                                       \
    "SELECT coalesce(sum(entries), 0), coalesce(sum(CASE WHEN day = %lld THEN entries ELSE 0 "     \
    "END), 0), count(*), coalesce(min(day), 0), coalesce(max(CASE WHEN day = %lld THEN removals "  \
    "ELSE 0 END), 0), (SELECT coalesce(max(noted), 0) FROM mta_sts_fetch_span WHERE host = '') "   \
    "FROM mta_sts_fetch_day"
#define COUNT_REMOVAL "UPDATE mta_sts_fetch_day SET removals = removals + 1 WHERE day = %lld"
/* The span with an empty host: rows from before its time have been deleted. */
#define NOTE_DELETED                                                                               \
    "INSERT INTO mta_sts_fetch_span (host, began, noted) VALUES ('', 0, %lld) "                    \
    "ON CONFLICT (host, began) DO UPDATE SET noted = excluded.noted"

apr_int64_t mta_sts_fetch_room_of_day(apr_int64_t rows_max, apr_int64_t others)
{
    const apr_int64_t part = (rows_max - others) / 4;

    return part > ROWS_LEAST ? part : ROWS_LEAST;
}

static int take(void *baton, const char *const *columns)
{
    apr_int64_t *numbers = baton;
    int i;

    for (i = 0; i < 6; i++) {
        numbers[i] = mta_sts_database_number(columns[i]);
    }
    return 0;
}

const char *mta_sts_fetch_room_read(mta_sts_database *db, apr_time_t now, apr_int64_t rows_max,
                                    mta_sts_fetch_room *room)
{
    const apr_int64_t today = now / DAY;
    apr_int64_t found[6] = {0}, limit;
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
