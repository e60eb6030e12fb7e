/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status/reports.h"

#include <string.h>
#include <time.h>

#include <apr_strings.h>

#include "core/database/fetch_room.h"
#include "core/hosting/rollout_read.h"
#include "core/policy/policy.h"
#include "core/policy/text.h"
#include "httpd/config/report_config.h"
#include "httpd/status/database.h"
#include "httpd/status/losses.h"
#include "httpd/status/readiness.h"
#include "tlsrpt/advice/evidence.h"
#include "tlsrpt/index/index.h"

#define DAY apr_time_from_sec(86400)

/* The maximum number of domains with failed sessions that are read for the list of domains. */
#define FAILING_MAX 500

tlsrpt_filter mts_status_filter_of(const mts_status_query *query, apr_time_t now)
{
    int days = query->range->days;

    return (tlsrpt_filter){.since = days ? now - now % DAY - (days - 1) * DAY : 0,
                           .domain = query->domain};
}

/* The maximum number of causes whose senders are searched for in the fetch log. */
#define FETCHES_MAX 10

/* --- the data for one response --- */

typedef struct gathering {
    const server_rec *server;
    const mts_domains *domains;
    tlsrpt_filter filter;
    apr_time_t now;
    mts_status_reports *reports;
    int is_customer;
} gathering;

/* Shortens a list; returns how many elements were removed. */
static int cut(apr_array_header_t *list, int max)
{
    int more = list->nelts > max ? list->nelts - max : 0;

    list->nelts -= more;
    return more;
}

static void add_cause(mts_status_reports *reports, const char *domain, const tlsrpt_cause *cause,
                      int others)
{
    APR_ARRAY_PUSH(reports->causes, mts_status_cause) =
        (mts_status_cause){domain, cause, others, NULL};
}

/* Adds what the fetch log says about the senders of the first causes of a domain. */
static const char *add_fetches(mta_sts_database *db, apr_pool_t *p, gathering *g)
{
    const char *error = NULL;
    int i;

    for (i = 0; i < g->reports->causes->nelts && i < FETCHES_MAX && !error; i++) {
        mts_status_cause *one = &APR_ARRAY_IDX(g->reports->causes, i, mts_status_cause);

        error = tlsrpt_fetch_answers_find(db, one->domain, one->cause, g->now, p, &one->fetches);
    }
    return error;
}

static void count_detailed(mts_status_reports *reports, const tlsrpt_domain *of)
{
    const apr_int64_t failed[2] = {of->verified_failed, of->failed - of->verified_failed};
    int i;

    for (i = 0; i < 2; i++) {
        apr_int64_t detailed = tlsrpt_domain_detailed(of, !i);

        reports->detailed[i] = detailed;
        reports->unspecified[i] = failed[i] > detailed ? failed[i] - detailed : 0;
    }
}

static int count_verified(const apr_array_header_t *senders)
{
    int i = 0;

    while (i < senders->nelts && APR_ARRAY_IDX(senders, i, tlsrpt_sender).is_verified) {
        i++;
    }
    return i;
}

static void copy_sums(mts_status_reports *reports, const tlsrpt_domain *of)
{
    reports->days = of->days;
    reports->senders = of->senders;
    reports->seen = of->seen;
    reports->reports = of->reports;
    reports->verified_successful = of->verified_successful;
    reports->verified_failed = of->verified_failed;
    reports->successful = of->successful;
    reports->failed = of->failed;
    reports->verified_senders = count_verified(of->senders);
    reports->omitted_senders = cut(of->senders, MTS_STATUS_SENDERS_MAX);
    count_detailed(reports, of);
}

/* Copies the members that are not sums. */
static void copy_rest(mts_status_reports *reports, const tlsrpt_summary *summary)
{
    reports->earlier_reports = summary->earlier;
    reports->apart = summary->apart;
    reports->apart_count = summary->apart_count;
}

