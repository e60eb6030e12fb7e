/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/shared/room.h"

#include <string.h>

#include "httpd/shared/counters.h"
#include "httpd/shared/network.h"

#define DAY (86400 * APR_USEC_PER_SEC)
#define FIRST_MAX (16 * 1024) /* in bytes: the first report of a network on a day */
#define FIRSTS_MAX 16         /* number of such reports of a /16 or /32 on a day */
#define TABLES 2              /* the current one, and the one that is being filled */

/* The counters of a network, one in each row; the smallest is the estimate (a count-min sketch). */
typedef struct cells {
    apr_size_t at[MTS_ROOM_ROWS];
} cells;

static cells cells_of(tlsrpt_area area, const char *address, mts_network_width width)
{
    apr_uint64_t hash = mts_network_hash(
        area == TLSRPT_REPORTS ? "room of reports" : "room of the quarantine", address, width);
    cells found;
    int row;

    for (row = 0; row < MTS_ROOM_ROWS; row++) {
        found.at[row] = (apr_size_t)(hash >> 16 * row & 0xffff) % MTS_ROOM_COLUMNS;
    }
    return found;
}

static void add(int table, const cells *network, apr_int64_t bytes)
{
    int row;

    for (row = 0; row < MTS_ROOM_ROWS; row++) {
        __atomic_add_fetch(&mts_counters_shared->room.held[table][row][network->at[row]], bytes,
                           __ATOMIC_RELAXED);
    }
}

static int table_in_use(void)
{
    return __atomic_load_n(&mts_counters_shared->room.table, __ATOMIC_ACQUIRE) % TABLES;
}

static apr_int64_t held(const cells *network)
{
    int table = table_in_use(), row;
    apr_int64_t least = APR_INT64_MAX;

    for (row = 0; row < MTS_ROOM_ROWS; row++) {
        apr_int64_t value = __atomic_load_n(
            &mts_counters_shared->room.held[table][row][network->at[row]], __ATOMIC_RELAXED);

        least = value < least ? value : least;
    }
    return least;
}

/* --- reports of a day --- */

/* Resets the counters at the first call on a day. */
static void begin_day(apr_time_t now)
{
    mts_room *room = &mts_counters_shared->room;
    apr_int64_t today = now / DAY, known = __atomic_load_n(&room->day, __ATOMIC_RELAXED);

    if (today != known && __atomic_compare_exchange_n(&room->day, &known, today, 0,
                                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        memset(room->today, 0, sizeof(room->today));
    }
}

static void add_today(const cells *network, int count)
{
    int row;

    for (row = 0; row < MTS_ROOM_ROWS; row++) {
        __atomic_add_fetch(&mts_counters_shared->room.today[row][network->at[row]], count,
                           __ATOMIC_RELAXED);
    }
}

static apr_int32_t stored_today(const cells *network)
{
    apr_int32_t least = APR_INT32_MAX;
    int row;

    for (row = 0; row < MTS_ROOM_ROWS; row++) {
        apr_int32_t value = __atomic_load_n(&mts_counters_shared->room.today[row][network->at[row]],
                                            __ATOMIC_RELAXED);

        least = value < least ? value : least;
    }
    return least;
}

void mts_room_add(tlsrpt_area area, const char *address, apr_int64_t bytes, apr_time_t now)
{
    mts_network_width width;

    begin_day(now);
    for (width = MTS_NETWORK_SITE; width <= MTS_NETWORK_WIDE; width++) {
        cells network = cells_of(area, address, width);

        add(table_in_use(), &network, bytes);
        if (__atomic_load_n(&mts_counters_shared->room.is_recounting, __ATOMIC_ACQUIRE)) {
            add((table_in_use() + 1) % TABLES, &network, bytes);
        }
        add_today(&network, bytes < 0 ? -1 : 1);
    }
}

/* --- shares --- */

static apr_int64_t larger(apr_int64_t a, apr_int64_t b)
{
    return a > b ? a : b;
}

/* Whether a network has used at most a given part of the space up to `limit` that the other
 * networks have left. */
static int has_share(const mts_room_question *question, const cells *network, apr_int64_t limit,
                     apr_int64_t part, apr_int64_t least)
{
    apr_int64_t own = held(network), others = question->used - own;

    return own <= larger((limit - others) / part, least);
}

apr_int64_t mts_room_of_mail(apr_int64_t quota)
{
    return quota / 16;
}

static int is_first_of_day(const mts_room_question *question, const cells *site, const cells *wide,
                           apr_int64_t limit)
{
    return question->cost <= FIRST_MAX && stored_today(site) <= 1 &&
           stored_today(wide) <= FIRSTS_MAX && has_share(question, site, limit, 256, FIRST_MAX) &&
           has_share(question, wide, limit, 16, FIRST_MAX);
}

mts_room_answer mts_room_ask(const mts_room_question *question)
{
    int is_quarantine = question->area == TLSRPT_QUARANTINE;
    apr_int64_t shared = is_quarantine ? question->quota : question->quota / 4 * 3;
    apr_int64_t limit =
        is_quarantine ? question->quota : question->quota - mts_room_of_mail(question->quota);
    cells site = cells_of(question->area, question->address, MTS_NETWORK_SITE);
    cells wide = cells_of(question->area, question->address, MTS_NETWORK_WIDE);

    if (question->used <= shared && has_share(question, &site, shared, 8, 0) &&
        has_share(question, &wide, shared, 4, 0)) {
        return MTS_ROOM_ALLOWED;
    }
    if (question->used > limit) {
        return MTS_ROOM_FULL;
    }
    return !is_quarantine && is_first_of_day(question, &site, &wide, limit) ? MTS_ROOM_ALLOWED
                                                                            : MTS_ROOM_SHARE;
}

/* --- recounting --- */

void mts_room_recount_begin(void)
{
    mts_room *room = &mts_counters_shared->room;

    memset(room->held[(table_in_use() + 1) % TABLES], 0, sizeof(room->held[0]));
    __atomic_store_n(&room->is_recounting, 1, __ATOMIC_RELEASE);
}

void mts_room_recount_add(tlsrpt_area area, const char *address, apr_int64_t bytes)
{
    mts_network_width width;

    for (width = MTS_NETWORK_SITE; width <= MTS_NETWORK_WIDE; width++) {
        cells network = cells_of(area, address, width);

        add((table_in_use() + 1) % TABLES, &network, bytes);
    }
}

void mts_room_recount_end(void)
{
    mts_room *room = &mts_counters_shared->room;

    __atomic_store_n(&room->is_recounting, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&room->table, (table_in_use() + 1) % TABLES, __ATOMIC_RELEASE);
}
