/* SPDX-License-Identifier: Apache-2.0 */
/* The list of policy domains: a part of the overview, and a page with search and filters. */
#include <apr_hash.h>
#include <apr_strings.h>

#include "core/base/format.h"
#include "httpd/status/html.h"
#include "httpd/status/view.h"

#define SEARCH_MIN 11 /* number of domains; fewer need no search */

/* --- one domain --- */

static void put_mode(const mts_status_view *view, const mts_domain_facts *facts)
{
    const char *mode = mta_sts_mode_name(facts->domain->mode);

    MTS_HTML(view->out, "<td role=\"cell\"><span class=\"badge %s\">%s</span>", mode, mode);
    if (!facts->is_served) {
        MTS_HTML(view->out, " <span class=\"badge error\">http only</span>");
    }
    MTS_HTML(view->out, "</td>");
}

static void put_sessions(const mts_status_view *view, const mts_domain *domain, apr_hash_t *shares)
{
    const tlsrpt_domain *share =
        shares ? apr_hash_get(shares, domain->name, APR_HASH_KEY_STRING) : NULL;
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

static void put_certificate(const mts_status_view *view, const mts_domain_facts *facts)
{
    MTS_HTML(view->out, "<td role=\"cell\" data-name=\"certificate \" class=\"number\">");
    if (!facts->domain->certificate) {
        MTS_HTML(view->out, "<span class=\"soft\">unknown</span></td>");
        return;
    }
    MTS_HTML(
        view->out, "<span class=\"badge %s\">",
        mta_sts_severity_name(mta_sts_certificate_severity(facts->domain->certificate, view->now)));
    if (facts->days < 0) {
        MTS_HTML(view->out, "expired</span></td>");
    }
    else {
        MTS_HTML(view->out, "%d day%s</span></td>", facts->days, facts->days == 1 ? "" : "s");
    }
}

static void put_findings(const mts_status_view *view, const mts_domain_facts *facts)
{
    mta_sts_severity worst = MTA_STS_OK;
    int i;

    for (i = 0; i < facts->findings->list->nelts; i++) {
        mta_sts_severity severity = mta_sts_findings_at(facts->findings, i)->severity;

        worst = severity == MTA_STS_UNKNOWN ? worst : severity > worst ? severity : worst;
    }
    if (i == 0) {
        MTS_HTML(view->out, "<td role=\"cell\" data-name=\"findings \" class=\"soft\">none</td>");
        return;
    }
    MTS_HTML(view->out, "<td role=\"cell\"><span class=\"badge %s\">%d %s</span></td>",
             mta_sts_severity_name(worst), i, i == 1 ? "finding" : "findings");
}

static void put_domain(const mts_status_view *view, const mts_domain *domain, apr_hash_t *shares)
{
    mts_domain_facts facts = mts_domains_facts(view->p, view->domains, domain, view->now);

    MTS_HTML(view->out,
             "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">%s<a href=\"%s\">%s</a></th>",
             domain->shown->is_pattern ? "policy hosts that match " : "",
             mts_status_domain_link(view, domain->name), domain->name);
    put_mode(view, &facts);
    put_sessions(view, domain, shares);
    put_certificate(view, &facts);
    put_findings(view, &facts);
    MTS_HTML(view->out, "<td role=\"cell\" class=\"wide\"><code>%s</code></td></tr>", facts.id);
}

static void put_table(const mts_status_view *view, const mts_status_list *list)
{
    apr_hash_t *shares = mts_status_list_shares(view, list);
    int i;

    MTS_HTML(view->out,
             "<table class=\"cards\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\"><th "
             "scope=\"col\" role=\"columnheader\">Domain</th><th scope=\"col\" "
             "role=\"columnheader\">Mode</th><th scope=\"col\" role=\"columnheader\" "
             "class=\"number\">Secure</th><th scope=\"col\" role=\"columnheader\" "
             "class=\"number\">Failed</th><th scope=\"col\" role=\"columnheader\" "
             "class=\"number\">Certificate</th><th scope=\"col\" role=\"columnheader\">Findings"
             "</th><th scope=\"col\" role=\"columnheader\" class=\"wide\">Policy id</th></tr>"
             "</thead><tbody role=\"rowgroup\">");
    for (i = 0; i < list->domains->nelts; i++) {
        put_domain(view, APR_ARRAY_IDX(list->domains, i, const mts_domain *), shares);
    }
    MTS_HTML(view->out, "</tbody></table>");
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
    } filters[] = {
        {MTS_STATUS_SHOW_ALL, "All"},
        {MTS_STATUS_SHOW_FAILING, "Failing"},
        {MTS_STATUS_SHOW_NO_CERTIFICATE, "No certificate"},
    };
    apr_size_t i;

    MTS_HTML(view->out, "<nav class=\"filters\" aria-label=\"Filter policy domains\"><ul>");
    for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        mts_status_query query = view->query;

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

static void put_page_link(const mts_status_view *view, int page, const char *name)
{
    mts_status_query query = view->query;

    query.page = page;
    query.show = query.show == MTS_STATUS_SHOW_WORST ? MTS_STATUS_SHOW_ALL : query.show;
    MTS_HTML(view->out, "<a href=\"%s#domains\">%s</a>", mts_status_query_render(view->p, &query),
             name);
}

static void put_pages(const mts_status_view *view, const mts_status_list *list)
{
    int page = view->query.page;

    if (list->pages == 1) {
        return;
    }
    MTS_HTML(view->out, "<nav class=\"pages\" aria-label=\"Pages of policy domains\">");
    if (page > 1) {
        put_page_link(view, 1, "First");
        put_page_link(view, page - 1, "Previous");
    }
    MTS_HTML(view->out, "<span>Page %d of %d</span>", page, list->pages);
    if (page < list->pages) {
        put_page_link(view, page + 1, "Next");
        put_page_link(view, list->pages, "Last");
    }
    MTS_HTML(view->out, "</nav>");
}

/* Search and filters, if there are more domains than the overview shows. */
static void put_controls(const mts_status_view *view)
{
    if (view->domains->list->nelts >= SEARCH_MIN || mts_status_query_is_list(&view->query)) {
        MTS_HTML(view->out, "<div class=\"controls\">");
        put_search(view);
        put_filters(view);
        MTS_HTML(view->out, "</div>");
    }
}

static void put_list(const mts_status_view *view, const mts_status_list *list)
{
    if (list->domains->nelts) {
        put_table(view, list);
    }
    else {
        MTS_HTML(view->out, "<p>No policy domains to show.</p>");
    }
}

void mts_status_domains_html(const mts_status_view *view)
{
    mts_status_list list = mts_status_list_of(view);

    MTS_HTML(view->out,
             "<section aria-labelledby=\"domains\"><h2 id=\"domains\">Policy domains</h2>");
    put_controls(view);
    if (list.domains->nelts > MTS_STATUS_WORST) {
        list.domains->nelts = MTS_STATUS_WORST;
    }
    put_list(view, &list);
    if (list.found > list.domains->nelts) {
        MTS_HTML(view->out, "<p class=\"more\">");
        put_page_link(view, 1, apr_psprintf(view->p, "Show all %d domains", list.found));
        MTS_HTML(view->out, "</p>");
    }
    MTS_HTML(view->out, "</section>");
}

void mts_status_list_html(const mts_status_view *view)
{
    mts_status_list list = mts_status_list_of(view);

    mts_status_begin_html(view, "Policy domains");
    MTS_HTML(view->out,
             "<section aria-labelledby=\"domains\"><h2 id=\"domains\">%d of %d policy "
             "domains",
             list.found, view->domains->list->nelts);
    if (view->query.search) {
        MTS_HTML(view->out, " with \xe2\x80\x9c%s\xe2\x80\x9d in their name", view->query.search);
    }
    MTS_HTML(view->out, "</h2>");
    put_controls(view);
    put_list(view, &list);
    put_pages(view, &list);
    MTS_HTML(view->out, "</section>");
    mts_status_end_html(view);
}
