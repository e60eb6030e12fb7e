/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/readiness_index.h"

#include "tlsrpt/advice/evidence.h"
#include "tlsrpt/index/index.h"

static const tlsrpt_domain *domain_of(const tlsrpt_summary *summary)
{
    return summary->domains->nelts ? APR_ARRAY_IDX(summary->domains, 0, const tlsrpt_domain *)
                                   : NULL;
}

/* The filters are those of evidence.h, in SQL. */
const char *tlsrpt_readiness_read_index(mta_sts_database *db, apr_pool_t *p, apr_time_t since,
                                        tlsrpt_readiness_facts *facts)
{
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
        facts->evidence = NULL; /* the domain is in the index, but none of its reports count */
    }
    return NULL;
}
