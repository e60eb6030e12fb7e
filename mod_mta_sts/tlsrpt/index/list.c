/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/query.h"

#include <stddef.h>
#include <string.h>

#include <apr_strings.h>

#include "tlsrpt/report/result_type.h"

/* --- domains --- */

static int push_domain(void *baton, const char *const *columns)
{
    apr_array_header_t *list = baton;
    tlsrpt_query_domain *domain = apr_array_push(list);

    domain->id = (long long)mta_sts_database_number(columns[0]);
    domain->name = tlsrpt_query_text(list->pool, columns[1]);
    return 1;
}

#define FAILING " FROM tlsrpt_sum WHERE failed > 0 AND domain > 0 AND" FILTER_WHERE
/* In the order of tlsrpt_summary, with both sums split into halves. */
#define FIND_FAILING                                                                               \
    "SELECT d.id, coalesce(d.whole, d.text), high, low, verified_high, verified_low FROM"          \
    " (SELECT domain, sum(failed / 1073741824) AS high, sum(failed %% 1073741824) AS low,"         \
    " sum(failed / 1073741824 * verified) AS verified_high,"                                       \
    " sum(failed %% 1073741824 * verified) AS verified_low, sum(failed * 1.0) AS failed,"          \
    " sum(failed * 1.0 * verified) AS verified_failed" FAILING                                     \
    " GROUP BY domain) s JOIN tlsrpt_domain d ON d.id = s.domain"                                  \
    " ORDER BY s.verified_failed DESC, s.failed DESC, d.text LIMIT %d"

/* Finds domains with failed sessions; usually these are few. */
static const char *find_failing(const tlsrpt_query *query, int max, apr_array_header_t *list)
{
    return mta_sts_database_rows(query->db, FIND_FAILING, push_domain, list, FILTER_VALUES(query),
                                 max);
}

static int push_failing(void *baton, const char *const *columns)
{
    apr_array_header_t *list = baton;
    tlsrpt_index_failing *domain = apr_array_push(list);

    domain->domain = tlsrpt_query_text(list->pool, columns[1]);
    domain->failed = tlsrpt_query_sum(columns + 2);
    domain->verified_failed = tlsrpt_query_sum(columns + 4);
    return 1;
}

const char *tlsrpt_index_failing_domains(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                                         apr_pool_t *p, apr_array_header_t **list)
{
    tlsrpt_query query;
    const char *error = tlsrpt_query_begin(&query, db, filter, p);

    *list = apr_array_make(p, 16, sizeof(tlsrpt_index_failing));
    if (!error) {
        error = mta_sts_database_rows(db, FIND_FAILING, push_failing, *list, FILTER_VALUES(&query),
                                      max);
    }
    return tlsrpt_query_end(&query, error);
}

/* Finds the other domains, by name. */
static const char *find_others(const tlsrpt_query *query, int max, apr_array_header_t *list)
{
    return mta_sts_database_rows(
        query->db,
        "SELECT d.id, coalesce(d.whole, d.text) FROM tlsrpt_domain d WHERE EXISTS"
        " (SELECT 1 FROM tlsrpt_sum WHERE domain = d.id AND" FILTER_WHERE ")"
        " AND d.id NOT IN (SELECT domain" FAILING ")"
        " ORDER BY d.text LIMIT %d",
        push_domain, list, FILTER_VALUES(query), FILTER_VALUES(query), max);
}

/* Finds the requested domain, if there are reports about it. */
static const char *find_one(const tlsrpt_query *query, apr_array_header_t *list)
{
    return mta_sts_database_rows(
        query->db,
        "SELECT d.id, coalesce(d.whole, d.text) FROM tlsrpt_domain d WHERE d.id = %lld AND EXISTS"
        " (SELECT 1 FROM tlsrpt_sum WHERE domain = d.id AND" FILTER_WHERE ")",
        push_domain, list, query->domain, FILTER_VALUES(query));
}

