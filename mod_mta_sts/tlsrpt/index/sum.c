/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/query.h"

#include <stdlib.h>
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

/* The maximum number of rows that are counted. */
#define EARLIER_ROWS_MAX 20000

/* Counts the reports about earlier days than those that the filter selects. */
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
        mta_sts_database_take_number, &summary->earlier, query->domain, FILTER_VALUES(query),
        EARLIER_ROWS_MAX);
}

/* --- sums that are set apart --- */

static int take_apart(void *baton, const char *const *columns)
{
    tlsrpt_summary *summary = baton;
    apr_pool_t *p = summary->apart->pool;

    summary->apart_count++;
    if (summary->apart->nelts < TLSRPT_APART_MAX) {
        tlsrpt_apart *apart = apr_array_push(summary->apart);

        apart->domain = tlsrpt_query_text(p, columns[0]);
        apart->organization = tlsrpt_query_text(p, columns[1]);
        apart->day = mta_sts_database_number(columns[2]) * TLSRPT_DAY;
        apart->successful = tlsrpt_query_sum(columns + 3);
        apart->failed = tlsrpt_query_sum(columns + 5);
    }
    return 1;
}

static int order_apart(const void *a, const void *b)
{
    return tlsrpt_order_apart(a, b);
}

#define APART_COUNT_MAX 1000

/* The condition is the same as that of the partial index tlsrpt_sum_large. */
static const char *list_apart(const tlsrpt_query *query, tlsrpt_summary *summary)
{
    const char *error = mta_sts_database_rows(
        query->db,
        "SELECT coalesce(d.whole, d.text), coalesce(o.whole, o.text), last_day, high, low,"
        " failed_high, failed_low FROM (SELECT domain, organization, last_day,"
        " sum(successful / 1073741824) AS high, sum(successful %% 1073741824) AS low,"
        " sum(failed / 1073741824) AS failed_high, sum(failed %% 1073741824) AS failed_low,"
        " sum(successful * 1.0 + failed * 1.0) AS sessions FROM tlsrpt_sum"
        " WHERE (verified < 0 OR (verified = 0 AND (successful >= 10000 OR failed >= 10000)))"
        " AND verified < 0 AND domain > 0 AND (%d = 0 OR domain = %lld) AND last_day >= %lld"
        " AND %d = 0 AND " FILTER_ORGANIZATION " GROUP BY domain, organization, last_day) s"
        " JOIN tlsrpt_domain d ON d.id = s.domain"
        " JOIN tlsrpt_organization o ON o.id = s.organization ORDER BY sessions DESC LIMIT %d",
        take_apart, summary, query->has_domain, query->domain, FILTER_VALUES(query),
        APART_COUNT_MAX);

    qsort(summary->apart->elts, (size_t)summary->apart->nelts, sizeof(tlsrpt_apart), order_apart);
    return error;
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
    error = error ? error : list_apart(query, summary);
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

static const char *sum(mta_sts_database *db, const tlsrpt_filter *filter, tlsrpt_parts parts,
                       int max, apr_pool_t *p, tlsrpt_summary **summary)
{
    tlsrpt_query query;
    const char *error = tlsrpt_query_begin(&query, db, filter, p);

    query.parts = parts;
    *summary = apr_pcalloc(p, sizeof(**summary));
    (*summary)->domains = apr_array_make(p, 4, sizeof(tlsrpt_domain *));
    (*summary)->apart = apr_array_make(p, 1, sizeof(tlsrpt_apart));
    if (!error) {
        error = sum_totals(&query, *summary);
    }
    if (!error && max > 0) {
        error = sum_domains(&query, max, *summary);
    }
    return tlsrpt_query_end(&query, error);
}

const char *tlsrpt_index_sum(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                             apr_pool_t *p, tlsrpt_summary **summary)
{
    return sum(db, filter, TLSRPT_PARTS_ALL, max, p, summary);
}

const char *tlsrpt_index_sum_parts(mta_sts_database *db, const tlsrpt_filter *filter,
                                   tlsrpt_parts parts, apr_pool_t *p, tlsrpt_summary **summary)
{
    return sum(db, filter, parts, 1, p, summary);
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
