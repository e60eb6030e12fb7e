/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/query.h"

#include <string.h>

#include <apr_strings.h>

/* --- what is asked for --- */

apr_int64_t tlsrpt_query_sum(const char *const *columns)
{
    apr_int64_t high = mta_sts_database_number(columns[0]);
    apr_int64_t low = mta_sts_database_number(columns[1]);

    high = tlsrpt_count_add(high, low >> 30);
    return high > APR_INT64_MAX >> 30 ? APR_INT64_MAX : (high << 30) + (low & ((1 << 30) - 1));
}

static int take_id(void *baton, const char *const *columns)
{
    *(long long *)baton = (long long)mta_sts_database_number(columns[0]);
    return 0;
}

const char *tlsrpt_query_begin(tlsrpt_query *query, mta_sts_database *db,
                               const tlsrpt_filter *filter, apr_pool_t *p)
{
    static const tlsrpt_filter everything = {0, NULL, NULL};
    const char *error;

    filter = filter ? filter : &everything;
    memset(query, 0, sizeof(*query));
    query->db = db;
    query->p = p;
    query->since = (long long)filter->since;
    query->last_day = filter->since ? (long long)tlsrpt_day_of(filter->since) : -1;
    query->has_organization = filter->organization != NULL;
    query->organization = filter->organization ? tlsrpt_string_fold(p, filter->organization) : "";
    query->has_domain = filter->domain != NULL;
    error = mta_sts_database_begin_reading(db);
    if (!error && filter->domain) {
        error = mta_sts_database_rows(db, "SELECT id FROM tlsrpt_domain WHERE text = %s", take_id,
                                      &query->domain, tlsrpt_string_key(p, filter->domain));
    }
    return error;
}

const char *tlsrpt_query_end(tlsrpt_query *query, const char *error)
{
    if (!error) {
        return mta_sts_database_commit(query->db);
    }
    mta_sts_database_rollback(query->db);
    return error;
}

/* --- totals --- */

typedef struct totals {
    tlsrpt_domain *domain;
    apr_int64_t verified;
} totals;

static int take_totals(void *baton, const char *const *columns)
{
    totals *sum = baton;
    tlsrpt_domain *domain = sum->domain;

    domain->reports = mta_sts_database_number(columns[0]);
    sum->verified = mta_sts_database_number(columns[1]);
    domain->successful = tlsrpt_query_sum(columns + 2);
    domain->failed = tlsrpt_query_sum(columns + 4);
    domain->begin = mta_sts_database_number(columns[6]);
    domain->end = mta_sts_database_number(columns[7]);
    return 0;
}

static void make_lists(apr_pool_t *p, tlsrpt_domain *domain)
{
    domain->days = apr_array_make(p, 1, sizeof(tlsrpt_day));
    domain->senders = apr_array_make(p, 1, sizeof(tlsrpt_sender));
    domain->causes = apr_array_make(p, 1, sizeof(tlsrpt_cause));
    domain->seen = apr_array_make(p, 1, sizeof(tlsrpt_seen));
}

const char *tlsrpt_query_totals(const tlsrpt_query *query, long long id, tlsrpt_domain *domain,
                                apr_int64_t *verified)
{
    totals sum = {domain, 0};
    const char *error =
        mta_sts_database_rows(query->db,
                              "SELECT sum(reports), sum(verified), " SUM("successful") ", " SUM(
                                  "failed") ","
                                            " min(nullif(range_begin, 0)), max(range_end)"
                                            " FROM tlsrpt_sum WHERE domain = %lld AND" FILTER_WHERE,
                              take_totals, &sum, id, FILTER_VALUES(query));

    make_lists(query->p, domain);
    *verified = sum.verified;
    return error;
}

/* Reports that do not count, and why not. */
static int take_left_out(void *baton, const char *const *columns)
{
    tlsrpt_summary *summary = baton;
    apr_int64_t reports = mta_sts_database_number(columns[1]);

    if (mta_sts_database_number(columns[0]) == TLSRPT_STATE_DUPLICATE) {
        summary->duplicates = reports;
    }
    else {
        summary->conflicts = reports;
    }
    return 1;
}

static const char *count_left_out(const tlsrpt_query *query, tlsrpt_summary *summary)
{
    return mta_sts_database_rows(
        query->db,
        "SELECT state, count(*) FROM tlsrpt_report"
        " WHERE state <> 0 AND state < 3 AND (%d = 0 OR range_end > %lld)"
        " AND " FILTER_ORGANIZATION " AND (%d = 0 OR id IN (SELECT report FROM tlsrpt_policy"
        " WHERE domain = %lld AND is_first = 1)) GROUP BY state",
        take_left_out, summary, query->since != 0, query->since, query->has_organization,
        query->organization, query->has_domain, query->domain);
}

/* --- the summary --- */

static const char *sum_totals(const tlsrpt_query *query, tlsrpt_summary *summary)
{
    tlsrpt_domain all = {0};
    apr_int64_t verified;
    const char *error = NULL;

    if (!query->has_domain || query->domain) {
        error = tlsrpt_query_totals(query, query->domain, &all, &verified);
        summary->reports = all.reports;
        summary->unverified = all.reports - verified;
        summary->successful = all.successful;
        summary->failed = all.failed;
    }
    return error ? error : count_left_out(query, summary);
}

static const char *sum_domain(const tlsrpt_query *query, const tlsrpt_query_domain *which,
                              tlsrpt_domain **made)
{
    tlsrpt_domain *domain = apr_pcalloc(query->p, sizeof(*domain));
    apr_int64_t verified;
    const char *error = tlsrpt_query_totals(query, which->id, domain, &verified);

    domain->domain = which->name;
    *made = domain;
    return error ? error : tlsrpt_query_details(query, which->id, domain);
}

static const char *sum_domains(const tlsrpt_query *query, int max, tlsrpt_summary *summary)
{
    apr_array_header_t *list;
    const char *error = tlsrpt_query_domains(query, max, &list);
    int i;

    for (i = 0; !error && i < list->nelts; i++) {
        error = sum_domain(query, &APR_ARRAY_IDX(list, i, tlsrpt_query_domain),
                           (tlsrpt_domain **)apr_array_push(summary->domains));
    }
    return error;
}

const char *tlsrpt_index_sum(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                             apr_pool_t *p, tlsrpt_summary **summary)
{
    tlsrpt_query query;
    const char *error = tlsrpt_query_begin(&query, db, filter, p);

    *summary = apr_pcalloc(p, sizeof(**summary));
    (*summary)->domains = apr_array_make(p, 4, sizeof(tlsrpt_domain *));
    if (!error) {
        error = sum_totals(&query, *summary);
    }
    if (!error && max > 0) {
        error = sum_domains(&query, max, *summary);
    }
    return tlsrpt_query_end(&query, error);
}

const char *tlsrpt_index_sum_all(mta_sts_database *db, const tlsrpt_filter *filter, apr_pool_t *p,
                                 tlsrpt_domain **all)
{
    static const tlsrpt_query_domain everything = {0, "*"};
    tlsrpt_query query;
    const char *error = tlsrpt_query_begin(&query, db, filter, p);

    *all = NULL;
    if (!error) {
        error = sum_domain(&query, &everything, all);
    }
    return tlsrpt_query_end(&query, error);
}
