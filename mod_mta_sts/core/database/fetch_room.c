/* SPDX-License-Identifier: Apache-2.0 */
#include "core/database/fetch_room.h"

#include <string.h>

#define ROWS_LEAST 1000 /* of a day, however full the log is */
#define DAY apr_time_from_sec(86400)

#define READ                                                                                       \
    "SELECT coalesce(sum(entries), 0), coalesce(sum(CASE WHEN day = %lld THEN entries ELSE 0 "     \
    "END), 0), count(*), coalesce(min(day), 0) FROM mta_sts_fetch_day"

apr_int64_t mta_sts_fetch_room_of_day(apr_int64_t rows_max, apr_int64_t others, int outcome)
{
    const apr_int64_t part = (rows_max - others) / 4;
    const apr_int64_t rows = part > ROWS_LEAST ? part : ROWS_LEAST;

    return outcome == MTA_STS_FETCH_SERVED ? rows : rows / 2;
}

static int take(void *baton, const char *const *columns)
{
    apr_int64_t *numbers = baton;
    int i;

    for (i = 0; i < 4; i++) {
        numbers[i] = mta_sts_database_number(columns[i]);
    }
    return 0;
}

const char *mta_sts_fetch_room_read(mta_sts_database *db, apr_time_t now, apr_int64_t rows_max,
                                    mta_sts_fetch_room *room)
{
    const apr_int64_t today = now / DAY;
    apr_int64_t found[4] = {0}, limit;
    const char *error = mta_sts_database_rows(db, READ, take, found, (long long)today);

    limit = mta_sts_fetch_room_of_day(rows_max, found[0] - found[1], MTA_STS_FETCH_SERVED);
    *room = (mta_sts_fetch_room){
        .rows = found[0],
        .today = found[1],
        .days = found[2],
        .oldest_end = found[2] && found[3] < today - 1 ? (found[3] + 1) * DAY : 0,
        .is_short = found[1] > limit / 4 * 3,
    };
    return error;
}
