/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status/hosted.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "httpd/hosting/hosting.h"

/* The parameters of reading, and the result. */
typedef struct gathering {
    const mts_status_view *view;
    mts_status_hosted *hosted;
} gathering;

/* Finds the rows of those failing domains that are hosted and not configured. */
static const char *find_failing(mta_sts_lookup *lookup, apr_pool_t *p, const gathering *g,
                                int limit)
{
    const mts_status_view *view = g->view;
    const apr_int64_t first = (apr_int64_t)(view->query.page - 1) * MTS_STATUS_PAGE;
    int i;

    for (i = 0; !view->reports->problem && i < view->reports->failing->nelts; i++) {
        const char *name = APR_ARRAY_IDX(view->reports->failing, i, tlsrpt_index_failing).domain;
        mta_sts_list_row row;
        const char *error = mta_sts_list_find(lookup, name, p, &row);

        if (error) {
            return error;
        }
        if (!row.domain || mts_domains_find(view->domains, name) ||
            (view->query.search && !strstr(name, view->query.search))) {
            continue;
        }
        if (g->hosted->found >= first && g->hosted->rows->nelts < limit) {
            APR_ARRAY_PUSH(g->hosted->rows, mta_sts_list_row) = row;
        }
        g->hosted->found++;
    }
    return NULL;
}

static const char *find_page(mta_sts_lookup *lookup, apr_pool_t *p, const gathering *g)
{
    const mts_status_query *query = &g->view->query;
    int is_list = mts_status_query_is_hosted(query);
    const mta_sts_list_query wanted = {query->search, g->hosted->only_wrong};
    const char *error = mta_sts_list_count(lookup, &wanted, &g->hosted->found);

    return error ? error
                 : mta_sts_list_page(lookup, &wanted,
                                     is_list ? (apr_int64_t)(query->page - 1) * MTS_STATUS_PAGE : 0,
                                     is_list ? MTS_STATUS_PAGE : MTS_STATUS_WORST, p,
                                     &g->hosted->rows);
}

static int is_shown(const mts_status_hosted *hosted, const char *domain)
{
    int i = 0;

    while (i < hosted->rows->nelts &&
           strcmp(APR_ARRAY_IDX(hosted->rows, i, mta_sts_list_row).domain, domain) != 0) {
        i++;
    }
    return i < hosted->rows->nelts;
}

/* Finds the rows for the overview: domains with failed sessions, then rows that are not valid; if
 * there are none, the first rows. */
static const char *find_worst(mta_sts_lookup *lookup, apr_pool_t *p, const gathering *g)
{
    mts_status_hosted *hosted = g->hosted;
    const char *error = find_failing(lookup, p, g, MTS_STATUS_WORST);
    mta_sts_list_query wanted = {NULL, 1};
    apr_array_header_t *more;
    int i;

    if (!error && !hosted->rows->nelts && !hosted->state.wrong) {
        wanted.only_wrong = 0;
    }
    error = error ? error : mta_sts_list_page(lookup, &wanted, 0, MTS_STATUS_WORST, p, &more);
    for (i = 0; !error && i < more->nelts && hosted->rows->nelts < MTS_STATUS_WORST; i++) {
        const mta_sts_list_row *row = &APR_ARRAY_IDX(more, i, mta_sts_list_row);

        if (!is_shown(hosted, row->domain)) {
            APR_ARRAY_PUSH(hosted->rows, mta_sts_list_row) = *row;
        }
    }
    wanted.only_wrong = 0;
    return error ? error : mta_sts_list_count(lookup, &wanted, &hosted->found);
}

/* Whether the page has rows of hosted domains: a list of configured domains does only after a
 * search. */
static int is_listed(const mts_status_query *query)
{
    return mts_status_query_is_hosted(query) || query->search;
}

static const char *gather(mta_sts_lookup *lookup, apr_pool_t *p, void *baton)
{
    const gathering *g = baton;
    const mts_status_query *query = &g->view->query;
    mts_status_hosted *hosted = g->hosted;
    const char *error = mta_sts_lookup_state(lookup, p, &hosted->state);

    hosted->rows = apr_array_make(p, MTS_STATUS_PAGE, sizeof(mta_sts_list_row));
    hosted->found = 0;
    hosted->only_wrong = query->show == MTS_STATUS_SHOW_WRONG;
    if (error || query->domain) {
        return error;
    }
    error = !mts_status_query_is_list(query)         ? find_worst(lookup, p, g)
            : query->show == MTS_STATUS_SHOW_FAILING ? find_failing(lookup, p, g, MTS_STATUS_PAGE)
            : is_listed(query)                       ? find_page(lookup, p, g)
                                                     : NULL;
    hosted->pages =
        hosted->found ? (int)((hosted->found + MTS_STATUS_PAGE - 1) / MTS_STATUS_PAGE) : 1;
    return error;
}

const mts_status_hosted *mts_status_hosted_read(const mts_status_view *view)
{
    const server_rec *s = view->r->server;
    mts_status_hosted *hosted;
    gathering g = {view, NULL};

    if (!mts_hosting_is_on(s)) {
        return NULL;
    }
    hosted = g.hosted = apr_pcalloc(view->p, sizeof(*hosted));
    hosted->pages = 1;
    hosted->rows = apr_array_make(view->p, 1, sizeof(mta_sts_list_row));
    hosted->problem = mts_hosting_read(s, view->p, gather, &g);
    return hosted;
}

/* --- the verdict --- */

static int is_stale(const mts_status_view *view)
{
    return view->now - view->hosted->state.synced > MTS_STATUS_HOSTED_STALE;
}

mta_sts_severity mts_status_hosted_verdict(const mts_status_view *view)
{
    const mts_status_hosted *hosted = view->hosted;

    if (!hosted) {
        return MTA_STS_OK;
    }
    return hosted->problem || hosted->state.held || is_stale(view) ? MTA_STS_ERROR
           : hosted->state.wrong                                   ? MTA_STS_WARNING
                                                                   : MTA_STS_OK;
}

const char *mts_status_hosted_text(const mts_status_view *view)
{
    const mts_status_hosted *hosted = view->hosted;
    apr_pool_t *p = view->p;
    const char *text = "";

    if (!hosted) {
        return text;
    }
    if (hosted->problem) {
        return apr_psprintf(p, " Hosted domains cannot be shown: %s.", hosted->problem);
    }
    if (hosted->state.held) {
        text = apr_psprintf(
            p, " %s suddenly missing from the database; %s still served.",
            mta_sts_format_count(p, hosted->state.held, "hosted domain is", "hosted domains are"),
            hosted->state.held == 1 ? "it is" : "they are");
    }
    if (is_stale(view)) {
        text = apr_psprintf(
            p, "%s Hosted domains were last read from the database %s ago.", text,
            mta_sts_format_duration_rounded(p, apr_time_sec(view->now - hosted->state.synced)));
    }
    if (hosted->state.wrong) {
        text = apr_psprintf(p, "%s %s.", text,
                            mta_sts_format_count(p, hosted->state.wrong,
                                                 "row of a hosted domain is wrong",
                                                 "rows of hosted domains are wrong"));
    }
    return text;
}
