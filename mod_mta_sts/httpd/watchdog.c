/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/watchdog.h"

#include <pthread.h>

#include <ap_mpm.h>
#include <apr_allocator.h>
#include <apr_optional.h>
#include <http_log.h>
#include <mod_watchdog.h>
#include <scoreboard.h>

#include "core/history.h"
#include "httpd/counters.h"
#include "httpd/database.h"
#include "httpd/history.h"
#include "httpd/mod_mta_sts.h"
#include "httpd/startup.h"
#include "httpd/state.h"

APLOG_USE_MODULE(mta_sts);

#define NAME "mta-sts"
#define INTERVAL apr_time_from_sec(1)
#define NOTE_INTERVAL (MTA_STS_HISTORY_INTERVAL / 2)
#define TIDY_INTERVAL apr_time_from_sec(10 * 60)

/* What a task works with. */
typedef struct work {
    server_rec *main;
    apr_pool_t *pool; /* of this child, for what lasts; only a task uses it */
    mod_database *database;
    int openings;         /* of it, so far */
    mta_sts_database *db; /* open, if the task needs it */
    apr_pool_t *scratch;  /* of this step */
    int is_first;         /* the task was not done yet by this child, or not since the database was
                             opened anew */
} work;

typedef enum step {
    STEP_DONE,
    STEP_GO_ON,  /* more is to be done at once */
    STEP_FAILED, /* try again with the next round */
} step;

/* One thing to do now and then, in steps that are over in a moment, since the end of a child waits
 * for one. */
typedef struct task {
    step (*run)(work *now);
    apr_interval_time_t interval;
    int needs_database;
    apr_time_t done; /* 0: not yet by this child, or not since the database failed */
} task;

static step outcome_of(work *now, const char *error)
{
    return mod_database_failed(now->database, error) ? STEP_FAILED : STEP_DONE;
}

static step tidy(work *now)
{
    (void)now;
    tlsrpt_spool_tidy(mod_state_spool());
    mod_counters_recount(mod_state_spool());
    return STEP_DONE;
}

static step note_history(work *now)
{
    return outcome_of(now, now->is_first ? mod_history_note(now->main, now->db, now->scratch)
                                         : mod_history_note_again(now->db, now->scratch));
}

static task tasks[] = {
    {note_history, NOTE_INTERVAL, 1, 0},
    {tidy, TIDY_INTERVAL, 0, 0},
};
#define TASK_COUNT (sizeof(tasks) / sizeof(tasks[0]))

/* Held during each step: a child does not wait for the thread of mod_watchdog before it frees its
 * memory. */
static pthread_mutex_t working = PTHREAD_MUTEX_INITIALIZER;
static int is_ending = 1;
static work here;

/* A child of the generation before lives on while it has connections; what it knows is old. */
static int is_of_old_generation(void)
{
    const global_score *score = ap_get_scoreboard_global();
    int generation;

    return score && ap_mpm_query(AP_MPMQ_GENERATION, &generation) == APR_SUCCESS &&
           generation != score->running_generation;
}

static void let_go(void)
{
    mod_database_close(here.database);
}

/* What was done with a database before it was opened anew is to be done again: it may be another
 * one. */
static void forget_done(void)
{
    apr_size_t i;

    for (i = 0; i < TASK_COUNT; i++) {
        if (tasks[i].needs_database) {
            tasks[i].done = 0;
        }
    }
}

static int find_database(void)
{
    here.db = mod_database_use(here.database);
    if (here.openings != mod_database_openings(here.database)) {
        here.openings = mod_database_openings(here.database);
        forget_done();
    }
    return here.db != NULL;
}

static step take_step(task *one)
{
    step outcome;

    if (one->needs_database && !find_database()) {
        return STEP_FAILED;
    }
    here.is_first = one->done == 0;
    apr_pool_create(&here.scratch, here.pool);
    outcome = one->run(&here);
    apr_pool_destroy(here.scratch);
    if (outcome == STEP_FAILED && one->needs_database) {
        forget_done();
    }
    return outcome;
}

