/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/state.h"

#include <pthread.h>
#include <unistd.h>

#include <apr_optional.h>
#include <http_log.h>
#include <mod_watchdog.h>
#include <unixd.h>

#include "httpd/config.h"
#include "httpd/counters.h"
#include "httpd/log.h"
#include "httpd/mod_mta_sts.h"
#include "httpd/policies.h"
#include "httpd/shared.h"

APLOG_USE_MODULE(mta_sts);

#define WATCHDOG "mta-sts-spool"
#define TEND_INTERVAL apr_time_from_sec(10 * 60)

static tlsrpt_spool *spool;

/* A child does not wait for the thread of mod_watchdog before it frees its memory. */
static pthread_mutex_t tending = PTHREAD_MUTEX_INITIALIZER;
static int is_ending;

static void count_served(void *baton, const mod_served *served)
{
    (void)served;
    ++*(int *)baton;
}

static int is_needed(const server_rec *main, apr_pool_t *ptemp)
{
    int policies = 0;

    mod_policies_each(ptemp, main, count_served, &policies);
    return policies > 0 || mod_config_of(main)->ours != NULL;
}

void mod_state_prepare(server_rec *main, apr_pool_t *ptemp)
{
    mta_sts_findings *findings = mta_sts_findings_make(ptemp);
    int is_root = geteuid() == 0;

    if (!is_needed(main, ptemp)) {
        return;
    }
    tlsrpt_spool_prepare(tlsrpt_spool_make(ptemp, mod_report_config_of(main)->state_dir),
                         is_root ? ap_unixd_config.user_id : geteuid(),
                         is_root ? ap_unixd_config.group_id : getegid(), findings);
    mod_log_findings(main, ptemp, findings, 0, 0);
}

tlsrpt_spool *mod_state_spool(void)
{
    return spool;
}

/* Before anything of the child is freed: waits for what the watchdog does, and lets it do no more.
 */
static apr_status_t end_tending(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&tending);
    is_ending = 1;
    pthread_mutex_unlock(&tending);
    return APR_SUCCESS;
}

static void child_init(apr_pool_t *pchild, server_rec *main)
{
    mod_shared_child_init(pchild, main);
    spool = tlsrpt_spool_make(pchild, mod_report_config_of(main)->state_dir);
    is_ending = 0;
    apr_pool_pre_cleanup_register(pchild, NULL, end_tending);
}

static apr_status_t tend(int state, void *unused, apr_pool_t *p)
{
    (void)unused;
    (void)p;
    pthread_mutex_lock(&tending);
    if (spool && !is_ending && state != AP_WATCHDOG_STATE_STOPPING) {
        tlsrpt_spool_tidy(spool);
        mod_counters_recount(spool);
    }
    pthread_mutex_unlock(&tending);
    return APR_SUCCESS;
}

/* Without mod_watchdog the first report of each start does the counting. */
static int watch(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *call =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *watchdog;

    (void)plog;
    (void)ptemp;
    if (mod_config_of(main)->ours && get && call &&
        get(&watchdog, WATCHDOG, 0, 1, pconf) == APR_SUCCESS) {
        call(watchdog, TEND_INTERVAL, NULL, tend);
    }
    return OK;
}

void mod_state_register_hooks(void)
{
    static const char *const after[] = {"mod_watchdog.c", NULL};

    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
    /* mod_watchdog starts what it was told of before its own turn. */
    ap_hook_post_config(watch, NULL, after, APR_HOOK_MIDDLE);
}
