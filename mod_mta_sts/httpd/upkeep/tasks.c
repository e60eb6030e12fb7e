/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/upkeep/tasks.h"

#include <http_log.h>

#include "core/base/monotonic.h"
#include "core/database/history.h"
#include "httpd/shared/counters.h"
#include "httpd/upkeep/enforced.h"
#include "httpd/upkeep/history.h"
#include "httpd/shared/module.h"
#include "httpd/config/report_config.h"
#include "httpd/shared/limit.h"
#include "httpd/config/state.h"

APLOG_USE_MODULE(mta_sts);

/* Reports received over https are indexed within a second or two; reports from `mta-sts import`,
 * and manual deletions of files, are noticed in the next scan of the directories. */
#define INDEX_INTERVAL apr_time_from_sec(5)
#define INDEX_BUDGET apr_time_from_msec(250)
#define NOTE_INTERVAL (MTA_STS_HISTORY_INTERVAL / 2)
#define ENFORCED_INTERVAL apr_time_from_sec(86400)
#define CLEAN_UP_INTERVAL apr_time_from_sec(10 * 60)
#define HOSTING_INTERVAL apr_time_from_msec(500) /* each round of the watchdog */
#define FETCHES_INTERVAL apr_time_from_sec(5)
#define EXPIRE_FETCHES_INTERVAL apr_time_from_sec(10 * 60)
#define EXPIRE_HISTORY_INTERVAL apr_time_from_sec(86400)
#define NETWORKS_INTERVAL apr_time_from_sec(86400)

static mts_step step_of(mts_work *work, const char *error)
{
    return mts_database_failed(work->database, error) ? MTS_STEP_FAILED : MTS_STEP_DONE;
}

static mts_step record_history(mts_work *work)
{
    return step_of(work, work->is_first ? mts_history_record(work->main, work->db, work->scratch)
                                        : mts_history_confirm(work->db));
}

static int is_history_wrong(const mts_work *work)
{
    (void)work;
    return mts_history_is_wrong();
}

/* --- the index --- */

static apr_uint32_t changes(void)
{
    return __atomic_load_n(&mts_counters_shared->changes, __ATOMIC_ACQUIRE);
}

static int has_new_reports(const mts_work *work)
{
    return changes() != work->changes;
}

static void log_indexed(const mts_work *work, const tlsrpt_index_done *done)
{
    if (done->added || done->gone || done->expired) {
        ap_log_error(APLOG_MARK, APLOG_DEBUG, 0, work->main,
                     "index of reports: %" APR_INT64_T_FMT " added (%" APR_INT64_T_FMT
                     " conflict with others, %" APR_INT64_T_FMT
                     " cannot be read), %" APR_INT64_T_FMT " no longer on disk, %" APR_INT64_T_FMT
                     " removed for their age [reports-indexed]",
                     done->added, done->conflicts, done->unreadable, done->gone, done->expired);
    }
}

/* Anyone can cause these lines, so they are logged at most once a minute, and contain no text from
 * reports. */
static void log_number(const mts_work *work, apr_int64_t number, const char *what, const char *id)
{
    if (number && mts_limit_count(id, "", 1, apr_time_now()) == MTS_LIMIT_ALLOWED) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, work->main, "%" APR_INT64_T_FMT " %s [%s]",
                     number, what, id);
    }
}

static void log_problems(mts_work *work, const mta_sts_findings *findings,
                         const tlsrpt_index_done *done)
{
    mts_log_once_log(work->log, work->main, findings, work->scratch);
    if (!done->more) {
        mts_log_once_end_round(work->log);
    }
    log_number(
        work, done->conflicts,
        "new reports conflict with another report of the same identity: all are stored; a verified "
        "one counts instead of unverified ones, which otherwise all count; the status page lists "
        "them, and mta-sts "
        "reindex prints the names of the files",
        "report-conflict");
    log_number(work, done->unreadable,
               "new reports cannot be read and are not counted: the disk may have damaged them; "
               "mta-sts reindex prints the names of the files",
               "report-unreadable");
    log_number(work, done->left_out,
               "reports are stored but not in the index, which has used up its part of "
               "MTASTSReportQuota or the disk: raise the quota, or free space (mta-sts report "
               "reads them from the files)",
               "index-full");
}

static int is_index_full(const mts_work *work)
{
    apr_int64_t bytes = mta_sts_database_bytes(work->db);

    __atomic_store_n(&mts_counters_shared->index_bytes, bytes, __ATOMIC_RELAXED);
    return tlsrpt_index_is_full(mts_state_spool(), bytes,
                                mts_report_config_of(work->main)->spool_quota);
}

/* Adds new reports and removes expired ones. */
static mts_step update_index(mts_work *work)
{
    mta_sts_findings *findings = mta_sts_findings_make(work->scratch);
    apr_uint32_t before = changes();
    tlsrpt_index_done done;
    const char *error;

    work->index.host = mta_sts_database_host(work->db);
    work->index.is_full = is_index_full(work);
    error = tlsrpt_index_update(work->db, &work->index, work->scratch, findings, &done);
    if (mts_database_failed(work->database, error)) {
        return MTS_STEP_FAILED;
    }
    log_indexed(work, &done);
    log_problems(work, findings, &done);
    work->has_removed_reports = work->has_removed_reports || done.expired > 0;
    if (done.more) {
        return MTS_STEP_GO_ON;
    }
    work->changes = before;
    return MTS_STEP_DONE;
}

/* --- failures of domains in mode enforce --- */

