/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status/losses.h"

#include "tlsrpt/advice/evidence.h"
#include "tlsrpt/index/index.h"

#define DAY apr_time_from_sec(86400)

/* Limits, because reports can name any number of domains and causes. */
#define DOMAINS_MAX 50 /* maximum number of domains with failed sessions that are examined */
#define CAUSES_MAX 20  /* maximum number of causes of one domain */

typedef struct search {
    mta_sts_database *db;
    apr_pool_t *p;
    const server_rec *server;
    const mts_domains *domains;
    apr_time_t since;
    apr_array_header_t *losses;
} search;

static int is_enforced(const mts_domain *domain)
{
    return domain && domain->mode == MTA_STS_MODE_ENFORCE && !domain->shown->is_pattern &&
           mts_policies_reach_senders(domain->shown);
}

/* Adds up the sessions. Verified causes come first; if there is one, unverified ones are
 * ignored. */
static void sum_up(apr_pool_t *p, const tlsrpt_domain *reported, mts_status_loss *loss)
{
    int i;

    for (i = 0; i < reported->causes->nelts && i < CAUSES_MAX; i++) {
        const tlsrpt_cause *cause = &APR_ARRAY_IDX(reported->causes, i, tlsrpt_cause);
        const tlsrpt_explanation *explanation = tlsrpt_evidence_refusal(p, loss->domain, cause);

        if (!explanation || (loss->is_verified && !tlsrpt_evidence_counts(cause->is_verified))) {
            continue;
        }
        loss->is_verified = tlsrpt_evidence_counts(cause->is_verified);
        loss->explanation = loss->explanation ? loss->explanation : explanation;
        loss->sessions = tlsrpt_count_add(loss->sessions, cause->sessions);
    }
}

static const char *examine(const search *s, const char *name)
{
    tlsrpt_filter filter = {.domain = name};
    mts_status_loss loss = {.domain = name};
    tlsrpt_summary *summary;
    const char *error = tlsrpt_evidence_enforced_since(s->db, name, s->since, s->p, &filter.since);

    error = error ? error : tlsrpt_index_sum(s->db, &filter, 1, s->p, &summary);
    if (error || summary->domains->nelts == 0) {
        return error;
    }
    sum_up(s->p, APR_ARRAY_IDX(summary->domains, 0, const tlsrpt_domain *), &loss);
    if (loss.explanation) {
        APR_ARRAY_PUSH(s->losses, mts_status_loss) = loss;
    }
    return NULL;
}

const char *mts_status_losses_read(mta_sts_database *db, apr_pool_t *p, const server_rec *server,
                                   const mts_domains *domains, const char *domain, apr_time_t now,
                                   apr_array_header_t **losses)
{
    const search s = {db,
                      p,
                      server,
                      domains,
                      now - now % DAY - MTS_STATUS_LOSS_DAYS * DAY,
                      apr_array_make(p, 1, sizeof(mts_status_loss))};
    const tlsrpt_filter filter = {.since = s.since, .domain = domain};
    apr_array_header_t *list;
    const char *error = tlsrpt_index_domains(db, &filter, DOMAINS_MAX, p, &list);
    int i;

    *losses = s.losses;
    for (i = 0; !error && i < list->nelts && s.losses->nelts < MTS_STATUS_LOSSES_MAX; i++) {
        const char *name = APR_ARRAY_IDX(list, i, tlsrpt_domain).domain;

        if (APR_ARRAY_IDX(list, i, tlsrpt_domain).failed &&
            is_enforced(mts_domains_known(server, domains, p, name))) {
            error = examine(&s, name);
        }
    }
    return error;
}
