/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/upkeep/tasks.h"

#include <http_log.h>

#include "core/database/history.h"
#include "httpd/shared/counters.h"
#include "httpd/upkeep/enforced.h"
#include "httpd/upkeep/history.h"
#include "httpd/shared/module.h"
#include "httpd/config/report_config.h"
#include "httpd/endpoint/limit.h"
#include "httpd/config/state.h"

APLOG_USE_MODULE(mta_sts);

/* Reports that came over https are indexed within a second or two; those of `mta-sts import`, and
 * what was removed by hand, with the next look at the folders. */
#define INDEX_INTERVAL apr_time_from_sec(5)
#define INDEX_BUDGET apr_time_from_msec(250)
#define NOTE_INTERVAL (MTA_STS_HISTORY_INTERVAL / 2)
#define ENFORCED_INTERVAL apr_time_from_sec(86400)
#define TIDY_INTERVAL apr_time_from_sec(10 * 60)

static mod_step step_of(mod_work *now, const char *error)
{
    return mod_database_failed(now->database, error) ? MOD_STEP_FAILED : MOD_STEP_DONE;
}

static mod_step note_history(mod_work *now)
{
    return step_of(now, now->is_first ? mod_history_note(now->main, now->db, now->scratch)
                                      : mod_history_note_again(now->db, now->scratch));
}

/* --- the index --- */

static apr_uint32_t changes(void)
{
    return __atomic_load_n(&mod_counters_shared->changes, __ATOMIC_ACQUIRE);
}

static int has_new_reports(const mod_work *now)
{
    return changes() != now->changes;
}

static void tell_indexed(const mod_work *now, const tlsrpt_index_done *done)
{
    if (done->added || done->gone || done->expired) {
        ap_log_error(APLOG_MARK, APLOG_DEBUG, 0, now->main,
                     "index of reports: %" APR_INT64_T_FMT " added (%" APR_INT64_T_FMT
                     " contradict others, %" APR_INT64_T_FMT " cannot be read), %" APR_INT64_T_FMT
                     " gone, %" APR_INT64_T_FMT " removed for their age [indexed]",
                     done->added, done->conflicts, done->unreadable, done->gone, done->expired);
    }
}

/* Strangers make such reports: a line a minute at most, and nothing of what they wrote. */
static void tell_number(const mod_work *now, apr_int64_t number, const char *what, const char *id)
{
    if (number && mod_limit_take(id, "", 1, apr_time_now()) == MOD_LIMIT_TAKEN) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, now->main, "%" APR_INT64_T_FMT " %s [%s]",
                     number, what, id);
    }
}

static void tell_findings(mod_work *now, const mta_sts_findings *findings,
                          const tlsrpt_index_done *done)
{
    mod_told_tell(now->told, now->main, findings, now->scratch);
    if (!done->more) {
        mod_told_end_turn(now->told);
    }
    tell_number(now, done->conflicts,
                "of the new reports say something else than one of the same name: all are kept, "
                "and the first verified one counts, else the first; the status page lists them, "
                "and mta-sts reindex names the files",
                "report-conflict");
    tell_number(now, done->unreadable,
                "of the new reports cannot be read, and count nowhere: the disk may have damaged "
                "them; mta-sts reindex names the files",
                "report-unreadable");
}

/* Takes in what is new, and removes what is too old. */
static mod_step tend_index(mod_work *now)
{
    mta_sts_findings *findings = mta_sts_findings_make(now->scratch);
    apr_uint32_t before = changes();
    tlsrpt_index_done done;
    const char *error = tlsrpt_index_tend(now->db, &now->index, now->scratch, findings, &done);

    if (mod_database_failed(now->database, error)) {
        return MOD_STEP_FAILED;
    }
    tell_indexed(now, &done);
    tell_findings(now, findings, &done);
    now->is_emptier = now->is_emptier || done.expired > 0;
    if (done.more) {
        return MOD_STEP_GO_ON;
    }
    now->changes = before;
    return MOD_STEP_DONE;
}

/* --- what the index tells of modes --- */

static mod_step check_enforced(mod_work *now)
{
    return step_of(now, mod_enforced_check(now->main, now->db, now->scratch));
}

/* --- the spool --- */

static int is_emptier(const mod_work *now)
{
    return now->is_emptier;
}

static mod_step tidy(mod_work *now)
{
    tlsrpt_spool_tidy(mod_state_spool());
    mod_counters_recount(mod_state_spool());
    now->is_emptier = 0;
    return MOD_STEP_DONE;
}

/* What does not need the database is not held up by it. */
mod_task mod_tasks[] = {
    {tidy, is_emptier, TIDY_INTERVAL, 0, 0},
    {note_history, NULL, NOTE_INTERVAL, 1, 0},
    {tend_index, has_new_reports, INDEX_INTERVAL, 1, 0},
    {check_enforced, NULL, ENFORCED_INTERVAL, 1, 0},
};
const int mod_task_count = sizeof(mod_tasks) / sizeof(mod_tasks[0]);

void mod_tasks_prepare(mod_work *work, server_rec *main, apr_pool_t *p, int (*is_ending)(void *))
{
    const mod_report_config *config = mod_report_config_of(main);

    memset(work, 0, sizeof(*work));
    work->main = main;
    work->database = mod_database_make(main, p);
    work->told = mod_told_make(p);
    work->is_ending = is_ending;
    work->index.spool = mod_state_spool();
    work->index.host = mta_sts_database_host(p);
    work->index.keep_days = (int)config->keep_days;
    work->index.clock = &mod_counters_shared->clock;
    work->index.budget = INDEX_BUDGET;
    work->index.is_ending = is_ending;
}
