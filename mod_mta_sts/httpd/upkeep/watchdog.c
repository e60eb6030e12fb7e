/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/upkeep/watchdog.h"

#include <pthread.h>
#include <sys/resource.h>

#include <ap_mpm.h>
#include <apr_allocator.h>
#include <apr_optional.h>
#include <http_log.h>
#include <mod_watchdog.h>
#include <scoreboard.h>

#include "core/base/monotonic.h"
#include "httpd/shared/module.h"
#include "httpd/upkeep/startup.h"
#include "httpd/config/state.h"
#include "httpd/upkeep/tasks.h"

APLOG_USE_MODULE(mta_sts);

#define NAME "mta-sts"
#define INTERVAL apr_time_from_sec(1)

/* In microseconds: after this time, a task that has much to do yields to the next one. */
#define TURN apr_time_from_sec(1)
#define NICENESS 15

/* How long a child that is ending waits for PostgreSQL: httpd kills one that takes much longer. */
#define END_MAX apr_time_from_sec(2)

/* Held during each step, so that a child can free its memory without waiting for mod_watchdog's
 * thread. */
static pthread_mutex_t working = PTHREAD_MUTEX_INITIALIZER;
static int has_ended = 1;
static int is_waited_for; /* whether the child process is waiting to stop */
static mts_work here;
static apr_pool_t *pool; /* pool of the watchdog of this child process */
static int open_count;   /* mts_database_open_count at the last check */

/* Whether this child process belongs to a previous generation: it lives as long as it has
 * connections, with an old configuration. */
static int is_of_old_generation(void)
{
    const global_score *score = ap_get_scoreboard_global();
    int generation;

    return score && ap_mpm_query(AP_MPMQ_GENERATION, &generation) == APR_SUCCESS &&
           generation != score->running_generation;
}

/* Called often, so it does not take the lock. */
static int is_over(void *unused)
{
    int state;

    (void)unused;
    return __atomic_load_n(&is_waited_for, __ATOMIC_ACQUIRE) ||
           ap_mpm_query(AP_MPMQ_MPM_STATE, &state) != APR_SUCCESS || state == AP_MPMQ_STOPPING ||
           is_of_old_generation();
}

static void close_database(void)
{
    mts_database_close(here.database);
    mts_hosting_work_close(here.hosting);
}

/* After the database was reopened, all tasks that use it run again: it may be a different one. */
static void forget_done(void)
{
    int i;

    for (i = 0; i < mts_task_count; i++) {
        if (mts_tasks[i].needs_database) {
            mts_tasks[i].done = 0;
        }
    }
}

static int find_database(void)
{
    here.db = mts_database_use(here.database);
    if (open_count != mts_database_open_count(here.database)) {
        open_count = mts_database_open_count(here.database);
        forget_done();
    }
    return here.db != NULL;
}

static mts_step take_step(mts_task *one)
{
    mts_step outcome;

    if (one->needs_database && !find_database()) {
        return MTS_STEP_FAILED;
    }
    here.is_first = one->done == 0;
    apr_pool_create(&here.scratch, pool);
    outcome = one->run(&here);
    apr_pool_destroy(here.scratch);
    if (outcome == MTS_STEP_FAILED && one->needs_database) {
        forget_done();
    }
    return outcome;
}

/* Runs one step, unless the child is stopping or no longer responsible. */
static mts_step run_step(mts_task *one)
{
    mts_step outcome = MTS_STEP_FAILED;

    pthread_mutex_lock(&working);
    if (!has_ended && is_over(NULL)) {
        close_database();
    }
    else if (!has_ended) {
        outcome = take_step(one);
    }
    pthread_mutex_unlock(&working);
    return outcome;
}

static int is_due(const mts_task *one, apr_time_t now)
{
    return !one->done || one->has_more || (one->is_due && one->is_due(&here)) ||
           now - one->done >= one->interval;
}

static void run_if_due(mts_task *one)
{
    apr_time_t now = mta_sts_monotonic_now();
    mts_step outcome;

    if (!is_due(one, now)) {
        return;
    }
    do {
        outcome = run_step(one);
    } while (outcome == MTS_STEP_GO_ON && mta_sts_monotonic_now() - now < TURN);
    one->has_more = outcome == MTS_STEP_GO_ON;
    if (outcome == MTS_STEP_DONE) {
        one->done = now;
    }
}

