/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "cli/common/database.h"
#include "cli/common/state_dir.h"
#include "cli/common/store.h"
#include "cli/common/subcommand.h"
#include "cli/import/limits.h"
#include "core/database/database.h"
#include "core/database/machine.h"
#include "tlsrpt/index/index.h"

/* In microseconds: the time budget of one transaction. httpd waits about this long for the lock. */
#define BUDGET apr_time_from_msec(500)

/* The number of attempts to acquire a lock that another process holds; each takes about ten
 * seconds. */
#define TRIES 6

typedef struct reindex_call {
    const char *state_dir, *database;
} reindex_call;

/* The state of the operation. */
typedef struct reindexing {
    apr_pool_t *p;
    cli_database which;
    const char *state_dir;
    mta_sts_database *db;
    tlsrpt_index_task task;
    tlsrpt_clock clock;
    apr_int64_t quota;         /* of the reports */
    apr_int64_t added, closed; /* by this process; httpd may add some as well */
    int is_terminal, has_no_room;
} reindexing;

static const cli_option options[] = {
    CLI_DATABASE_OPTION(offsetof(reindex_call, database)),
    CLI_STATE_DIR_OPTION(offsetof(reindex_call, state_dir)),
    {0},
};

/* --- the work --- */

static void print_finding(const mta_sts_finding *finding)
{
    fprintf(stderr, "mta-sts reindex: %s: %s%s%s [%s]\n", finding->subject, finding->message,
            finding->fix ? "; " : "", finding->fix ? finding->fix : "", finding->id);
}

static void print_findings(const reindexing *work, const mta_sts_findings *findings)
{
    int i;

    if (findings->list->nelts && work->is_terminal) {
        fputs("\r\033[K", stderr);
    }
    for (i = 0; i < findings->list->nelts; i++) {
        print_finding(mta_sts_findings_at(findings, i));
    }
}

static void print_progress(const reindexing *work, const tlsrpt_index_done *done)
{
    if (work->is_terminal && done->more) {
        fprintf(stderr, "\r\033[K%" APR_INT64_T_FMT " reports, %d %% of the stored reports",
                work->added, 100 * done->directories / TLSRPT_SPOOL_DIRECTORIES);
    }
}

static const char *open_database(reindexing *work)
{
    const char *error =
        mta_sts_database_open(work->p, work->which.driver, work->which.where, &work->db);

    error = error ? error : mta_sts_machine_join(work->db, work->state_dir, work->p);
    if (!error) {
        work->task.host = mta_sts_database_host(work->db);
    }
    return error;
}

/* Whether to repeat a step that has failed with this error. */
static int is_tried_again(const char *error, int *tries)
{
    *tries = error ? *tries + 1 : 0;
    return error && mta_sts_database_is_locked(error) && *tries < TRIES;
}

static const char *forget(reindexing *work)
{
    const char *error = NULL;
    int more = 1, tries = 0;

    while (is_tried_again(error, &tries) || (more && !error)) {
        error = tlsrpt_index_forget(work->db, work->task.host, BUDGET, work->p, &more);
    }
    return error;
}

/* Shrinks the file while it is nearly empty, which needs hardly any disk space. */
static const char *shrink(reindexing *work)
{
    const char *error = NULL;
    int tries = 0;

    do {
        error = mta_sts_database_shrink(work->db);
    } while (is_tried_again(error, &tries));
    return error;
}

/* Opens the database and empties it; a damaged SQLite file is replaced. */
static const char *begin(reindexing *work)
{
    const char *error = open_database(work);

    if (!error) {
        error = forget(work);
    }
    if (!error) {
        error = shrink(work);
    }
    if (!error || !mta_sts_database_is_damaged(error)) {
        return error;
    }
    fprintf(stderr, "mta-sts reindex: %s\n", error);
    if (work->db) {
        mta_sts_database_close(work->db);
    }
    error = mta_sts_database_move_damaged(work->p, work->which.where);
    if (!error) {
        fprintf(stderr,
                "mta-sts reindex: the damaged database was moved to %s.damaged; the history of "
                "served policies is lost\n",
                work->which.where);
        error = open_database(work);
    }
    return error;
}

/* Runs one transaction. A finding that is an error is printed and ends the run. */
static const char *take_some(reindexing *work, tlsrpt_index_done *done, int *is_broken)
{
    mta_sts_findings *findings;
    const char *error;
    apr_pool_t *ptemp;

    apr_pool_create(&ptemp, work->p);
    findings = mta_sts_findings_make(ptemp);
    work->task.is_full =
        work->has_no_room ||
        tlsrpt_index_is_full(work->task.spool, mta_sts_database_bytes(work->db), work->quota);
    error = tlsrpt_index_update(work->db, &work->task, ptemp, findings, done);
    if (!error) {
        work->added += done->added;
        work->closed += done->unopened;
        print_findings(work, findings);
        print_progress(work, done);
        *is_broken |= mta_sts_findings_count(findings, MTA_STS_ERROR) > 0;
    }
    apr_pool_destroy(ptemp);
    return error;
}

static const char *take_all(reindexing *work, int *is_broken)
{
    tlsrpt_index_done done = {.more = 1};
    const char *error = NULL;
    int tries = 0;

    while (is_tried_again(error, &tries) || (!error && done.more)) {
        error = take_some(work, &done, is_broken);
        if (error && mta_sts_database_is_out_of_room(error) && !work->has_no_room) {
            work->has_no_room = 1; /* in this transaction; reports that were indexed before
                                      remain */
            error = NULL;
            done.more = 1;
        }
    }
    return error;
}

