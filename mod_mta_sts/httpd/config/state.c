/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config/state.h"

#include <unistd.h>

#include <apr_strings.h>
#include <unixd.h>

#include "core/hosting/snapshot.h"
#include "httpd/config/config.h"
#include "httpd/config/limits.h"
#include "httpd/config/report_scope.h"
#include "httpd/shared/log.h"
#include "httpd/config/policies.h"

static tlsrpt_spool *spool;

static void count_served(void *baton, const mts_served *served)
{
    (void)served;
    ++*(int *)baton;
}

int mts_state_is_needed(const server_rec *main, apr_pool_t *ptemp)
{
    int policies = 0;

    mts_policies_each(ptemp, main, count_served, &policies);
    return policies > 0 || mts_report_scope_has_endpoint(main) ||
           mts_report_config_of(main)->is_hosting;
}

/* Without hosting, the snapshot would become stale, and mta-sts import would still read it. */
static void remove_snapshot(apr_pool_t *p, const char *state_dir)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    apr_size_t i;

    for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        unlink(apr_pstrcat(p, state_dir, "/" MTA_STS_SNAPSHOT_FILE, ends[i], NULL));
    }
}

void mts_state_prepare(server_rec *main, apr_pool_t *ptemp)
{
    mta_sts_findings *findings = mta_sts_findings_make(ptemp);
    const mts_report_config *config = mts_report_config_of(main);
    int is_root = geteuid() == 0;
    uid_t owner = is_root ? ap_unixd_config.user_id : geteuid();
    gid_t group = is_root ? ap_unixd_config.group_id : getegid();

    if (!mts_state_is_needed(main, ptemp)) {
        return;
    }
    if (!config->is_hosting) {
        remove_snapshot(ptemp, config->state_dir);
    }
    if (tlsrpt_spool_prepare(tlsrpt_spool_make(ptemp, config->state_dir), owner, group, findings)) {
        mts_limits_write(config, mts_report_scope_render(ptemp, main), owner, group, findings);
    }
    mts_log_findings(main, ptemp, findings, 0, 0);
}

tlsrpt_spool *mts_state_spool(void)
{
    return spool;
}

static void child_init(apr_pool_t *pchild, server_rec *main)
{
    spool = tlsrpt_spool_make(pchild, mts_report_config_of(main)->state_dir);
}

void mts_state_register_hooks(void)
{
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
}