static mts_step check_enforced(mts_work *work)
{
    return step_of(work, mts_enforced_check(work->main, work->db, work->scratch));
}

/* --- the spool --- */

static int has_removed_reports(const mts_work *work)
{
    return work->has_removed_reports;
}

static mts_step clean_up(mts_work *work)
{
    if (work->directory == 0) {
        tlsrpt_spool_remove_stale(mts_state_spool());
        work->has_removed_reports = 0;
    }
    mts_counters_recount(mts_state_spool(), work->directory);
    work->directory = (work->directory + 1) % TLSRPT_SPOOL_DIRECTORIES;
    return work->directory ? MTS_STEP_GO_ON : MTS_STEP_DONE;
}

static int has_quota_risen(const mts_work *work)
{
    return mts_quota_has_risen(work->quota);
}

static mts_step count_networks(mts_work *work)
{
    return mts_quota_count(work->quota, mts_state_spool()) ? MTS_STEP_DONE : MTS_STEP_GO_ON;
}

/* --- the fetch log --- */

static int has_fetches(const mts_work *work)
{
    (void)work;
    return mts_fetches_are_waiting();
}

static mts_step go_on(mts_work *work, const char *error, int more)
{
    return error == NULL && more ? MTS_STEP_GO_ON : step_of(work, error);
}

static mts_step move_fetches(mts_work *work)
{
    int more;
    const char *error =
        mts_fetches_move(work->main, work->db, &work->fetches, work->scratch, &more);

    return go_on(work, error, more);
}

/* --- expiry --- */

/* The index, which comes first, has checked it with the last date that is known. */
static tlsrpt_clock_trust trust_of(const mts_work *work)
{
    return tlsrpt_clock_check(work->index.clock, apr_time_now(), mta_sts_monotonic_now(), 0);
}

/* Says that something is not removed because the date may be wrong. */
static void log_waiting(mts_work *work, mts_log_once *log, int is_waiting, tlsrpt_clock_trust trust,
                        const char *subject, const char *what)
{
    mta_sts_findings *findings = mta_sts_findings_make(work->scratch);

    if (is_waiting) {
        tlsrpt_clock_add_distrust(findings, trust, subject, what);
    }
    mts_log_once_log(log, work->main, findings, work->scratch);
    mts_log_once_end_round(log);
}

static mts_step expire_fetches(mts_work *work)
{
    const tlsrpt_clock_trust trust = trust_of(work);
    int more, is_waiting;
    const char *error = mts_fetches_expire(work->main, work->db, trust == TLSRPT_CLOCK_TRUSTED,
                                           work->scratch, &more, &is_waiting);

    log_waiting(work, work->log_fetches, is_waiting, trust, "MTASTSFetchLogKeep",
                "requests in the fetch log");
    return go_on(work, error, more);
}

static mts_step expire_history(mts_work *work)
{
    const tlsrpt_clock_trust trust = trust_of(work);
    int is_waiting;
    const char *error = mta_sts_history_expire(work->db, apr_time_now(),
                                               trust == TLSRPT_CLOCK_TRUSTED, &is_waiting);

    log_waiting(work, work->log_history, is_waiting, trust, "history of policies",
                "policies in the history");
    return step_of(work, error);
}

/* --- hosted domains --- */

/* It handles an unavailable database itself, in order to report for how long it has been
 * unavailable. */
static mts_step sync_hosting(mts_work *work)
{
    if (mts_report_config_of(work->main)->is_hosting) {
        mts_hosting_work_run(work->hosting, work->database, work->scratch);
    }
    return MTS_STEP_DONE;
}

/* Tasks that do not need the database come first, since it may delay the others. */
mts_task mts_tasks[] = {
    {clean_up, has_removed_reports, CLEAN_UP_INTERVAL, 0, 0, 0},
    {count_networks, has_quota_risen, NETWORKS_INTERVAL, 0, 0, 0},
    {sync_hosting, NULL, HOSTING_INTERVAL, 0, 0, 0},
    {record_history, is_history_wrong, NOTE_INTERVAL, 1, 0, 0},
    {update_index, has_new_reports, INDEX_INTERVAL, 1, 0, 0},
    {move_fetches, has_fetches, FETCHES_INTERVAL, 1, 0, 0},
    {expire_fetches, NULL, EXPIRE_FETCHES_INTERVAL, 1, 0, 0},
    {expire_history, NULL, EXPIRE_HISTORY_INTERVAL, 1, 0, 0},
    {check_enforced, NULL, ENFORCED_INTERVAL, 1, 0, 0},
};
const int mts_task_count = sizeof(mts_tasks) / sizeof(mts_tasks[0]);

void mts_tasks_prepare(mts_work *work, server_rec *main, apr_pool_t *p, int (*is_ending)(void *))
{
    const mts_report_config *config = mts_report_config_of(main);

    memset(work, 0, sizeof(*work));
    work->main = main;
    work->database = mts_database_make(main, p);
    work->log = mts_log_once_make(p, 1);
    work->log_fetches = mts_log_once_make(p, 1);
    work->log_history = mts_log_once_make(p, 1);
    work->quota = mts_quota_make(main, p);
    work->is_ending = is_ending;
    work->hosting = mts_hosting_work_make(main, p, is_ending);
    work->index.spool = mts_state_spool();
    work->index.keep_days = (int)config->keep_days;
    work->index.clock = &mts_counters_shared->clock;
    work->index.budget = INDEX_BUDGET;
    work->index.is_ending = is_ending;
}