const char *tlsrpt_query_domains(const tlsrpt_query *query, int max, apr_array_header_t **list)
{
    const char *error;

    *list = apr_array_make(query->p, 16, sizeof(tlsrpt_query_domain));
    if (query->has_domain) {
        return max > 0 ? find_one(query, *list) : NULL;
    }
    error = find_failing(query, max, *list);
    return error || (*list)->nelts >= max ? error : find_others(query, max - (*list)->nelts, *list);
}

static const char *add_totals(const tlsrpt_query *query, const apr_array_header_t *names,
                              apr_array_header_t *list)
{
    const char *error = NULL;
    int i;

    for (i = 0; i < names->nelts && !error; i++) {
        const tlsrpt_query_domain *which = &APR_ARRAY_IDX(names, i, tlsrpt_query_domain);
        tlsrpt_domain *domain = apr_array_push(list);

        memset(domain, 0, sizeof(*domain));
        domain->domain = which->name;
        error = tlsrpt_query_totals(query, which->id, domain);
    }
    return error;
}

const char *tlsrpt_index_domains(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                                 apr_pool_t *p, apr_array_header_t **list)
{
    apr_array_header_t *names;
    tlsrpt_query query;
    const char *error = tlsrpt_query_begin(&query, db, filter, p);

    *list = apr_array_make(p, 16, sizeof(tlsrpt_domain));
    if (!error) {
        error = tlsrpt_query_domains(&query, max, &names);
    }
    if (!error) {
        error = add_totals(&query, names, *list);
    }
    return tlsrpt_query_end(&query, error);
}

/* --- reports --- */

static int push_report(void *baton, const char *const *columns)
{
    apr_array_header_t *list = baton;
    tlsrpt_index_report *report = apr_array_push(list);

    report->host = tlsrpt_query_text(list->pool, columns[0]);
    report->digest = tlsrpt_query_text(list->pool, columns[1]);
    report->channel = tlsrpt_query_text(list->pool, columns[2]);
    report->organization = tlsrpt_query_text(list->pool, columns[3]);
    report->report_id = tlsrpt_query_text(list->pool, columns[4]);
    report->received = mta_sts_database_number(columns[5]);
    report->begin = mta_sts_database_number(columns[6]);
    report->end = mta_sts_database_number(columns[7]);
    report->verified = (int)mta_sts_database_number(columns[8]);
    report->state = (tlsrpt_index_state)mta_sts_database_number(columns[9]);
    report->successful = tlsrpt_query_sum(columns + 10);
    report->failed = tlsrpt_query_sum(columns + 12);
    report->is_only = mta_sts_database_number(columns[14]) == 0;
    return 1;
}

/* The rows are selected first, with an index; then their details are joined. */
#define LAST(from, received, counted)                                                              \
    "SELECT coalesce(h.whole, h.text), r.digest, c.text, coalesce(o.whole, o.text), r.report_id,"  \
    " r.received, r.range_begin, r.range_end, r.verified, r.state,"                                \
    " coalesce(sum(p.successful / 1073741824), 0),"                                                \
    " coalesce(sum(p.successful %% 1073741824), 0), coalesce(sum(p.failed / 1073741824), 0),"      \
    " coalesce(sum(p.failed %% 1073741824), 0),"                                                   \
    " CASE WHEN EXISTS (SELECT 1 FROM tlsrpt_policy x WHERE x.report = r.id AND x.domain <> %lld)" \
    " THEN 1 ELSE 0 END"                                                                           \
    " FROM (SELECT r.id FROM " from " (%d = 0 OR r.range_end > %lld) AND r.verified >= %d"         \
    " AND " FILTER_ORGANIZATION " ORDER BY " received " DESC, r.id DESC LIMIT %d) page"            \
    " JOIN tlsrpt_report r ON r.id = page.id JOIN tlsrpt_string h ON h.id = r.host"                \
    " JOIN tlsrpt_string c ON c.id = r.channel"                                                    \
    " LEFT JOIN tlsrpt_organization o ON o.id = r.organization"                                    \
    " LEFT JOIN tlsrpt_policy p ON p.report = r.id" counted                                        \
    " GROUP BY h.whole, h.text, r.id, r.digest, c.text, o.whole, o.text, r.report_id, r.received," \
    " r.range_begin, r.range_end, r.verified, r.state ORDER BY r.received DESC, r.id DESC"

