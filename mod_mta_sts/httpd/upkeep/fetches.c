/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/upkeep/fetches.h"

#include <http_log.h>

#include "core/base/format.h"
#include "core/database/fetch_room.h"
#include "core/database/fetches.h"
#include "httpd/config/report_config.h"
#include "httpd/shared/fetch_table.h"
#include "httpd/shared/limit.h"
#include "httpd/shared/module.h"

APLOG_USE_MODULE(mta_sts);

#define BATCH 250 /* rows per transaction, which takes some milliseconds */
#define NOTE_INTERVAL apr_time_from_sec(60)
#define DAY apr_time_from_sec(86400)

/* By how much the clocks of machines that share a database may differ, in microseconds. */
#define AHEAD apr_time_from_sec(5 * 60)

/* The log may use 1/QUOTA_PART of MTASTSReportQuota. */
#define QUOTA_PART 8

/* The current day has enough capacity if the other days leave this many times the number of its
 * rows (fetch_room.h). */
#define DAYS_LEFT 6

int mts_fetches_are_waiting(void)
{
    return mts_fetch_table_is_filling();
}

/* Anyone can cause this line, so it is logged at most once a minute. */
static void log_losses(server_rec *main, const mts_fetch_losses *losses)
{
    if (losses->requests &&
        mts_limit_count("fetches-lost", "", 1, apr_time_now()) == MTS_LIMIT_ALLOWED) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, main,
                     "%" APR_INT64_T_FMT
                     " requests for policies were answered, but not recorded in the fetch log, "
                     "because too many clients came at the same time or the database was "
                     "unavailable; for these hours, mta-sts report cannot say whether a sender "
                     "reached this server; MTASTSFetchLog off turns the log off [fetches-lost]",
                     losses->requests);
    }
}

static apr_array_header_t *fetches_of(const apr_array_header_t *taken, apr_pool_t *p)
{
    apr_array_header_t *fetches = apr_array_make(p, taken->nelts + 1, sizeof(mta_sts_fetch));
    int i;

    for (i = 0; i < taken->nelts; i++) {
        APR_ARRAY_PUSH(fetches, mta_sts_fetch) = APR_ARRAY_IDX(taken, i, mts_fetch_taken).fetch;
    }
    return fetches;
}

/* Whether there is nothing to write: without requests, the database is written to only once a
 * minute. */
static int is_idle(const mts_fetches_work *work, const apr_array_header_t *taken,
                   const mts_fetch_losses *losses)
{
    return taken->nelts == 0 && losses->requests == 0 &&
           work->began < work->noted + NOTE_INTERVAL && work->began >= work->noted;
}

static apr_int64_t rows_max(server_rec *main)
{
    return mts_report_config_of(main)->spool_quota / QUOTA_PART / MTA_STS_FETCH_ROW_BYTES;
}

static mta_sts_fetches_machine machine_of(server_rec *main, const mta_sts_database *db,
                                          const mts_fetches_work *work,
                                          const mts_fetch_losses *losses)
{
    return (mta_sts_fetches_machine){.host = mta_sts_database_host(db),
                                     .began = mts_fetch_table_since(),
                                     .noted = work->slot < MTS_FETCH_SLOTS ? 0 : work->began,
                                     .lost = losses->requests,
                                     .lost_first = losses->first,
                                     .lost_last = losses->last,
                                     .rows_max = rows_max(main)};
}

/* Requests and losses stay in the table until they are in the database: if this process is killed
 * in between, a batch is counted twice, but nothing is lost. */
static const char *move(server_rec *main, mta_sts_database *db, mts_fetches_work *work,
                        apr_pool_t *p)
{
    const mts_fetch_losses losses = mts_fetch_table_read_losses();
    const apr_array_header_t *taken = mts_fetch_table_read(&work->slot, BATCH, p);
    const mta_sts_fetches_machine machine = machine_of(main, db, work, &losses);
    const char *error;

    if (is_idle(work, taken, &losses)) {
        return NULL;
    }
    error = mta_sts_fetches_add(db, &machine, fetches_of(taken, p), p);
    if (error) {
        work->slot = 0;
        return error;
    }
    mts_fetch_table_remove(taken);
    mts_fetch_table_remove_losses(&losses);
    work->noted = machine.noted ? machine.noted : work->noted;
    log_losses(main, &losses);
    return NULL;
}

const char *mts_fetches_move(server_rec *main, mta_sts_database *db, mts_fetches_work *work,
                             apr_pool_t *p, int *more)
{
    const char *error;

    *more = 0;
    if (!mts_fetch_table_exists()) {
        return NULL;
    }
    if (!work->slot) {
        work->began = apr_time_now();
    }
    error = move(main, db, work, p);
    *more = !error && work->slot < MTS_FETCH_SLOTS;
    work->slot = *more ? work->slot : 0;
    return error;
}

/* --- expiry --- */

static void log_full(server_rec *main, const mta_sts_fetch_room *room, apr_pool_t *p)
{
    const apr_int64_t keep = mts_report_config_of(main)->fetch_keep_days;
    const apr_int64_t bytes =
        (keep + DAYS_LEFT) * (room->rows / room->days + 1) * MTA_STS_FETCH_ROW_BYTES * QUOTA_PART;

    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, main,
                 "the fetch log is full: its part of MTASTSReportQuota suffices for about "
                 "%" APR_INT64_T_FMT " of the %" APR_INT64_T_FMT
                 " days of MTASTSFetchLogKeep; requests before %s are being deleted, and mta-sts "
                 "report and mta-sts rollout count them as not known; set the first size of "
                 "MTASTSReportQuota to at "
                 "least %" APR_INT64_T_FMT "M, or MTASTSFetchLogKeep to fewer days [fetches-full]",
                 room->days - 1, keep, mta_sts_format_time(p, room->oldest_end),
                 bytes / (1024 * 1024) + 1);
}

/* Determines whether the oldest day is to be deleted, because the current one may need its
 * capacity. */
static const char *make_room(server_rec *main, mta_sts_database *db, apr_time_t now,
                             apr_time_t *until, apr_pool_t *p)
{
    mta_sts_fetch_room room;
    int began;
    const char *error = mta_sts_fetch_room_make(db, now, rows_max(main), &room, until, &began);

    if (began) {
        log_full(main, &room, p);
    }
    return error;
}

const char *mts_fetches_expire(server_rec *main, mta_sts_database *db, int is_date_trusted,
                               apr_pool_t *p, int *more)
{
    const mts_report_config *config = mts_report_config_of(main);
    const apr_time_t now = apr_time_now();
    /* The addresses of an hour are replaced together, before its first request is a day old. */
    mta_sts_fetches_ages ages = {
        .full = config->fetch_log == MTS_FETCH_LOG_ADDRESS ? now - DAY + 2 * MTA_STS_FETCH_HOUR
                                                           : now + MTA_STS_FETCH_HOUR,
        .ahead = now + AHEAD,
    };
    apr_time_t until = 0;
    const char *error = is_date_trusted ? make_room(main, db, now, &until, p) : NULL;

    *more = 0;
    if (is_date_trusted) {
        ages.keep = now - config->fetch_keep_days * DAY;
        ages.keep = until > ages.keep ? until : ages.keep;
    }
    return error ? error : mta_sts_fetches_expire(db, &ages, BATCH, p, more);
}
