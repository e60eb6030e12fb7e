/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/hosting/summary.h"

#include "core/hosting/peek.h"
#include "httpd/config/report_config.h"

const mts_hosting_summary *mts_hosting_summary_read(apr_pool_t *p, const server_rec *main)
{
    const mts_report_config *config = mts_report_config_of(main);
    mts_hosting_summary *summary;
    mta_sts_peek peek;

    if (!config->is_hosting) {
        return NULL;
    }
    summary = apr_pcalloc(p, sizeof(*summary));
    summary->problem =
        mta_sts_peek_find(p, config->state_dir, apr_array_make(p, 1, sizeof(const char *)), &peek);
    if (!summary->problem && !peek.exists) {
        summary->problem = "httpd has not read them from the database yet";
    }
    summary->served = peek.state.served;
    summary->wrong = peek.state.wrong;
    summary->held = peek.state.held;
    summary->synced = peek.state.synced;
    return summary;
}
