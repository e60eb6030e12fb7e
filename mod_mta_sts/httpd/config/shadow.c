/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config/shadow.h"

#include "httpd/config/policies.h"
#include "httpd/config/report_config.h"

static void visit(void *baton, const mts_served *served)
{
    mta_sts_findings *findings = baton;
    mta_sts_finding *finding;

    if (!served->is_pattern || !mts_policies_reach_senders(served)) {
        return;
    }
    finding = mta_sts_finding_add(findings, MTA_STS_WARNING, "hosting-shadowed", served->domain,
                                  "move MTASTSMx into <MTASTSPolicy DOMAIN>",
                                  "this is the policy of every policy host that the ServerAlias "
                                  "matches: no hosted domain among them is served");
    finding->file = served->policy->at->filename;
    finding->line = served->policy->at->line_num;
}

void mts_shadow_check(apr_pool_t *p, const server_rec *main, mta_sts_findings *findings)
{
    if (mts_report_config_of(main)->is_hosting) {
        mts_policies_each(p, main, visit, findings);
    }
}
