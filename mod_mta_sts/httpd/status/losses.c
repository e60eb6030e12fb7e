/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status/losses.h"

#include "tlsrpt/advice/evidence.h"
#include "tlsrpt/index/index.h"

#define DAY apr_time_from_sec(86400)

/* Bounds, since reports can name any number of domains and causes. */
#define DOMAINS_MAX 50  /* domains with failed sessions that are examined */
#define CAUSES_MAX 20   /* causes of one domain */
#define REPORTS_MAX 200 /* latest reports of one domain, in which a verified one is looked for */

typedef struct search {
    mta_sts_database *db;
    apr_pool_t *p;
    const mts_domains *domains;
    apr_time_t since;
    apr_array_header_t *losses;
} search;

static int is_enforced(const mts_domain *domain)
{
    return domain && domain->mode == MTA_STS_MODE_ENFORCE && !domain->shown->is_pattern &&
           mts_policies_reach_senders(domain->shown);
}

/* The explanation of a cause for which senders refuse mail in mode enforce; NULL for others. */
static const tlsrpt_explanation *refused(apr_pool_t *p, const char *domain,
                                         const tlsrpt_cause *cause)
{
    const apr_array_header_t *list;
    int i;

    if (!tlsrpt_evidence_is_mta_sts(cause->policy_type)) {
        return NULL;
    }
    list = tlsrpt_explain_cause(p, domain, cause);
    for (i = 0; i < list->nelts; i++) {
        const tlsrpt_explanation *explanation = APR_ARRAY_IDX(list, i, const tlsrpt_explanation *);

        if (tlsrpt_evidence_blocks_mail(explanation)) {
            return explanation;
        }
    }
    return NULL;
}

static void sum_up(apr_pool_t *p, const tlsrpt_domain *reported, mts_status_loss *loss)
{
    int i;

    for (i = 0; i < reported->causes->nelts && i < CAUSES_MAX; i++) {
        const tlsrpt_cause *cause = &APR_ARRAY_IDX(reported->causes, i, tlsrpt_cause);
        const tlsrpt_explanation *explanation = refused(p, loss->domain, cause);

        if (explanation) {
            loss->explanation = loss->explanation ? loss->explanation : explanation;
            loss->sessions = tlsrpt_count_add(loss->sessions, cause->sessions);
        }
    }
}

static const char *find_verified(const search *of, mts_status_loss *loss)
{
    const tlsrpt_filter filter = {.since = of->since, .domain = loss->domain};
    apr_array_header_t *reports;
    const char *error = tlsrpt_index_last(of->db, &filter, REPORTS_MAX, of->p, &reports);
    int i;

    for (i = 0; !error && i < reports->nelts; i++) {
        const tlsrpt_index_report *report = &APR_ARRAY_IDX(reports, i, tlsrpt_index_report);

        loss->is_verified |=
            report->verified && report->state == TLSRPT_STATE_COUNTS && report->failed > 0;
    }
    return error;
}

static const char *examine(const search *of, const char *name)
{
    const tlsrpt_filter filter = {.since = of->since, .domain = name};
    mts_status_loss loss = {.domain = name};
    tlsrpt_summary *summary;
    const char *error = tlsrpt_index_sum(of->db, &filter, 1, of->p, &summary);

    if (error || summary->domains->nelts == 0) {
        return error;
    }
    sum_up(of->p, APR_ARRAY_IDX(summary->domains, 0, const tlsrpt_domain *), &loss);
    if (!loss.explanation) {
        return NULL;
    }
    error = find_verified(of, &loss);
    APR_ARRAY_PUSH(of->losses, mts_status_loss) = loss;
    return error;
}

const char *mts_status_losses_read(mta_sts_database *db, apr_pool_t *p, const mts_domains *domains,
                                   const char *domain, apr_time_t now, apr_array_header_t **losses)
{
    const search of = {db, p, domains, now - now % DAY - MTS_STATUS_LOSS_DAYS * DAY,
                       apr_array_make(p, 1, sizeof(mts_status_loss))};
    const tlsrpt_filter filter = {.since = of.since, .domain = domain};
    apr_array_header_t *list;
    const char *error = tlsrpt_index_domains(db, &filter, DOMAINS_MAX, p, &list);
    int i;

    *losses = of.losses;
    for (i = 0; !error && i < list->nelts && of.losses->nelts < MTS_STATUS_LOSSES_MAX; i++) {
        const char *name = APR_ARRAY_IDX(list, i, tlsrpt_domain).domain;

        if (APR_ARRAY_IDX(list, i, tlsrpt_domain).failed &&
            is_enforced(mts_domains_find(domains, name))) {
            error = examine(&of, name);
        }
    }
    return error;
}