/* One step, unless the child ends or is not to work any more. */
static step run_step(task *one)
{
    step outcome = STEP_FAILED;

    pthread_mutex_lock(&working);
    if (!is_ending && is_of_old_generation()) {
        let_go();
    }
    else if (!is_ending) {
        outcome = take_step(one);
    }
    pthread_mutex_unlock(&working);
    return outcome;
}

static int is_due(const task *one, apr_time_t now)
{
    return !one->done || now < one->done /* the clock was set back */ ||
           now - one->done >= one->interval;
}

static void run_if_due(task *one)
{
    apr_time_t now = apr_time_now();
    step outcome = STEP_GO_ON;

    if (!is_due(one, now)) {
        return;
    }
    while (outcome == STEP_GO_ON) {
        outcome = run_step(one);
    }
    if (outcome == STEP_DONE) {
        one->done = now;
    }
}

/* The database works again once all that needs it was done. */
static void tell_if_all_is_done(void)
{
    apr_size_t i = 0;

    pthread_mutex_lock(&working);
    while (i < TASK_COUNT && (!tasks[i].needs_database || tasks[i].done)) {
        i++;
    }
    if (i == TASK_COUNT && !is_ending && mod_database_use(here.database)) {
        mod_database_works(here.database);
    }
    pthread_mutex_unlock(&working);
}

static apr_status_t end(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&working);
    if (!is_ending) {
        let_go();
    }
    is_ending = 1;
    pthread_mutex_unlock(&working);
    return APR_SUCCESS;
}

static apr_status_t watch(int state, void *unused, apr_pool_t *p)
{
    apr_size_t i;

    (void)unused;
    (void)p;
    if (state == AP_WATCHDOG_STATE_STOPPING) {
        return end(NULL);
    }
    for (i = 0; state == AP_WATCHDOG_STATE_RUNNING && i < TASK_COUNT; i++) {
        run_if_due(tasks + i);
    }
    tell_if_all_is_done();
    return APR_SUCCESS;
}

/* Its allocator is its own: other threads of the child do not wait for it, nor it for them. */
static apr_pool_t *make_pool(apr_pool_t *pchild)
{
    apr_allocator_t *allocator;
    apr_pool_t *pool;

    apr_allocator_create(&allocator);
    apr_allocator_max_free_set(allocator, 1024 * 1024);
    apr_pool_create_ex(&pool, pchild, NULL, allocator);
    apr_allocator_owner_set(allocator, pool);
    return pool;
}

static void child_init(apr_pool_t *pchild, server_rec *main)
{
    pthread_mutex_lock(&working);
    here.main = main;
    here.pool = make_pool(pchild);
    here.database = mod_database_make(main, here.pool);
    here.openings = 0;
    forget_done();
    is_ending = 0;
    pthread_mutex_unlock(&working);
    apr_pool_pre_cleanup_register(pchild, NULL, end);
}

/* NULL, or why there is no thread. */
static const char *ask_for_thread(apr_pool_t *pconf)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *call =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *watchdog;

    if (!get || !call) {
        return "is not loaded";
    }
    if (get(&watchdog, NAME, 0, 1, pconf) != APR_SUCCESS ||
        call(watchdog, INTERVAL, NULL, watch) != APR_SUCCESS) {
        return "gives us no thread";
    }
    return NULL;
}

static int post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main)
{
    const char *trouble;

    (void)plog;
    if (mod_startup_is_dry_run() || !mod_state_is_needed(main, ptemp)) {
        return OK;
    }
    trouble = ask_for_thread(pconf);
    if (trouble) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, main,
                     "mod_watchdog %s: policies are served and reports kept, but reports are "
                     "neither indexed nor removed when they are old, and no history of policies is "
                     "written; load it (LoadModule watchdog_module, or a2enmod watchdog) and "
                     "restart [watchdog-missing]",
                     trouble);
    }
    return OK;
}

void mod_watchdog_register_hooks(void)
{
    static const char *const after[] = {"mod_watchdog.c", NULL};

    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_LAST);
    /* mod_watchdog starts what it was told of before its own turn. */
    ap_hook_post_config(post_config, NULL, after, APR_HOOK_MIDDLE);
}
