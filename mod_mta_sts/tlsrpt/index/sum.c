/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/query.h"

#include <string.h>

#include <apr_strings.h>

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
        " WHERE state <> 0 AND state < 3 AND (%d = 0 OR range_end > %lld) AND verified >= %d"
        " AND " FILTER_ORGANIZATION " AND (%d = 0 OR id IN (SELECT report FROM tlsrpt_policy"
        " WHERE domain = %lld AND is_first = 1)) GROUP BY state",
        take_left_out, summary, query->since != 0, query->since, query->is_verified,
        query->has_organization, query->organization, query->has_domain, query->domain);
}

/* Rows that are counted at most. */
#define EARLIER_ROWS_MAX 20000

static int take_sum(void *baton, const char *const *columns)
{
    *(apr_int64_t *)baton = mta_sts_database_number(columns[0]);
    return 0;
}

/* Reports about earlier days than the filter selects. */
static const char *count_earlier(const tlsrpt_query *query, tlsrpt_summary *summary)
{
    if (!query->since || (query->has_domain && !query->domain)) {
        return NULL;
    }
    return mta_sts_database_rows(
        query->db,
        "SELECT coalesce(sum(reports), 0) FROM (SELECT reports FROM tlsrpt_sum"
        " WHERE domain = %lld AND last_day < %lld AND verified >= %d AND " FILTER_ORGANIZATION
        " LIMIT %d) s",
        take_sum, &summary->earlier, query->domain, FILTER_VALUES(query), EARLIER_ROWS_MAX);
}

/* --- the summary --- */

static const char *sum_totals(const tlsrpt_query *query, tlsrpt_summary *summary)
{
    tlsrpt_domain all = {0};
    const char *error = NULL;

    if (!query->has_domain || query->domain) {
        error = tlsrpt_query_totals(query, query->domain, &all);
        summary->reports = all.reports;
        summary->unverified = all.reports - all.verified;
        summary->successful = all.successful;
        summary->failed = all.failed;
    }
    error = error ? error : count_earlier(query, summary);
    return error ? error : count_left_out(query, summary);
}

static const char *sum_domain(const tlsrpt_query *query, const tlsrpt_query_domain *which,
                              tlsrpt_domain **made)
{
    tlsrpt_domain *domain = apr_pcalloc(query->p, sizeof(*domain));
    const char *error = tlsrpt_query_totals(query, which->id, domain);

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
