/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/upkeep/startup.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>

#include "core/policy/text.h"
#include "httpd/endpoint/handler.h"
#include "httpd/hosting/pairs.h"
#include "httpd/hosting/renewal.h"
#include "httpd/shared/counters.h"
#include "httpd/upkeep/database.h"
#include "httpd/upkeep/history.h"
#include "httpd/policy/hosts.h"
#include "httpd/shared/log.h"
#include "httpd/shared/module.h"
#include "httpd/policy/fetch_note.h"
#include "httpd/policy/handshake_note.h"
#include "httpd/policy/startup_findings.h"
#include "httpd/config/conftree.h"
#include "httpd/config/proxied.h"
#include "httpd/config/report_scope.h"
#include "httpd/config/pair_config.h"
#include "httpd/config/shadow.h"
#include "httpd/config/conftree.h"
#include "httpd/config/policies.h"
#include "httpd/shared/memory.h"
#include "httpd/config/state.h"

APLOG_USE_MODULE(mta_sts);

static int pre_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    (void)plog;
    (void)ptemp;
    mts_memory_register_lock(pconf);
    return OK;
}

/* Runs at configtest and at a start, after the whole configuration has been read. */
static int check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main)
{
    mts_config *config = mts_config_of(main);

    (void)plog;
    config->plain = config->own;
    config->findings = mta_sts_findings_make(pconf);
    mts_conftree_index(pconf, ptemp, main);
    mts_policies_resolve(pconf, ptemp, main, config->findings);
    mts_shadow_check(pconf, main, config->findings);
    mts_report_scope_collect(pconf, main, config->findings);
    mts_proxied_collect(pconf, main, config->findings);
    mts_pair_config_resolve(main, config->findings);
    if (mta_sts_findings_count(config->findings, MTA_STS_ERROR) == 0) {
        return OK;
    }
    mts_log_findings(main, ptemp, config->findings, 1, APLOG_STARTUP);
    return HTTP_INTERNAL_SERVER_ERROR;
}

/* Logs all findings except errors: those about directives, and those about virtual hosts. Returns
 * the latter. */
static const mta_sts_findings *log_state(server_rec *main, apr_pool_t *p, int startup)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    mta_sts_pairs_counts counts;

    mts_log_findings(main, p, mts_config_of(main)->findings, 0, startup);
    mts_hosts_check(p, main, findings);
    mts_pairs_check(main, &counts, findings);
    mts_log_findings(main, p, findings, 0, startup);
    return findings;
}

/* configtest also shows warnings. */
static void test_config(apr_pool_t *pconf, server_rec *main)
{
    log_state(main, pconf, APLOG_STARTUP);
}

static void count_served(void *baton, const mts_served *served)
{
    (void)served;
    ++*(int *)baton;
}

static void log_served(server_rec *main, apr_pool_t *p, const mts_served *served)
{
    const mts_policy *policy = served->policy;
    const mta_sts_policy *read =
        mta_sts_policy_text_read(p, policy->text, policy->len, mta_sts_findings_make(p));

    ap_log_error(APLOG_MARK, APLOG_INFO, 0, main,
                 "%s: policy mode %s, %d mx, max_age %" APR_INT64_T_FMT ", id %s, defined at %s "
                 "[policy-served]",
                 served->domain, mta_sts_mode_name(read->mode), read->mx->nelts, read->max_age,
                 mta_sts_policy_id(p, policy->text, policy->len),
                 mts_config_location(p, policy->at));
}

static void log_policies(server_rec *main, apr_pool_t *ptemp)
{
    const apr_array_header_t *list;
    int i, count = 0;

    if (!APLOG_IS_LEVEL(main, APLOG_INFO)) {
        return;
    }
    mts_policies_each(ptemp, main, count_served, &count);
    if (count > MTS_LOG_LISTED_MAX) {
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, main,
                     "%d policies are served; apachectl -t -D DUMP_MTA_STS lists them "
                     "[policy-served]",
                     count);
        return;
    }
    list = mts_policies_list(ptemp, main);
    for (i = 0; i < list->nelts; i++) {
        const mts_served *served = &APR_ARRAY_IDX(list, i, mts_served);

        if (mts_policies_reach_senders(served)) {
            log_served(main, ptemp, served);
        }
    }
}

int mts_startup_is_dry_run(void)
{
    return ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG &&
           ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_NORMAL;
}

static int post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *main)
{
    (void)plog;
    if (mts_startup_is_dry_run()) {
        return OK;
    }
    mts_pairs_check_again(main, ptemp);
    mts_hosts_read_certificates(pconf, main);
    mts_renewal_prepare(pconf, main);
    mts_startup_findings_store(pconf, main, log_state(main, ptemp, 0));
    log_policies(main, ptemp);
    mts_counters_make(main);
    mts_fetch_note_prepare(main, ptemp);
    mts_handshake_note_prepare(main);
    mts_report_handler_prepare();
    mts_history_prepare();
    mts_database_prepare(main);
    mts_state_prepare(main, ptemp);
    return OK;
}

void mts_startup_register_hooks(void)
{
    static const char *const certificate_modules[] = {"mod_ssl.c", "mod_md.c", NULL};

    ap_hook_pre_config(pre_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_test_config(test_config, NULL, NULL, APR_HOOK_MIDDLE);
    /* After the modules that provide the certificates. */
    ap_hook_post_config(post_config, certificate_modules, NULL, APR_HOOK_LAST);
}
