/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/upkeep/fetches.h"

#include <http_log.h>

#include "core/database/fetch_room.h"
#include "core/database/fetches.h"
#include "core/database/machine.h"
#include "httpd/config/report_config.h"
#include "httpd/shared/fetch_table.h"
#include "httpd/shared/limit.h"
#include "httpd/shared/log.h"
#include "httpd/shared/module.h"

APLOG_USE_MODULE(mta_sts);

#define BATCH 250 /* rows per transaction, which takes some milliseconds */
#define NOTE_INTERVAL apr_time_from_sec(60)
#define DAY apr_time_from_sec(86400)

/* By how much the clocks of machines that share a database may differ, in microseconds. */
#define AHEAD apr_time_from_sec(5 * 60)

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
    return mta_sts_fetch_room_rows(mts_report_config_of(main)->spool_quota);
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

static void log_full(server_rec *main, const mta_sts_fetch_room *room, apr_time_t now,
                     apr_pool_t *p)
{
    const mts_report_config *config = mts_report_config_of(main);
    mta_sts_findings *findings = mta_sts_findings_make(p);

    mta_sts_fetch_room_judge(room, 1, now, config->spool_quota, config->fetch_keep_days, findings);
    mts_log_findings(main, p, findings, 0, 0);
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
        log_full(main, &room, now, p);
    }
    return error;
}

/* Where several machines share the database, a clock that is ahead deletes nothing of others. */
const char *mts_fetches_expire(server_rec *main, mta_sts_database *db, int is_date_trusted,
                               apr_pool_t *p, int *more, int *is_waiting)
{
    const mts_report_config *config = mts_report_config_of(main);
    apr_time_t now = apr_time_now(), until = 0;
    const char *error = mta_sts_machine_earlier(db, &now);
    const apr_time_t keep = now - config->fetch_keep_days * DAY;
    /* An hour is replaced as a whole, before its first request is a day old. */
    mta_sts_fetches_ages ages = {
        .full = config->fetch_log == MTS_FETCH_LOG_ADDRESS ? now - DAY + 2 * MTA_STS_FETCH_HOUR
                                                           : now + MTA_STS_FETCH_HOUR,
        .ahead = now + AHEAD,
    };

    *more = *is_waiting = 0;
    if (!error && is_date_trusted) {
        error = make_room(main, db, now, &until, p);
        ages.keep = until > keep ? until : keep;
    }
    else if (!error) {
        error = mta_sts_fetches_have_before(db, keep, is_waiting);
    }
    return error ? error : mta_sts_fetches_expire(db, &ages, BATCH, p, more);
}