static const char *sum_one(mta_sts_database *db, apr_pool_t *p, gathering *g)
{
    tlsrpt_summary *summary;
    const tlsrpt_domain *of;
    const char *error = tlsrpt_index_sum(db, &g->filter, 1, p, &summary);
    int i;

    if (error) {
        return error;
    }
    copy_rest(g->reports, summary);
    if (summary->domains->nelts == 0) {
        return NULL;
    }
    of = APR_ARRAY_IDX(summary->domains, 0, const tlsrpt_domain *);
    for (i = 0; i < of->causes->nelts && i < MTS_STATUS_CAUSES_MAX; i++) {
        const tlsrpt_cause *cause = &APR_ARRAY_IDX(of->causes, i, tlsrpt_cause);

        add_cause(g->reports, of->domain, cause, tlsrpt_others_without_failure(of->senders, cause));
    }
    g->reports->omitted_causes = of->causes->nelts - i;
    g->reports->unverified = summary->unverified;
    copy_sums(g->reports, of); /* shortens the list of senders */
    return add_fetches(db, p, g);
}

static const char *add_causes(mta_sts_database *db, apr_pool_t *p, gathering *g)
{
    apr_array_header_t *list;
    const char *error = tlsrpt_index_causes(db, &g->filter, MTS_STATUS_CAUSES_MAX + 1, 1, p, &list);
    int i;

    if (error) {
        return error;
    }
    g->reports->omitted_causes = cut(list, MTS_STATUS_CAUSES_MAX);
    for (i = 0; i < list->nelts; i++) {
        const tlsrpt_index_cause *one = &APR_ARRAY_IDX(list, i, tlsrpt_index_cause);

        add_cause(g->reports, one->domain, &one->cause, 0);
    }
    return NULL;
}

static const char *sum_all(mta_sts_database *db, apr_pool_t *p, gathering *g)
{
    tlsrpt_summary *summary;
    tlsrpt_domain *all;
    const char *error = tlsrpt_index_sum(db, &g->filter, 0, p, &summary);

    error = error ? error : tlsrpt_index_sum_all(db, &g->filter, p, &all);
    if (error) {
        return error;
    }
    copy_sums(g->reports, all);
    g->reports->reports = summary->reports;
    g->reports->unverified = summary->unverified;
    copy_rest(g->reports, summary);
    return add_causes(db, p, g);
}

static const char *read_failing(mta_sts_database *db, apr_pool_t *p, gathering *g)
{
    return tlsrpt_index_failing_domains(db, &g->filter, FAILING_MAX, p, &g->reports->failing);
}

static const char *read_rollout(mta_sts_database *db, apr_pool_t *p, gathering *g,
                                const char *domain, const mts_policy *policy)
{
    const mta_sts_rollout_query query = {.domain = domain,
                                         .host = mta_sts_database_host(db),
                                         .now = g->now,
                                         .id = mta_sts_policy_id(p, policy->text, policy->len),
                                         .is_brief = 1};
    mta_sts_rollout *rollout;
    const char *error = mta_sts_rollout_read(db, &query, p, &rollout);

    g->reports->rollout = rollout;
    return error;
}

/* Reads the policies of the domain: the current one and earlier ones. */
static const char *read_policies(mta_sts_database *db, apr_pool_t *p, gathering *g)
{
    const mts_domain *domain = mts_domains_known(g->server, g->domains, p, g->filter.domain);
    const mts_policy *policy = domain ? domain->shown->policy : NULL;
    const char *error = tlsrpt_policies_add_history(db, g->filter.domain, p, &g->reports->policies);

    if (error || !policy) {
        return error;
    }
    g->reports->policies.served =
        mta_sts_policy_text_read(p, policy->text, policy->len, mta_sts_findings_make(p));
    error = read_rollout(db, p, g, domain->name, policy);
    return error || g->is_customer
               ? error
               : mts_status_readiness_read(db, p, domain->name, &g->reports->policies, g->now,
                                           &g->reports->readiness);
}

static const char *read_receipts(mta_sts_database *db, apr_pool_t *p, gathering *g)
{
    const char *error =
        tlsrpt_index_last(db, &g->filter, MTS_STATUS_RECEIPTS_MAX, p, &g->reports->receipts);

    return error ? error : tlsrpt_index_received(db, g->filter.domain, &g->reports->received);
}

