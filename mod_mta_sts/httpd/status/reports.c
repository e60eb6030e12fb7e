/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status/reports.h"

#include <string.h>
#include <time.h>

#include <apr_strings.h>

#include "httpd/status/database.h"
#include "tlsrpt/index/index.h"

#define DAY apr_time_from_sec(86400)

/* With more reports the causes of all domains are summed up together: telling them apart by domain
 * would take too long. */
#define BY_DOMAIN_MAX 200000

tlsrpt_filter mts_status_filter_of(const mts_status_query *query, apr_time_t now)
{
    int days = query->range->days;

    return (tlsrpt_filter){days ? now - now % DAY - (days - 1) * DAY : 0, query->domain, NULL};
}

/* --- one view of the page --- */

typedef struct gathering {
    tlsrpt_filter filter;
    mts_status_reports *reports;
} gathering;

/* Cuts a list; returns how many are left out. */
static int cut(apr_array_header_t *list, int max)
{
    int more = list->nelts > max ? list->nelts - max : 0;

    list->nelts -= more;
    return more;
}

static void add_cause(mts_status_reports *reports, const char *domain, const tlsrpt_cause *cause,
                      int others)
{
    APR_ARRAY_PUSH(reports->causes, mts_status_cause) = (mts_status_cause){domain, cause, others};
}

/* Failed sessions of which no sender told a cause. */
static void find_untold(mts_status_reports *reports, const tlsrpt_domain *of)
{
    apr_int64_t told = 0;
    int i;

    for (i = 0; i < of->causes->nelts; i++) {
        told = tlsrpt_count_add(told, APR_ARRAY_IDX(of->causes, i, tlsrpt_cause).sessions);
    }
    reports->unspecified = of->failed > told ? of->failed - told : 0;
}

static void take_sums(mts_status_reports *reports, const tlsrpt_domain *of)
{
    reports->days = of->days;
    reports->senders = of->senders;
    reports->seen = of->seen;
    reports->reports = of->reports;
    reports->successful = of->successful;
    reports->failed = of->failed;
    reports->more_senders = cut(of->senders, MTS_STATUS_SENDERS_MAX);
    find_untold(reports, of);
}

static const char *sum_one(mta_sts_database *db, apr_pool_t *p, gathering *g)
{
    tlsrpt_summary *summary;
    const tlsrpt_domain *of;
    const char *error = tlsrpt_index_sum(db, &g->filter, 1, p, &summary);
    int i;

    if (error || summary->domains->nelts == 0) {
        return error;
    }
    of = APR_ARRAY_IDX(summary->domains, 0, const tlsrpt_domain *);
    for (i = 0; i < of->causes->nelts && i < MTS_STATUS_CAUSES_MAX; i++) {
        const tlsrpt_cause *cause = &APR_ARRAY_IDX(of->causes, i, tlsrpt_cause);

        add_cause(g->reports, of->domain, cause, tlsrpt_others_without_failure(of->senders, cause));
    }
    g->reports->more_causes = of->causes->nelts - i;
    g->reports->unverified = summary->unverified;
    take_sums(g->reports, of); /* which cuts the list of senders */
    return NULL;
}

static void add_merged_causes(mts_status_reports *reports, const tlsrpt_domain *all)
{
    int i;

    for (i = 0; i < all->causes->nelts && i < MTS_STATUS_CAUSES_MAX; i++) {
        add_cause(reports, NULL, &APR_ARRAY_IDX(all->causes, i, tlsrpt_cause), 0);
    }
    reports->more_causes = all->causes->nelts - i;
}

static const char *add_causes(mta_sts_database *db, apr_pool_t *p, gathering *g)
{
    apr_array_header_t *list;
    const char *error = tlsrpt_index_causes(db, &g->filter, MTS_STATUS_CAUSES_MAX + 1, p, &list);
    int i;

    if (error) {
        return error;
    }
    g->reports->more_causes = cut(list, MTS_STATUS_CAUSES_MAX);
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
    take_sums(g->reports, all);
    g->reports->reports = summary->reports;
    g->reports->unverified = summary->unverified;
    if (summary->reports > BY_DOMAIN_MAX) {
        add_merged_causes(g->reports, all);
        return NULL;
    }
    return add_causes(db, p, g);
}

static const char *read_receipts(mta_sts_database *db, apr_pool_t *p, gathering *g)
{
    const char *error =
        tlsrpt_index_last(db, &g->filter, MTS_STATUS_RECEIPTS_MAX, p, &g->reports->receipts);

    return error ? error : tlsrpt_index_received(db, g->filter.domain, &g->reports->received);
}

static void empty(mts_status_reports *reports, apr_pool_t *p)
{
    memset(reports, 0, sizeof(*reports));
    reports->days = apr_array_make(p, 1, sizeof(tlsrpt_day));
    reports->senders = apr_array_make(p, 1, sizeof(tlsrpt_sender));
    reports->causes = apr_array_make(p, 1, sizeof(mts_status_cause));
    reports->seen = apr_array_make(p, 1, sizeof(tlsrpt_seen));
    reports->receipts = apr_array_make(p, 1, sizeof(tlsrpt_index_report));
}

static const char *gather(mta_sts_database *db, apr_pool_t *p, void *baton)
{
    gathering *g = baton;
    const char *error;

    empty(g->reports, p);
    error = g->filter.domain ? sum_one(db, p, g) : sum_all(db, p, g);
    return error ? error : read_receipts(db, p, g);
}

const mts_status_reports *mts_status_reports_of(request_rec *r, const mts_status_query *query,
                                                apr_time_t now)
{
    mts_status_reports *reports = apr_pcalloc(r->pool, sizeof(*reports));
    gathering g = {mts_status_filter_of(query, now), reports};

    reports->problem = mts_status_database_read(r, gather, &g);
    return reports;
}

/* --- the sessions of some domains --- */

/* Sums of many days cost: some 0.6 us for each day and sender of a domain. After so much of this
 * thread's time the rest of the list is not summed up. */
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
    apr_hash_t *found; /* name -> tlsrpt_domain; of no reports if there are none */
} shares;

static const char *read_shares(mta_sts_database *db, apr_pool_t *p, void *baton)
{
    const apr_time_t end = thread_time() + SHARES_BUDGET;
    shares *s = baton;
    int i;

    s->found = apr_hash_make(p);
    for (i = 0; i < s->names->nelts && thread_time() < end; i++) {
        const tlsrpt_filter filter = {s->since, APR_ARRAY_IDX(s->names, i, const char *), NULL};
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
