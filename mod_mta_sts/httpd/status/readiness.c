/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status/readiness.h"

#include <string.h>

#include "tlsrpt/advice/evidence.h"
#include "tlsrpt/index/index.h"

static const tlsrpt_domain *domain_of(const tlsrpt_summary *summary)
{
    return summary->domains->nelts ? APR_ARRAY_IDX(summary->domains, 0, const tlsrpt_domain *)
                                   : NULL;
}

/* With the filters of evidence.h, in SQL. */
static const char *read_facts(mta_sts_database *db, apr_pool_t *p, apr_time_t now,
                              tlsrpt_readiness_facts *facts)
{
    const apr_time_t since =
        now - now % TLSRPT_READINESS_DAY - (TLSRPT_READINESS_SINCE - 1) * TLSRPT_READINESS_DAY;
    const tlsrpt_filter all = {.since = since, .domain = facts->domain};
    const tlsrpt_filter evidence = tlsrpt_evidence_filter(since, facts->domain);
    tlsrpt_summary *summary;
    const char *error = tlsrpt_index_sum_parts(db, &all, TLSRPT_PARTS_MTA_STS, p, &summary);

    if (error) {
        return error;
    }
    facts->reports = domain_of(summary);
    facts->earlier = summary->earlier;
    facts->apart = summary->apart_count;
    error = tlsrpt_index_sum_parts(db, &evidence, TLSRPT_PARTS_ENFORCE, p, &summary);
    if (error) {
        return error;
    }
    facts->evidence = domain_of(summary);
    if (facts->evidence && !facts->evidence->reports && !facts->evidence->causes->nelts) {
        facts->evidence = NULL; /* the domain is in the index, but nothing of it counts */
    }
    return NULL;
}

const char *mts_status_readiness_read(mta_sts_database *db, apr_pool_t *p, const char *domain,
                                      const tlsrpt_policies *policies, apr_time_t now,
                                      const tlsrpt_readiness **readiness)
{
    const tlsrpt_readiness_limits limits = {
        .now = now, .days = TLSRPT_READINESS_DAYS, .senders = TLSRPT_READINESS_SENDERS};
    tlsrpt_readiness_facts *facts;
    const char *error;

    *readiness = NULL;
    if (!policies->served || policies->served->mode == MTA_STS_MODE_NONE) {
        return NULL;
    }
    facts = apr_pcalloc(p, sizeof(*facts)); /* borrowed by the result */
    facts->domain = domain;
    facts->served = policies->served;
    facts->policies = *policies;
    error = read_facts(db, p, now, facts);
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