static void clear(mts_status_reports *reports, apr_pool_t *p)
{
    memset(reports, 0, sizeof(*reports));
    reports->days = apr_array_make(p, 1, sizeof(tlsrpt_day));
    reports->senders = apr_array_make(p, 1, sizeof(tlsrpt_sender));
    reports->causes = apr_array_make(p, 1, sizeof(mts_status_cause));
    reports->seen = apr_array_make(p, 1, sizeof(tlsrpt_seen_policy));
    reports->receipts = apr_array_make(p, 1, sizeof(tlsrpt_index_report));
    reports->losses = apr_array_make(p, 1, sizeof(mts_status_loss));
    reports->apart = apr_array_make(p, 1, sizeof(tlsrpt_apart));
    reports->findings = mta_sts_findings_make(p);
    reports->failing = apr_array_make(p, 1, sizeof(tlsrpt_index_failing));
}

static const char *check_fetch_log(mta_sts_database *db, const gathering *g)
{
    const mts_report_config *config = mts_report_config_of(g->server);

    return mta_sts_fetch_room_check(
        db, g->now, config->spool_quota,
        config->fetch_log == MTS_FETCH_LOG_OFF ? 0 : config->fetch_keep_days, g->reports->findings);
}

/* What only the overview shows. */
static const char *read_overview(mta_sts_database *db, apr_pool_t *p, gathering *g)
{
    const char *error = read_failing(db, p, g);

    return error ? error : check_fetch_log(db, g);
}

static const char *gather(mta_sts_database *db, apr_pool_t *p, void *baton)
{
    gathering *g = baton;
    const char *error;

    clear(g->reports, p);
    error = g->filter.domain ? sum_one(db, p, g) : sum_all(db, p, g);
    error = error ? error : read_receipts(db, p, g);
    error = error ? error : g->filter.domain ? read_policies(db, p, g) : read_overview(db, p, g);
    return error ? error
                 : mts_status_losses_read(db, p, g->server, g->domains, g->filter.domain, g->now,
                                          &g->reports->losses);
}

const mts_status_reports *mts_status_reports_of(request_rec *r, const mts_domains *domains,
                                                const mts_status_query *query, apr_time_t now)
{
    mts_status_reports *reports = apr_pcalloc(r->pool, sizeof(*reports));
    gathering g = {r->server, domains, mts_status_filter_of(query, now),
                   now,       reports, query->is_in_path};

    reports->problem = mts_status_database_read(r, gather, &g);
    return reports;
}

/* --- the sessions of some domains --- */

/* Computing the sums takes about 0.6 us for each day and sender of a domain. When this much
 * processor time has been used, the rest of the list is shown without sessions. */
#define SHARES_BUDGET apr_time_from_msec(40)

static apr_time_t thread_time(void)
{
    struct timespec used = {0};

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return apr_time_make(used.tv_sec, used.tv_nsec / 1000);
}

typedef struct shares {
    const apr_array_header_t *names;
    apr_time_t since;
    apr_hash_t *found; /* name -> tlsrpt_domain; all numbers are 0 if there are no reports */
} shares;

static const char *read_shares(mta_sts_database *db, apr_pool_t *p, void *baton)
{
    const apr_time_t end = thread_time() + SHARES_BUDGET;
    shares *s = baton;
    int i;

    s->found = apr_hash_make(p);
    for (i = 0; i < s->names->nelts && thread_time() < end; i++) {
        const tlsrpt_filter filter = {.since = s->since,
                                      .domain = APR_ARRAY_IDX(s->names, i, const char *)};
        apr_array_header_t *list;
        const char *error = tlsrpt_index_domains(db, &filter, 1, p, &list);

        if (error) {
            return error;
        }
        apr_hash_set(s->found, filter.domain, APR_HASH_KEY_STRING,
                     list->nelts ? list->elts : apr_pcalloc(p, sizeof(tlsrpt_domain)));
    }
    return NULL;
}

apr_hash_t *mts_status_shares_of(request_rec *r, const apr_array_header_t *names,
                                 const mts_status_query *query, apr_time_t now)
{
    shares s = {names, mts_status_filter_of(query, now).since, NULL};

    return mts_status_database_read(r, read_shares, &s) ? NULL : s.found;
}

void mts_status_reports_register_hooks(void)
{
    mts_status_database_register_hooks();
}
