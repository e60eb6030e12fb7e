/* SPDX-License-Identifier: Apache-2.0 */
/* Hosted domains: a part of the overview, and a list of their own with search and pages. */
#include <apr_strings.h>

#include "core/base/format.h"
#include "core/base/name.h"
#include "core/policy/policy.h"
#include "httpd/status/hosted.h"
#include "httpd/status/html.h"

/* --- one row --- */

/* The key of a row that is not valid may be any text, for which there is no page. */
static void put_name(const mts_status_view *view, const char *name)
{
    const char *host;

    MTS_HTML(view->out, "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">");
    if (mta_sts_name_parse_host(view->p, name, MTA_STS_NAME_ALABEL, &host)) {
        MTS_HTML(view->out, "%s</th>", mta_sts_format_name(view->p, name));
    }
    else {
        MTS_HTML(view->out, "<a href=\"%s\">%s</a></th>", mts_status_domain_link(view, name), name);
    }
}

static void put_mode(const mts_status_view *view, const mta_sts_list_row *row)
{
    const char *mode =
        row->text ? mta_sts_mode_name(mta_sts_policy_rendered_mode(row->text)) : NULL;

    if (mode) {
        MTS_HTML(view->out, "<td role=\"cell\"><span class=\"badge %s\">%s</span></td>", mode,
                 mode);
    }
    else {
        MTS_HTML(view->out, "<td role=\"cell\" class=\"soft\">not served</td>");
    }
}

static void put_row_state(const mts_status_view *view, const mta_sts_list_row *row)
{
    if (mts_domains_find(view->domains, row->domain)) {
        MTS_HTML(view->out, "<td role=\"cell\"><span class=\"badge info\">no effect</span> httpd's "
                            "configuration defines its policy</td>");
    }
    else if (row->wrong) {
        MTS_HTML(view->out, "<td role=\"cell\"><span class=\"badge error\">wrong</span> %s</td>",
                 mts_html_shorten(view->p, row->wrong));
    }
    else {
        MTS_HTML(view->out, "<td role=\"cell\" class=\"soft\">served</td>");
    }
}

static void put_table(const mts_status_view *view)
{
    const apr_array_header_t *rows = view->hosted->rows;
    apr_array_header_t *names = apr_array_make(view->p, rows->nelts, sizeof(const char *));
    apr_hash_t *shares;
    int i;

    for (i = 0; i < rows->nelts; i++) {
        APR_ARRAY_PUSH(names, const char *) = APR_ARRAY_IDX(rows, i, mta_sts_list_row).domain;
    }
    shares = mts_status_shares_of(view->r, names, &view->query, view->now);
    MTS_HTML(view->out,
             "<table class=\"cards\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\"><th "
             "scope=\"col\" role=\"columnheader\">Domain</th><th scope=\"col\" "
             "role=\"columnheader\">Mode</th><th scope=\"col\" role=\"columnheader\" "
             "class=\"number\">Secure</th><th scope=\"col\" role=\"columnheader\" "
             "class=\"number\">Failed</th><th scope=\"col\" role=\"columnheader\">Row</th><th "
             "scope=\"col\" role=\"columnheader\" class=\"wide\">Policy id</th></tr></thead><tbody "
             "role=\"rowgroup\">");
    for (i = 0; i < rows->nelts; i++) {
        const mta_sts_list_row *row = &APR_ARRAY_IDX(rows, i, mta_sts_list_row);

        put_name(view, row->domain);
        put_mode(view, row);
        mts_status_sessions_cells_html(view, row->domain, shares);
        put_row_state(view, row);
        MTS_HTML(view->out, "<td role=\"cell\" class=\"wide\"><code>%s</code></td></tr>",
                 row->id ? row->id : "");
    }
    MTS_HTML(view->out, "</tbody></table>");
}

/* --- the section --- */

static void put_summary(const mts_status_view *view)
{
    const mta_sts_snapshot_state *state = &view->hosted->state;
    apr_pool_t *p = view->p;

    MTS_HTML(view->out, "<p class=\"soft\">%s from the database, read %s ago. ",
             mta_sts_format_count(p, state->served, "policy is served", "policies are served"),
             mta_sts_format_duration_rounded(p, apr_time_sec(view->now - state->synced)));
    if (state->wrong) {
        MTS_HTML(view->out, "%s: <code>mta-sts policy list --wrong</code>. ",
                 mta_sts_format_count(p, state->wrong, "row is wrong", "rows are wrong"));
    }
    if (state->held) {
        MTS_HTML(view->out,
                 "%s still served without a row: restore the rows, or run "
                 "<code>mta-sts policy confirm</code>. ",
                 mta_sts_format_count(p, state->held, "domain is", "domains are"));
    }
    MTS_HTML(view->out, "</p>");
}

static void put_link(const mts_status_view *view, mts_status_show show, const char *text)
{
    const mts_status_query query = {
        .range = view->query.range, .page = 1, .search = view->query.search, .show = show};

    MTS_HTML(view->out, "<p class=\"more\"><a href=\"%s#hosted\">%s</a></p>",
             mts_status_query_render(view->p, &query), text);
}

static void put_links(const mts_status_view *view)
{
    const mts_status_hosted *hosted = view->hosted;
    apr_pool_t *p = view->p;

    if (view->query.show == MTS_STATUS_SHOW_FAILING) {
        mts_status_pages_html(view, hosted->pages, "hosted");
        return;
    }
    if (hosted->state.wrong && !view->query.search) {
        put_link(
            view, MTS_STATUS_SHOW_WRONG,
            apr_psprintf(p, "Show %s",
                         mta_sts_format_count(p, hosted->state.wrong, "wrong row", "wrong rows")));
    }
    if (hosted->found > hosted->rows->nelts) {
        put_link(view, MTS_STATUS_SHOW_HOSTED,
                 apr_psprintf(
                     p, "Show all %s",
                     mta_sts_format_count(p, hosted->found, "hosted domain", "hosted domains")));
    }
}

/* A part of the overview, or of the results of a search in the list of configured domains. */
void mts_status_hosted_html(const mts_status_view *view)
{
    const mts_status_hosted *hosted = view->hosted;

    if (!hosted || (mts_status_query_is_list(&view->query) && !hosted->rows->nelts)) {
        return;
    }
    MTS_HTML(view->out,
             "<section aria-labelledby=\"hosted\"><h2 id=\"hosted\">Hosted domains</h2>");
    if (hosted->problem) {
        MTS_HTML(view->out, "<p>They cannot be shown: %s.</p>", hosted->problem);
    }
    else {
        put_summary(view);
    }
    if (hosted->rows->nelts) {
        put_table(view);
        put_links(view);
    }
    MTS_HTML(view->out, "</section>");
}

/* The separate list of hosted domains. */
void mts_status_hosted_list_html(const mts_status_view *view)
{
    const mts_status_hosted *hosted = view->hosted;

    mts_status_begin_html(view, "Hosted domains");
    MTS_HTML(view->out, "<section aria-labelledby=\"hosted\"><h2 id=\"hosted\">%s",
             mta_sts_format_count(view->p, hosted->found,
                                  hosted->only_wrong ? "wrong row" : "hosted domain",
                                  hosted->only_wrong ? "wrong rows" : "hosted domains"));
    if (view->query.search) {
        MTS_HTML(view->out, " with \xe2\x80\x9c%s\xe2\x80\x9d in their name", view->query.search);
    }
    MTS_HTML(view->out, "</h2>");
    mts_status_controls_html(view);
    if (hosted->problem) {
        MTS_HTML(view->out, "<p>They cannot be shown: %s.</p>", hosted->problem);
    }
    else if (hosted->rows->nelts) {
        put_table(view);
    }
    else {
        MTS_HTML(view->out, "<p>No hosted domains to show.</p>");
    }
    mts_status_pages_html(view, hosted->pages, "hosted");
    MTS_HTML(view->out, "</section>");
    mts_status_end_html(view);
}
