/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/upkeep/hosting.h"

#include <apr_strings.h>
#include <http_log.h>

#include "core/base/format.h"
#include "core/database/identity.h"
#include "core/hosting/sync.h"
#include "core/hosting/tables.h"
#include "httpd/config/policies.h"
#include "httpd/config/report_config.h"
#include "httpd/hosting/hosting.h"
#include "httpd/shared/log_once.h"
#include "httpd/shared/module.h"
#include "httpd/upkeep/missing_pairs.h"

APLOG_USE_MODULE(mta_sts);

#define SUBJECT "MTASTSHosting"

/* How often a machine records that it is alive, in microseconds. */
#define ALIVE apr_time_from_sec(60)

/* Maximum number of rows that are not valid, and of configured domains with a row, in the log. */
#define LISTED_MAX 20

struct mts_hosting_work {
    server_rec *main;
    int (*is_ending)(void *);
    apr_pool_t *pool; /* of the snapshot; cleared when it is closed */
    mta_sts_snapshot *snapshot;
    int open_count;          /* mts_database_open_count when the tables were checked */
    int is_first;            /* whether nothing about rows has been logged yet */
    mts_log_once *log_state; /* findings that are checked in each round */
    mts_missing_pairs *missing;
    mts_log_once *log_rows; /* findings that are checked after changes */
    apr_int64_t published;  /* the position that was stored in the table of machines */
    apr_time_t published_at;
    apr_time_t synced; /* time of the last sync, according to the snapshot; 0: not known */
};

mts_hosting_work *mts_hosting_work_make(server_rec *main, apr_pool_t *p, int (*is_ending)(void *))
{
    mts_hosting_work *work = apr_pcalloc(p, sizeof(*work));

    work->main = main;
    work->is_ending = is_ending;
    work->is_first = 1;
    work->log_state = mts_log_once_make(p, 1);
    work->log_rows = mts_log_once_make(p, 1);
    work->missing = mts_missing_pairs_make(main, p, is_ending);
    apr_pool_create(&work->pool, p);
    return work;
}

void mts_hosting_work_close(mts_hosting_work *work)
{
    if (work->snapshot) {
        mta_sts_snapshot_close(work->snapshot);
        work->snapshot = NULL;
    }
    apr_pool_clear(work->pool);
}

/* --- the snapshot --- */

static void add_failure(mta_sts_findings *findings, const char *error)
{
    mta_sts_finding_add(findings, MTA_STS_ERROR, "hosting-failed", SUBJECT, NULL, "%s",
                        apr_pstrdup(findings->pool, error));
}

static int open_snapshot(mts_hosting_work *work, mta_sts_findings *findings)
{
    const char *error;

    if (work->snapshot && mta_sts_snapshot_is_same_file(work->snapshot)) {
        return 1;
    }
    mts_hosting_work_close(work);
    error = mta_sts_snapshot_open(work->pool, mts_hosting_file(work->main, work->pool),
                                  &work->snapshot);
    if (error) {
        work->snapshot = NULL;
        add_failure(findings, error);
        apr_pool_clear(work->pool);
    }
    return !error;
}

/* Closes the snapshot after an error, and moves a damaged file away: it is derived data, and will
 * be rebuilt. */
static void drop_snapshot(mts_hosting_work *work, apr_pool_t *p, const char *error)
{
    mts_hosting_work_close(work);
    if (mta_sts_database_is_damaged(error)) {
        mta_sts_database_move_damaged(p, mts_hosting_file(work->main, p));
    }
}

/* --- messages --- */

static void report_age(const mts_hosting_work *work, mta_sts_findings *findings)
{
    if (work->synced && apr_time_now() - work->synced > MTA_STS_SYNC_STALE) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "hosting-stale", SUBJECT,
                            "see the messages about the database",
                            "hosted domains were last read from the database at %s; the policies "
                            "known then are served",
                            mta_sts_format_time(findings->pool, work->synced));
    }
}

static void report_held(const mta_sts_sync *sync, mta_sts_findings *findings)
{
    if (sync->state.held) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "hosting-held", SUBJECT,
                            "restore the rows, or run mta-sts policy confirm if they were deleted "
                            "on purpose",
                            "%" APR_INT64_T_FMT " of %" APR_INT64_T_FMT
                            " hosted domains are suddenly missing from the database; they are "
                            "still served",
                            sync->state.held, sync->state.served);
    }
}

static void report_wrong(const mts_hosting_work *work, const mta_sts_sync *sync,
                         mta_sts_findings *findings)
{
    apr_pool_t *p = findings->pool;
    apr_array_header_t *wrong;
    int i;

    if (mta_sts_snapshot_list_wrong(work->snapshot, "", LISTED_MAX, p, &wrong)) {
        return; /* the next sync will report the error */
    }
    for (i = 0; i < wrong->nelts; i++) {
        const mta_sts_snapshot_wrong *row = &APR_ARRAY_IDX(wrong, i, mta_sts_snapshot_wrong);

        mta_sts_finding_add(findings, MTA_STS_ERROR, "row-wrong",
                            mta_sts_format_name(p, row->domain), row->fix, "%s%s", row->message,
                            row->is_served ? "; its last valid policy is still served"
                                           : "; no policy is served");
    }
    if (sync->state.wrong > LISTED_MAX) {
        mta_sts_finding_add(findings, MTA_STS_ERROR, "row-wrong", SUBJECT,
                            "mta-sts policy list --wrong lists them",
                            "%" APR_INT64_T_FMT " rows are wrong", sync->state.wrong);
    }
}

/* --- configured domains --- */

/* The search for rows that have no effect. */
typedef struct hidden_search {
    mts_hosting_work *work;
    apr_pool_t *p;
    int count;
} hidden_search;

