/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status/series.h"

#include <string.h>

#include "httpd/config/report_scope.h"
#include "httpd/hosting/hosting.h"
#include "httpd/status/database.h"
#include "httpd/status/reports.h"
#include "tlsrpt/advice/evidence.h"
#include "tlsrpt/index/index.h"

/* Successful sessions come first, then those of each result type. */
#define SUCCESS 0
#define RESULT(type) (1 + (int)(type))
#define UNSPECIFIED RESULT(TLSRPT_RESULT_UNSPECIFIED)

const char *mts_status_result_label(int result)
{
    return result == SUCCESS ? "success"
                             : tlsrpt_result_type_label((tlsrpt_result_type)(result - 1));
}

typedef struct gathering {
    const server_rec *server;
    const mts_domains *domains;
    tlsrpt_filter filter;
    apr_array_header_t *series; /* of mts_status_series */
    mts_status_series rest;     /* all domains without a series of their own */
    int omitted;
} gathering;

static void count_cause(mts_status_series *series, const tlsrpt_cause *cause)
{
    int first = tlsrpt_evidence_counts(cause->is_verified) ? 0 : MTS_STATUS_RESULTS;
    apr_int64_t *sessions =
        &series->sessions[first + RESULT(tlsrpt_result_type_of(cause->result_type))];

    *sessions = tlsrpt_count_add(*sessions, cause->sessions);
}

/* Must be called after all causes have been counted: failed sessions without details count as
 * unspecified. */
static void count_unspecified_of(apr_int64_t *sessions, apr_int64_t failed)
{
    int result;

    for (result = SUCCESS + 1; result < MTS_STATUS_RESULTS; result++) {
        failed -= sessions[result] < failed ? sessions[result] : failed;
    }
    sessions[UNSPECIFIED] = tlsrpt_count_add(sessions[UNSPECIFIED], failed);
}

static void count_unspecified(mts_status_series *series, const tlsrpt_domain *domain)
{
    count_unspecified_of(series->sessions, domain->verified_failed);
    count_unspecified_of(series->sessions + MTS_STATUS_RESULTS,
                         domain->failed - domain->verified_failed);
}

static mts_status_series make_series(const char *name, const tlsrpt_domain *domain)
{
    mts_status_series series = {.domain = name};

    series.sessions[SUCCESS] = domain->verified_successful;
    series.sessions[MTS_STATUS_RESULTS + SUCCESS] =
        domain->successful - domain->verified_successful;
    return series;
}

static const char *add_causes(mta_sts_database *db, apr_pool_t *p, const gathering *g,
                              mts_status_series *series)
{
    const tlsrpt_filter filter = {.since = g->filter.since, .domain = series->domain};
    apr_array_header_t *causes;
    const char *error = tlsrpt_index_causes(db, &filter, TLSRPT_INDEX_CAUSES_MAX, 0, p, &causes);
    int i;

    for (i = 0; !error && i < causes->nelts; i++) {
        count_cause(series, &APR_ARRAY_IDX(causes, i, tlsrpt_index_cause).cause);
    }
    return error;
}

/* Adds a domain without a series of its own to the rest. */
static void add_to_rest(mts_status_series *rest, const mts_status_series *series)
{
    int i;

    for (i = 0; i < 2 * MTS_STATUS_RESULTS; i++) {
        rest->sessions[i] = tlsrpt_count_add(rest->sessions[i], series->sessions[i]);
    }
}

/* Whether a name is a policy domain, configured or hosted, a domain of MTASTSReportDomain, or an MX
 * host (reports about DANE name MX hosts). */
static int is_local(apr_pool_t *p, const gathering *g, const char *name)
{
    return mts_domains_find(g->domains, name) || mts_report_scope_has_name(g->server, p, name) ||
           mts_hosting_has_name(g->server, p, name);
}

static const char *add_domain(mta_sts_database *db, apr_pool_t *p, gathering *g,
                              const tlsrpt_domain *domain)
{
    mts_status_series series = make_series(domain->domain, domain);
    const char *error;

    if (!is_local(p, g, domain->domain)) {
        return NULL; /* names that anyone can make up are in no series */
    }
    series.end = domain->end;
    error = domain->failed ? add_causes(db, p, g, &series) : NULL;
    count_unspecified(&series, domain);
    if (g->series->nelts < MTS_STATUS_SERIES_MAX) {
        APR_ARRAY_PUSH(g->series, mts_status_series) = series;
    }
    else {
        add_to_rest(&g->rest, &series);
        g->omitted++;
    }
    return error;
}

static const char *add_all(mta_sts_database *db, apr_pool_t *p, gathering *g)
{
    apr_array_header_t *list;
    const char *error = tlsrpt_index_domains(db, &g->filter, TLSRPT_INDEX_LIST_MAX, p, &list);
    int i;

    for (i = 0; !error && i < list->nelts; i++) {
        error = add_domain(db, p, g, &APR_ARRAY_IDX(list, i, tlsrpt_domain));
    }
    return error;
}

static int is_empty(const mts_status_series *series)
{
    int i;

    for (i = 0; i < 2 * MTS_STATUS_RESULTS && !series->sessions[i]; i++) {
    }
    return i == 2 * MTS_STATUS_RESULTS;
}

static const char *gather(mta_sts_database *db, apr_pool_t *p, void *baton)
{
    gathering *g = baton;
    const char *error;

    g->series = apr_array_make(p, 16, sizeof(mts_status_series));
    g->omitted = 0;
    memset(&g->rest, 0, sizeof(g->rest));
    g->rest.domain = "other";
    error = add_all(db, p, g);
    if (!error && !g->filter.domain && !is_empty(&g->rest)) {
        APR_ARRAY_PUSH(g->series, mts_status_series) = g->rest;
    }
    return error;
}

apr_array_header_t *mts_status_series_of(request_rec *r, const mts_domains *domains,
                                         const mts_status_query *query, apr_time_t now,
                                         int *omitted)
{
    gathering g = {
        .server = r->server, .domains = domains, .filter = mts_status_filter_of(query, now)};
    const char *error = mts_status_database_read(r, gather, &g);

    *omitted = error ? 0 : g.omitted;
    return error ? NULL : g.series;
}
