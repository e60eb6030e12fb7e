/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/shared/log_once.h"

#include <string.h>

#include "httpd/shared/log.h"

struct mts_log_once {
    apr_pool_t *p;
    int errors_only;
    mta_sts_findings *before, *now; /* findings of the previous round and of this one; each list has
                                       its own pool */
};

static mta_sts_findings *make_findings(apr_pool_t *parent)
{
    apr_pool_t *p;

    apr_pool_create(&p, parent);
    return mta_sts_findings_make(p);
}

mts_log_once *mts_log_once_make(apr_pool_t *p, int errors_only)
{
    mts_log_once *log = apr_pcalloc(p, sizeof(*log));

    log->p = p;
    log->errors_only = errors_only;
    log->before = make_findings(p);
    log->now = make_findings(p);
    return log;
}

static int has(const mta_sts_findings *findings, const mta_sts_finding *finding)
{
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *one = mta_sts_findings_at(findings, i);

        if (strcmp(one->subject, finding->subject) == 0 &&
            strcmp(one->message, finding->message) == 0) {
            return 1;
        }
    }
    return 0;
}

void mts_log_once_log(mts_log_once *log, server_rec *s, const mta_sts_findings *findings,
                      apr_pool_t *scratch)
{
    mta_sts_findings *fresh = mta_sts_findings_make(scratch);
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        if ((log->errors_only && finding->severity != MTA_STS_ERROR) || has(log->now, finding) ||
            log->now->list->nelts >= MTA_STS_FINDINGS_MAX) {
            continue;
        }
        mta_sts_finding_copy(log->now, finding);
        if (!has(log->before, finding)) {
            mta_sts_finding_copy(fresh, finding);
        }
    }
    mts_log_findings(s, scratch, fresh, log->errors_only, 0);
}

void mts_log_once_end_round(mts_log_once *log)
{
    apr_pool_destroy(log->before->pool);
    log->before = log->now;
    log->now = make_findings(log->p);
}