/* Counts the files in the spool that are not in the index because it is full. */
static apr_int64_t find_left_out(const reindexing *work, const tlsrpt_index_counts *counts)
{
    apr_int64_t bytes, files = 0;

    if (work->task.is_full) {
        tlsrpt_spool_usage(work->task.spool, TLSRPT_REPORTS, &bytes, &files);
    }
    return files > counts->files ? files - counts->files : 0;
}

/* Prints how many files were left out, and an estimate of the space that the index needs. */
static void print_left_out(const reindexing *work, const tlsrpt_index_counts *counts,
                           apr_int64_t left_out)
{
    apr_int64_t bytes = mta_sts_database_bytes(work->db);
    apr_int64_t more = bytes / (counts->files ? counts->files : 1) * left_out;

    fprintf(stderr,
            "mta-sts reindex: %" APR_INT64_T_FMT
            " reports are not in the index, which has used up its part of MTASTSReportQuota or the "
            "disk: it has %" APR_INT64_T_FMT " MiB and needs about %" APR_INT64_T_FMT
            " MiB more. Raise the quota or free space, and httpd adds them [index-full]\n",
            left_out, bytes >> 20, (more >> 20) + 1);
}

static void print_error(const char *error)
{
    fprintf(stderr, "mta-sts reindex: %s%s\n", error,
            mta_sts_database_is_out_of_room(error)
                ? ": 2 MiB are enough to begin, for instance by removing files from reports/ that "
                  "are not needed; then run mta-sts reindex again, which frees what the index no "
                  "longer needs"
                : "");
}

static int finish(const reindexing *work, const char *error, int is_broken)
{
    tlsrpt_index_counts counts;
    apr_int64_t left_out;

    error = error ? error : tlsrpt_index_count(work->db, work->task.host, work->p, &counts);
    if (work->is_terminal) {
        fputs("\r\033[K", stderr);
    }
    if (error) {
        print_error(error);
        return CLI_EXIT_INVALID;
    }
    left_out = find_left_out(work, &counts);
    if (left_out) {
        print_left_out(work, &counts, left_out);
    }
    printf("%" APR_INT64_T_FMT " %s in %s: %" APR_INT64_T_FMT
           " conflict with others, %" APR_INT64_T_FMT " cannot be read\n",
           counts.files, counts.files == 1 ? "report is" : "reports are",
           mta_sts_database_name(work->db), counts.conflicts, counts.unreadable + work->closed);
    return is_broken || counts.unreadable || work->closed || left_out ? CLI_EXIT_INVALID
                                                                      : CLI_EXIT_OK;
}

static int reindex(reindexing *work)
{
    int is_broken = 0;
    const char *error = mta_sts_database_init(work->p);

    work->task.clock = &work->clock;
    work->task.budget = BUDGET;
    work->is_terminal = isatty(STDERR_FILENO);
    if (!error) {
        error = begin(work);
    }
    if (!error) {
        error = take_all(work, &is_broken);
    }
    return finish(work, error, is_broken);
}

/* Loads httpd's quota, of which the index may use a share. */
static void load_quota(reindexing *work, const char *state_dir)
{
    cli_limits limits = cli_limits_make();
    const char *error = cli_limits_load(&limits, work->p, cli_state_dir_find(state_dir));

    if (error) {
        fprintf(stderr, "mta-sts reindex: %s\n", error);
    }
    work->quota = limits.quota[TLSRPT_REPORTS];
}

static int run_reindex(apr_pool_t *p, const cli_subcommand *self, int argc, const char *const *argv)
{
    reindex_call call = {NULL, NULL};
    reindexing work = {.p = p};
    cli_args args;
    const char *error = cli_subcommand_read(p, self, argc, argv, &call, &args);

    if (args.help) {
        return cli_subcommand_help(p, self);
    }
    if (error || args.count) {
        return cli_usage_error(self, "%s", error ? error : "it takes no arguments besides options");
    }
    error = cli_database_find(p, call.database, call.state_dir, &work.which);
    if (error) {
        return cli_usage_error(self, "--database: %s", error);
    }
    work.task.spool = cli_store_open(p, self->name, call.state_dir, CLI_STORE_READ);
    if (!work.task.spool || cli_store_print_unreadable(p, self->name, call.state_dir)) {
        return CLI_EXIT_INVALID;
    }
    work.state_dir = cli_state_dir_find(call.state_dir);
    load_quota(&work, call.state_dir);
    return reindex(&work);
}

const cli_subcommand cli_reindex = {
    .name = "reindex",
    .summary = "rebuild the index of TLS reports from the stored reports",
    .usage = "[--state-dir DIR] [--database DATABASE]",
    .arguments = "",
    .description =
        "Rebuilds the index of the reports, which the status page reads, from the stored "
        "reports: after the database has been lost or damaged, to move to another one, or to give "
        "the disk what the index no longer needs. httpd may keep running; until it is finished, "
        "its status page shows the reports indexed so far. The stored reports are never changed.",
    .exit_statuses = "0 all reports are in the index; 1 some cannot be read or have no room in "
                     "it, or the index could not be rebuilt; 2 wrong usage.",
    .options = options,
    .run = run_reindex,
};