static void visit(void *baton, const mts_served *served)
{
    hidden_search *search = baton;
    apr_array_header_t *rows;

    if (served->is_pattern || !mts_policies_reach_senders(served) ||
        mta_sts_snapshot_find(search->work->snapshot, served->domain, search->p, &rows) ||
        !rows->nelts) {
        return;
    }
    if (++search->count <= LISTED_MAX) {
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, search->work->main,
                     "%s: its row in the database has no effect, because %s defines its policy "
                     "[row-hidden]",
                     served->domain, mts_config_location(search->p, served->policy->at));
    }
}

static void log_hidden(mts_hosting_work *work, apr_pool_t *p)
{
    hidden_search search = {work, p, 0};

    if (!APLOG_IS_LEVEL(work->main, APLOG_INFO)) {
        return;
    }
    mts_policies_each(p, work->main, visit, &search);
    if (search.count > LISTED_MAX) {
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, work->main,
                     "and %d more configured domains with a row [row-hidden]",
                     search.count - LISTED_MAX);
    }
}

static void log_rows(mts_hosting_work *work, const mta_sts_sync *sync, apr_pool_t *p)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);

    if (!sync->has_changed && !work->is_first && !sync->is_full) {
        return;
    }
    report_held(sync, findings);
    report_wrong(work, sync, findings);
    mts_log_once_log(work->log_rows, work->main, findings, p);
    mts_log_once_end_round(work->log_rows);
    if (work->is_first) {
        log_hidden(work, p);
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, work->main,
                     "%" APR_INT64_T_FMT " hosted domains are served [hosting-served]",
                     sync->state.served);
    }
    work->is_first = 0;
}

/* --- the database --- */

static int is_publishing_due(const mts_hosting_work *work, const mta_sts_sync *sync)
{
    return sync->has_read || (sync->state.count && work->published != sync->state.position) ||
           sync->now - work->published_at >= ALIVE || sync->now < work->published_at;
}

/* Records for the command which changes this machine has read, and that it is alive. */
static const char *publish(mts_hosting_work *work, mta_sts_database *db, const mta_sts_sync *sync,
                           mta_sts_findings *findings)
{
    apr_pool_t *p = findings->pool;
    mta_sts_source_machine machine = {.host = mta_sts_database_host(db),
                                      .position = sync->state.position,
                                      .served = sync->state.served,
                                      .wrong = sync->state.wrong};
    const char *error;

    if (!is_publishing_due(work, sync)) {
        return NULL;
    }
    error = mta_sts_identity_find(p, mts_report_config_of(work->main)->state_dir, &machine.machine);
    if (error) {
        add_failure(findings, error);
        return NULL;
    }
    work->published = machine.position;
    work->published_at = sync->now;
    return mta_sts_source_note_machine(db, &machine);
}

/* Checks whether the tables can be used, each time that the database has been opened. */
static const char *check_tables(mts_hosting_work *work, mts_database *database,
                                mta_sts_database *db, mta_sts_findings *findings, int *are_right)
{
    const char *problem = NULL, *error = NULL;

    if (work->open_count != mts_database_open_count(database)) {
        error = mta_sts_hosting_tables_check(db, &problem);
        work->published_at = 0;
    }
    if (!error && problem) {
        add_failure(findings, problem);
    }
    *are_right = !error && !problem;
    work->open_count = *are_right ? mts_database_open_count(database) : -1;
    return error;
}

static const char *use_source(mts_hosting_work *work, mta_sts_database *db, mta_sts_sync *sync,
                              mta_sts_findings *findings)
{
    const char *error = mta_sts_sync_run(db, work->snapshot, sync, findings->pool);

    if (error) {
        return error;
    }
    work->synced = sync->now;
    log_rows(work, sync, findings->pool);
    mts_missing_pairs_check(work->missing, work->snapshot, sync->has_changed || sync->is_full,
                            findings->pool);
    error = publish(work, db, sync, findings);
    return error || !sync->is_full ? error : mta_sts_source_prune(db);
}

static void sync_once(mts_hosting_work *work, mts_database *database, mta_sts_findings *findings)
{
    mta_sts_sync sync = {.now = apr_time_now(), .is_ending = work->is_ending};
    mta_sts_database *db = mts_database_use(database);
    int are_right = 0;
    const char *error = db ? check_tables(work, database, db, findings, &are_right) : NULL;

    if (!error && are_right) {
        error = use_source(work, db, &sync, findings);
    }
    if (!error || work->is_ending(NULL)) {
        return;
    }
    if (!sync.is_snapshot_error) {
        mts_database_failed(database, error); /* logs the error */
        return;
    }
    if (!mta_sts_database_is_locked(error)) {
        add_failure(findings, error);
    }
    drop_snapshot(work, findings->pool, error);
}

/* Reads from the snapshot when it was last in sync, which may have been before this start. */
static void read_age(mts_hosting_work *work, apr_pool_t *p)
{
    mta_sts_snapshot_state state;

    if (!work->synced && !mta_sts_snapshot_read_state(work->snapshot, p, &state)) {
        work->synced = state.synced;
    }
}

void mts_hosting_work_run(mts_hosting_work *work, mts_database *database, apr_pool_t *scratch)
{
    mta_sts_findings *findings = mta_sts_findings_make(scratch);

    if (!mts_database_has_state_dir(work->main)) {
        return;
    }
    if (open_snapshot(work, findings)) {
        read_age(work, scratch);
        sync_once(work, database, findings);
        report_age(work, findings);
    }
    mts_log_once_log(work->log_state, work->main, findings, scratch);
    mts_log_once_end_round(work->log_state);
}
