/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_FETCH_ROOM_H
#define CORE_DATABASE_FETCH_ROOM_H

#include <apr_time.h>

#include "core/database/database.h"
#include "core/database/fetches.h"

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
} mta_sts_fetch_room;

/*
 * The rows that a day may have.
 *
 * @param rows_max of all days
 * @param others   rows of the other days
 * @param outcome  mta_sts_fetch_outcome: only requests that were served may use all of it, since a
 *                 handshake that fails costs a stranger the least
 */
apr_int64_t mta_sts_fetch_room_of_day(apr_int64_t rows_max, apr_int64_t others, int outcome);

/* Reads how much room there is. */
const char *mta_sts_fetch_room_read(mta_sts_database *db, apr_time_t now, apr_int64_t rows_max,
                                    mta_sts_fetch_room *room);

#endif