#define LAST_OF_DOMAIN                                                                             \
    LAST("tlsrpt_policy q JOIN tlsrpt_report r ON r.id = q.report"                                 \
         " WHERE q.is_first = 1 AND q.domain = %lld AND",                                          \
         "q.received", " AND p.domain = %lld")
#define LAST_OF_ALL LAST("tlsrpt_report r WHERE", "r.received", "")

/* Sets the members that depend on the machine and on the filter. */
static void complete(const tlsrpt_query *query, apr_array_header_t *list)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        tlsrpt_index_report *report = &APR_ARRAY_IDX(list, i, tlsrpt_index_report);

        report->is_here = tlsrpt_host_is_this(query->db, report->host);
        report->is_only = report->is_only && query->has_domain;
    }
}

const char *tlsrpt_index_last(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                              apr_pool_t *p, apr_array_header_t **list)
{
    tlsrpt_query query;
    const char *error = tlsrpt_query_begin(&query, db, filter, p);
    int has_since = query.since != 0;

    *list = apr_array_make(p, 16, sizeof(tlsrpt_index_report));
    if (!error) {
        error = query.has_domain
                    ? mta_sts_database_rows(db, LAST_OF_DOMAIN, push_report, *list, query.domain,
                                            query.domain, has_since, query.since, query.is_verified,
                                            query.has_organization, query.organization, max,
                                            query.domain)
                    : mta_sts_database_rows(db, LAST_OF_ALL, push_report, *list, 0LL, has_since,
                                            query.since, query.is_verified, query.has_organization,
                                            query.organization, max);
    }
    complete(&query, *list);
    return tlsrpt_query_end(&query, error);
}

static int add_count(void *baton, const char *const *columns)
{
    tlsrpt_index_counts *counts = baton;
    apr_int64_t state = mta_sts_database_number(columns[0]);
    apr_int64_t files = mta_sts_database_number(columns[1]);

    counts->files += files;
    counts->conflicts += state == TLSRPT_STATE_CONFLICT ? files : 0;
    counts->unreadable += state == TLSRPT_STATE_UNREADABLE ? files : 0;
    return 1;
}

const char *tlsrpt_index_count(mta_sts_database *db, const char *host, apr_pool_t *p,
                               tlsrpt_index_counts *counts)
{
    memset(counts, 0, sizeof(*counts));
    return mta_sts_database_rows(db,
                                 "SELECT state, count(*) FROM tlsrpt_report WHERE host ="
                                 " (SELECT id FROM tlsrpt_string WHERE text = %s) GROUP BY state",
                                 add_count, counts,
                                 tlsrpt_string_key(p, tlsrpt_host_name(db, host)));
}

const char *tlsrpt_index_received(mta_sts_database *db, const char *domain, apr_time_t *received)
{
    apr_int64_t last = 0;
    const char *error =
        domain ? mta_sts_database_rows(db,
                                       "SELECT max(received) FROM tlsrpt_policy WHERE is_first = 1"
                                       " AND domain = (SELECT id FROM tlsrpt_domain"
                                       " WHERE text = %s)",
                                       mta_sts_database_take_number, &last, domain)
               : mta_sts_database_rows(db, "SELECT max(received) FROM tlsrpt_report WHERE id > %d",
                                       mta_sts_database_take_number, &last, 0);

    *received = last;
    return error;
}
