/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/policy/startup_findings.h"

#include "httpd/config/config.h"

/* The worst first. MTA_STS_UNKNOWN comes before MTA_STS_INFO, because the problem may be
 * serious. */
static const mta_sts_severity worst_first[] = {MTA_STS_ERROR, MTA_STS_WARNING, MTA_STS_UNKNOWN,
                                               MTA_STS_INFO};

static void copy_severity(mta_sts_findings *to, mta_sts_severity severity,
                          const mta_sts_findings *from)
{
    int i;

    for (i = 0; i < from->list->nelts && to->list->nelts < MTS_STARTUP_FINDINGS_MAX; i++) {
        if (mta_sts_findings_at(from, i)->severity == severity) {
            mta_sts_finding_copy(to, mta_sts_findings_at(from, i));
        }
    }
}

void mts_startup_findings_store(apr_pool_t *p, server_rec *main, const mta_sts_findings *findings)
{
    mts_config *config = mts_config_of(main);
    const mta_sts_findings *const sources[] = {findings, config->findings};
    mts_startup_findings *stored = apr_pcalloc(p, sizeof(*stored));
    apr_size_t i, s;

    stored->when = apr_time_now();
    stored->findings = mta_sts_findings_make(p);
    for (i = 0; i < sizeof(worst_first) / sizeof(worst_first[0]); i++) {
        for (s = 0; s < 2; s++) {
            copy_severity(stored->findings, worst_first[i], sources[s]);
            stored->counts[worst_first[i]] += mta_sts_findings_count(sources[s], worst_first[i]);
        }
    }
    config->startup_findings = stored;
}

const mts_startup_findings *mts_startup_findings_of(const server_rec *s)
{
    return mts_config_of(s)->main->startup_findings;
}
