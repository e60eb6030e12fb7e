/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status/readiness.h"

#include <string.h>

#include "tlsrpt/advice/readiness_index.h"

const char *mts_status_readiness_read(mta_sts_database *db, apr_pool_t *p, const char *domain,
                                      const tlsrpt_policies *policies, apr_time_t now,
                                      const tlsrpt_readiness **readiness)
{
    const tlsrpt_readiness_limits limits = {
        .now = now, .days = TLSRPT_READINESS_DAYS, .senders = TLSRPT_READINESS_SENDERS};
    const apr_time_t since =
        now - now % TLSRPT_READINESS_DAY - (TLSRPT_READINESS_SINCE - 1) * TLSRPT_READINESS_DAY;
    tlsrpt_readiness_facts *facts;
    const char *error;

    *readiness = NULL;
    if (!policies->served || policies->served->mode == MTA_STS_MODE_NONE) {
        return NULL;
    }
    facts = apr_pcalloc(p, sizeof(*facts)); /* allocated from p, because the result borrows it */
    facts->domain = domain;
    facts->served = policies->served;
    facts->policies = *policies;
    error = tlsrpt_readiness_read_index(db, p, since, facts);
    *readiness = error ? NULL : tlsrpt_readiness_assess(p, facts, &limits);
    return error;
}

tlsrpt_ready mts_status_readiness_result(const tlsrpt_readiness *readiness)
{
    return readiness->ready == TLSRPT_READY_YES ? TLSRPT_READY_UNKNOWN : readiness->ready;
}

static int is_minor(const mta_sts_finding *finding)
{
    return finding->severity == MTA_STS_INFO && strncmp(finding->id, "failure", 7) == 0;
}

mta_sts_findings *mts_status_readiness_findings(apr_pool_t *p, const tlsrpt_readiness *readiness)
{
    const mta_sts_findings *all = readiness->parts[TLSRPT_READINESS_REPORTS];
    mta_sts_findings *shown = mta_sts_findings_make(p);
    int i;

    for (i = 0; i < all->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(all, i);

        if (!is_minor(finding)) {
            APR_ARRAY_PUSH(shown->list, mta_sts_finding) = *finding;
        }
    }
    return shown;
}
