/* SPDX-License-Identifier: Apache-2.0 */
/* The list of policy domains: a part of the overview, and a page with search and filters. */
#include <apr_hash.h>
#include <apr_strings.h>

#include "core/base/format.h"
#include "httpd/status/html.h"
#include "httpd/status/view.h"

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
    mts_domain_facts facts = mts_status_facts(view, domain);

    MTS_HTML(view->out,
             "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">%s<a href=\"%s\">%s</a></th>",
             domain->shown->is_pattern ? "policy hosts that match " : "",
             mts_status_domain_link(view, domain->name), domain->name);
    put_mode(view, &facts);
    mts_status_sessions_cells_html(view, domain->name, shares);
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
    mts_status_controls_html(view);
    if (list.domains->nelts > MTS_STATUS_WORST) {
        list.domains->nelts = MTS_STATUS_WORST;
    }
    put_list(view, &list);
    if (list.found > list.domains->nelts) {
        MTS_HTML(view->out, "<p class=\"more\">");
        mts_status_page_link_html(view, 1, apr_psprintf(view->p, "Show all %d domains", list.found),
                                  "domains");
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
    mts_status_controls_html(view);
    put_list(view, &list);
    mts_status_pages_html(view, list.pages, "domains");
    MTS_HTML(view->out, "</section>");
    mts_status_hosted_html(view);
    mts_status_end_html(view);
}