/* Closes a database that was replaced, even if no task needs it. */
static mts_step check_database(mts_work *work)
{
    (void)work;
    find_database();
    return MTS_STEP_DONE;
}

/* The database works again when all tasks that need it have succeeded. */
static void report_success(void)
{
    int i = 0;

    pthread_mutex_lock(&working);
    while (i < mts_task_count && (!mts_tasks[i].needs_database || mts_tasks[i].done)) {
        i++;
    }
    if (i == mts_task_count && !has_ended && !is_over(NULL)) {
        mts_database_works(here.database);
    }
    pthread_mutex_unlock(&working);
}

static int run_round(void)
{
    static mts_task first = {.run = check_database};
    int i, has_more = 0;

    run_step(&first);
    for (i = 0; i < mts_task_count; i++) {
        run_if_due(mts_tasks + i);
        has_more |= mts_tasks[i].has_more;
    }
    report_success();
    return has_more;
}

/* Waits for the end of the current step before the memory of the child process is freed. */
static apr_status_t end(void *unused)
{
    (void)unused;
    __atomic_store_n(&is_waited_for, 1, __ATOMIC_RELEASE);
    mta_sts_database_end_within(END_MAX);
    pthread_mutex_lock(&working);
    if (!has_ended) {
        close_database();
    }
    has_ended = 1;
    pthread_mutex_unlock(&working);
    return APR_SUCCESS;
}

/* Requests have priority: otherwise a request might wait milliseconds for a processor while the
 * index is being updated. On Linux, priorities are per thread. */
static void lower_priority(void)
{
    if (setpriority(PRIO_PROCESS, 0, NICENESS) != 0) {
        ap_log_error(APLOG_MARK, APLOG_DEBUG, errno, here.main,
                     "the priority of the watchdog thread cannot be lowered");
    }
}

static apr_status_t watch(int state, void *unused, apr_pool_t *p)
{
    (void)unused;
    (void)p;
    if (state == AP_WATCHDOG_STATE_STARTING) {
        lower_priority();
    }
    if (state == AP_WATCHDOG_STATE_STOPPING) {
        return end(NULL);
    }
    if (state == AP_WATCHDOG_STATE_RUNNING) {
        while (run_round()) {
        }
    }
    return APR_SUCCESS;
}

/* Creates a pool with its own allocator, so that this thread and the others of the child process
 * never wait for each other. */
static apr_pool_t *make_pool(apr_pool_t *pchild)
{
    apr_allocator_t *allocator;
    apr_pool_t *made;

    apr_allocator_create(&allocator);
    apr_allocator_max_free_set(allocator, 1024 * 1024);
    apr_pool_create_ex(&made, pchild, NULL, allocator);
    apr_allocator_owner_set(allocator, made);
    return made;
}

static void child_init(apr_pool_t *pchild, server_rec *main)
{
    pthread_mutex_lock(&working);
    pool = make_pool(pchild);
    mts_tasks_prepare(&here, main, pool, is_over);
    open_count = 0;
    forget_done();
    has_ended = 0;
    is_waited_for = 0;
    mta_sts_database_end_within(0);
    pthread_mutex_unlock(&working);
    apr_pool_pre_cleanup_register(pchild, NULL, end);
}

/* Returns NULL, or why there is no thread. */
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
        return "does not provide a thread";
    }
    return NULL;
}

static int post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main)
{
    const char *trouble;

    (void)plog;
    if (mts_startup_is_dry_run() || !mts_state_is_needed(main, ptemp)) {
        return OK;
    }
    trouble = ask_for_thread(pconf);
    if (trouble) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, main,
                     "mod_watchdog %s: policies are served and reports stored, but reports are "
                     "neither indexed nor removed when they expire, and no history of policies is "
                     "written; load it (LoadModule watchdog_module, or a2enmod watchdog) and "
                     "restart httpd [watchdog-missing]",
                     trouble);
    }
    return OK;
}

void mts_watchdog_register_hooks(void)
{
    static const char *const after[] = {"mod_watchdog.c", NULL};

    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_LAST);
    /* mod_watchdog starts only what was registered before its own post_config ran. */
    ap_hook_post_config(post_config, NULL, after, APR_HOOK_MIDDLE);
}
