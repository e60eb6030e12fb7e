/* SPDX-License-Identifier: Apache-2.0 */
/* Parts that lists of domains share. */
#include <apr_hash.h>
#include <apr_strings.h>

#include "core/base/format.h"
#include "httpd/status/html.h"
#include "httpd/status/view.h"

#define SEARCH_MIN 11 /* minimum number of domains for which there is a search form */

void mts_status_sessions_cells_html(const mts_status_view *view, const char *domain,
                                    apr_hash_t *shares)
{
    const tlsrpt_domain *share = shares ? apr_hash_get(shares, domain, APR_HASH_KEY_STRING) : NULL;
    mts_status_figures figures;

    if (!share) {
        const char *text = shares ? "see its page" : "unknown";

        MTS_HTML(view->out,
                 "<td role=\"cell\" data-name=\"secure \" class=\"number soft\">%s</td>"
                 "<td role=\"cell\" data-name=\"failed \" class=\"number soft\">%s</td>",
                 text, text);
        return;
    }
    figures = mts_status_figures_of(share);
    MTS_HTML(
        view->out,
        "<td role=\"cell\" data-name=\"secure \" class=\"number %s\">%s</td>"
        "<td role=\"cell\" data-name=\"failed \" class=\"number\"><span class=\"%s\">%s</span>",
        figures.successful || figures.failed ? "" : "soft",
        mts_status_share(view->p, figures.successful, figures.failed),
        !figures.failed       ? "soft"
        : figures.is_verified ? "badge error"
                              : "badge testing",
        mta_sts_format_number(view->p, figures.failed));
    MTS_HTML(view->out, "%s</td>", figures.failed && !figures.is_verified ? " unverified" : "");
}

/* --- search, filters and pages --- */

static void put_hidden(const mts_status_view *view)
{
    if (view->query.range != MTS_STATUS_RANGE_DEFAULT) {
        MTS_HTML(view->out, "<input type=\"hidden\" name=\"since\" value=\"%s\">",
                 view->query.range->name);
    }
    if (mts_status_query_show_name(&view->query)) {
        MTS_HTML(view->out, "<input type=\"hidden\" name=\"show\" value=\"%s\">",
                 mts_status_query_show_name(&view->query));
    }
}

static void put_search(const mts_status_view *view)
{
    MTS_HTML(view->out,
             "<form method=\"get\" role=\"search\"><label for=\"q\">Find</label>"
             "<input id=\"q\" name=\"q\" type=\"search\" value=\"%s\" maxlength=\"253\" "
             "autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\">",
             view->query.search);
    put_hidden(view);
    MTS_HTML(view->out, "<button>Search</button></form>");
}

static void put_filters(const mts_status_view *view)
{
    static const struct {
        mts_status_show show;
        const char *name;
        int is_hosted; /* whether the filter exists only with MTASTSHosting */
    } filters[] = {
        {MTS_STATUS_SHOW_ALL, "All", 0},
        {MTS_STATUS_SHOW_FAILING, "Failing", 0},
        {MTS_STATUS_SHOW_NO_CERTIFICATE, "No certificate", 0},
        {MTS_STATUS_SHOW_HOSTED, "Hosted", 1},
        {MTS_STATUS_SHOW_WRONG, "Wrong rows", 1},
    };
    apr_size_t i;

    MTS_HTML(view->out, "<nav class=\"filters\" aria-label=\"Filter policy domains\"><ul>");
    for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        mts_status_query query = view->query;

        if (filters[i].is_hosted && !view->hosted) {
            continue;
        }
        query.show = filters[i].show;
        query.page = 1;
        MTS_HTML(view->out, "<li><a href=\"%s\"", mts_status_query_render(view->p, &query));
        if (query.show == view->query.show) {
            MTS_HTML(view->out, " aria-current=\"page\"");
        }
        MTS_HTML(view->out, ">%s</a></li>", filters[i].name);
    }
    MTS_HTML(view->out, "</ul></nav>");
}

void mts_status_page_link_html(const mts_status_view *view, int page, const char *name,
                               const char *anchor)
{
    mts_status_query query = view->query;

    query.page = page;
    query.show = query.show == MTS_STATUS_SHOW_WORST ? MTS_STATUS_SHOW_ALL : query.show;
    MTS_HTML(view->out, "<a href=\"%s#%s\">%s</a>", mts_status_query_render(view->p, &query),
             anchor, name);
}

void mts_status_pages_html(const mts_status_view *view, int pages, const char *anchor)
{
    int page = view->query.page;

    if (pages == 1) {
        return;
    }
    MTS_HTML(view->out, "<nav class=\"pages\" aria-label=\"Pages of policy domains\">");
    if (page > 1) {
        mts_status_page_link_html(view, 1, "First", anchor);
        mts_status_page_link_html(view, page - 1, "Previous", anchor);
    }
    MTS_HTML(view->out, "<span>Page %d of %d</span>", page, pages);
    if (page < pages) {
        mts_status_page_link_html(view, page + 1, "Next", anchor);
        mts_status_page_link_html(view, pages, "Last", anchor);
    }
    MTS_HTML(view->out, "</nav>");
}

/* Search and filters, if there are more domains than the overview shows. */
void mts_status_controls_html(const mts_status_view *view)
{
    if (view->hosted || view->domains->list->nelts >= SEARCH_MIN ||
        mts_status_query_is_list(&view->query)) {
        MTS_HTML(view->out, "<div class=\"controls\">");
        put_search(view);
        put_filters(view);
        MTS_HTML(view->out, "</div>");
    }
}
