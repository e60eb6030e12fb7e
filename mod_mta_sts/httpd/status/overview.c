/* SPDX-License-Identifier: Apache-2.0 */
/* All policy domains: the page an admin opens in the morning. */
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "httpd/shared/counters.h"
#include "httpd/status/html.h"
#include "httpd/config/report_config.h"
#include "httpd/status/view.h"

/* --- the verdict --- */

/* Some reports tell what failed, and count no failed session. */
static int has_failures(const mts_status_reports *reports)
{
    return !reports->problem && (reports->failed || reports->causes->nelts);
}

static mta_sts_severity verdict_of(const mts_status_view *view)
{
    const mta_sts_certificate *first = view->domains->first;
    mta_sts_severity certificate =
        first ? mts_status_certificate_severity(mta_sts_certificate_days(first, view->now))
              : MTA_STS_OK;
    const int *counts = view->noticed->counts;

    if (counts[MTA_STS_ERROR] || certificate == MTA_STS_ERROR) {
        return MTA_STS_ERROR;
    }
    if (counts[MTA_STS_WARNING] || certificate == MTA_STS_WARNING || view->reports->problem ||
        has_failures(view->reports)) {
        return MTA_STS_WARNING;
    }
    return MTA_STS_OK;
}

static const char *number_of(apr_pool_t *p, int number, const char *what)
{
    return apr_psprintf(p, "%d %s%s", number, what, number == 1 ? "" : "s");
}

static void put_sessions_verdict(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    apr_pool_t *p = view->p;

    if (reports->problem) {
        MTS_HTML(view->out, " Reports cannot be shown: %s.", reports->problem);
    }
    else if (reports->failed) {
        MTS_HTML(view->out, " %s session%s failed %s.", mts_html_count(p, reports->failed),
                 reports->failed == 1 ? "" : "s", view->query.range->words);
    }
    else if (has_failures(reports)) {
        MTS_HTML(view->out, " %s session%s told as secure %s, but failures are told, too.",
                 mts_html_count(p, reports->successful), reports->successful == 1 ? " is" : "s are",
                 view->query.range->words);
    }
    else if (reports->successful) {
        MTS_HTML(view->out, " %s delivered all of %s sessions securely.",
                 number_of(p, reports->senders->nelts + reports->more_senders, "sender"),
                 mts_html_count(p, reports->successful));
    }
    else {
        MTS_HTML(view->out, " No report came %s.", view->query.range->words);
    }
}

static void put_noticed_verdict(const mts_status_view *view, int errors, int warnings)
{
    apr_pool_t *p = view->p;

    if (errors || warnings) {
        MTS_HTML(view->out, " The last start noticed %s%s%s.",
                 errors ? number_of(p, errors, "error") : "", errors && warnings ? " and " : "",
                 warnings ? number_of(p, warnings, "warning") : "");
    }
}

/* What is known is all that can be well. */
static const char *well_words(const mts_status_view *view)
{
    return view->reports->successful ? "All is well." : "No trouble is known.";
}

static void put_verdict(const mts_status_view *view)
{
    const char *const words[] = {
        [MTA_STS_OK] = well_words(view),
        [MTA_STS_WARNING] = "Have a look.",
        [MTA_STS_ERROR] = "Something is broken.",
    };
    mta_sts_severity verdict = verdict_of(view);
    const int *counts = view->noticed->counts;

    MTS_HTML(view->out,
             "<section class=\"verdict %s\" aria-label=\"Verdict\"><p><strong>%s</strong>",
             mta_sts_severity_name(verdict), words[verdict]);
    if (view->domains->list->nelts == 0) {
        MTS_HTML(view->out, " No policy is served here yet.");
    }
    put_noticed_verdict(view, counts[MTA_STS_ERROR], counts[MTA_STS_WARNING]);
    put_sessions_verdict(view);
    MTS_HTML(view->out, "</p></section>");
}

/* --- numbers at a glance --- */

static void put_tiles(const mts_status_view *view)
{
    const mts_report_config *config = mts_report_config_of(view->r->server);
    const int *modes = view->domains->modes;
    mts_usage quarantine = mts_counters_usage(TLSRPT_QUARANTINE);
    apr_pool_t *p = view->p;

    MTS_HTML(view->out, "<dl class=\"tiles\">");
    mts_status_tile_html(
        view->out, "", "Policy domains", mts_html_count(p, view->domains->list->nelts),
        apr_psprintf(p, "%d enforce, %d testing, %d none", modes[MTA_STS_MODE_ENFORCE],
                     modes[MTA_STS_MODE_TESTING], modes[MTA_STS_MODE_NONE]));
    mts_status_session_tiles_html(view);
    mts_status_certificate_tile_html(view, view->domains->first);
    mts_status_tile_html(view->out, "", "Quarantine", mts_html_count(p, quarantine.files),
                         apr_pstrcat(p, mts_html_bytes(p, quarantine.bytes), " of ",
                                     mts_html_bytes(p, config->quarantine_quota), NULL));
    MTS_HTML(view->out, "</dl>");
}

/* What is further down. */
static void put_jumps(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;

    MTS_HTML(view->out, "<nav class=\"jumps\" aria-label=\"On this page\">");
    if (has_failures(reports)) {
        MTS_HTML(view->out, "<a href=\"#causes\">What failed</a>");
    }
    MTS_HTML(view->out, "<a href=\"#domains\">Policy domains</a>");
    if (!reports->problem && reports->reports) {
        MTS_HTML(view->out, "<a href=\"#senders\">Senders</a><a href=\"#last\">Last reports</a>");
    }
    MTS_HTML(view->out, "<a href=\"#endpoint\">This httpd</a></nav>");
}

/* --- what was noticed at start --- */

#define FINDINGS_SHOWN 20

static void put_noticed(const mts_status_view *view)
{
    const mta_sts_findings *findings = view->noticed->findings;
    int i, all = 0;

    for (i = 0; i <= MTA_STS_UNKNOWN; i++) {
        all += view->noticed->counts[i];
    }
    if (!all) {
        return;
    }
    MTS_HTML(view->out,
             "<section aria-labelledby=\"noticed\"><h2 id=\"noticed\">Noticed at the last "
             "start</h2><ul class=\"findings\">");
    for (i = 0; i < findings->list->nelts && i < FINDINGS_SHOWN; i++) {
        mts_status_finding_html(view->out, mta_sts_findings_at(findings, i));
    }
    MTS_HTML(view->out, "</ul>");
    if (all > i) {
        MTS_HTML(view->out,
                 "<p class=\"soft\">and %d more; each domain's page and httpd's error log "
                 "tell them.</p>",
                 all - i);
    }
    MTS_HTML(view->out, "</section>");
}

/* --- the list of domains --- */

static const char *domain_link(const mts_status_view *view, const char *name)
{
    const mts_status_query query = {.domain = name, .range = view->query.range, .page = 1};

    return mts_status_query_render(view->p, &query);
}

static void put_mode(const mts_status_view *view, const mts_domain_facts *facts)
{
    const char *mode = mta_sts_mode_name(facts->domain->mode);

    MTS_HTML(view->out, "<td role=\"cell\"><span class=\"badge %s\">%s</span>", mode, mode);
    if (!facts->is_served) {
        MTS_HTML(view->out, " <span class=\"badge error\">http only</span>");
    }
    MTS_HTML(view->out, "</td>");
}

static void put_days(const mts_status_view *view, const mts_domain_facts *facts)
{
    if (facts->domain->certificate) {
        MTS_HTML(view->out,
                 "<td role=\"cell\" data-name=\"certificate days \" class=\"number\"><span "
                 "class=\"badge %s\">%d</span></td>",
                 mta_sts_severity_name(mts_status_certificate_severity(facts->days)), facts->days);
    }
    else {
        MTS_HTML(
            view->out,
            "<td role=\"cell\" data-name=\"certificate days \" class=\"number soft\">unknown</td>");
    }
}

static void put_share(const mts_status_view *view, const mts_domain *domain, apr_hash_t *shares)
{
    const tlsrpt_domain *share =
        shares ? apr_hash_get(shares, domain->name, APR_HASH_KEY_STRING) : NULL;

    if (!share) {
        MTS_HTML(view->out, "<td role=\"cell\" data-name=\"secure \" class=\"number soft\">%s</td>",
                 shares ? "on its page" : "unknown");
        return;
    }
    MTS_HTML(view->out, "<td role=\"cell\" data-name=\"secure \" class=\"number\">%s",
             mts_html_share(view->p, share->successful,
                            tlsrpt_count_add(share->successful, share->failed)));
    if (share->failed) {
        MTS_HTML(view->out, "<br class=\"wide\"> <span class=\"badge error\">%s failed</span>",
                 mts_html_count(view->p, share->failed));
    }
    MTS_HTML(view->out, "</td>");
}

static void put_findings_count(const mts_status_view *view, const mts_domain_facts *facts)
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
             "<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">%s<a "
             "href=\"%s\">%s</a><details><summary>DNS records"
             "</summary><pre>%s</pre></details></th>",
             domain->shown->is_pattern ? "hosts like " : "", domain_link(view, domain->name),
             domain->name, mts_domains_records(view->p, &facts));
    put_mode(view, &facts);
    put_share(view, domain, shares);
    put_days(view, &facts);
    put_findings_count(view, &facts);
    MTS_HTML(view->out,
             "<td role=\"cell\" class=\"wide\"><code>%s</code></td><td role=\"cell\" class=\"wide "
             "small\">%s</td></tr>",
             facts.id, facts.place);
}

static void put_search(const mts_status_view *view)
{
    MTS_HTML(view->out,
             "<form method=\"get\" role=\"search\"><label for=\"q\">Find</label>"
             "<input id=\"q\" name=\"q\" type=\"search\" value=\"%s\" maxlength=\"253\" "
             "autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\">",
             view->query.search);
    if (view->query.range != MTS_STATUS_RANGE_DEFAULT) {
        MTS_HTML(view->out, "<input type=\"hidden\" name=\"since\" value=\"%s\">",
                 view->query.range->name);
    }
    MTS_HTML(view->out, "<button>Search</button></form>");
}

static void put_page_link(const mts_status_view *view, int page, const char *name)
{
    mts_status_query query = view->query;

    query.page = page;
    MTS_HTML(view->out, "<a href=\"%s#domains\">%s</a>", mts_status_query_render(view->p, &query),
             name);
}

static void put_pages(const mts_status_view *view, const mts_status_list *list)
{
    int page = view->query.page;

    if (list->pages == 1 && page == 1) {
        return;
    }
    MTS_HTML(view->out, "<nav class=\"pages\" aria-label=\"Pages of policy domains\">");
    if (page > 1) {
        put_page_link(view, 1, "First");
        put_page_link(view, page > list->pages ? list->pages : page - 1, "Previous");
    }
    MTS_HTML(view->out, "<span>Page %d of %d</span>", page, list->pages);
    if (page < list->pages) {
        put_page_link(view, page + 1, "Next");
        put_page_link(view, list->pages, "Last");
    }
    MTS_HTML(view->out, "</nav>");
}

static void put_table(const mts_status_view *view, const mts_status_list *list)
{
    apr_hash_t *shares = mts_status_list_shares(view, list);
    int i;

    MTS_HTML(view->out,
             "<table class=\"cards\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\"><th "
             "scope=\"col\" role=\"columnheader\">Domain</th><th scope=\"col\" "
             "role=\"columnheader\">Mode</th>"
             "<th scope=\"col\" role=\"columnheader\" class=\"number\">Secure</th><th "
             "scope=\"col\" role=\"columnheader\" "
             "class=\"number\">Cert. days</th><th scope=\"col\" role=\"columnheader\">Findings</th>"
             "<th scope=\"col\" role=\"columnheader\" class=\"wide\">Policy id</th><th "
             "scope=\"col\" role=\"columnheader\" "
             "class=\"wide\">Place</th></tr></thead><tbody role=\"rowgroup\">");
    for (i = 0; i < list->domains->nelts; i++) {
        put_domain(view, APR_ARRAY_IDX(list->domains, i, const mts_domain *), shares);
    }
    MTS_HTML(view->out, "</tbody></table>");
}

static void put_domains(const mts_status_view *view)
{
    mts_status_list list = mts_status_list_of(view);

    MTS_HTML(view->out,
             "<section aria-labelledby=\"domains\"><h2 id=\"domains\">Policy domains</h2>");
    if (view->domains->list->nelts > 10 || view->query.search) {
        put_search(view);
    }
    if (view->query.search) {
        MTS_HTML(view->out, "<p>%d of %d have \xe2\x80\x9c%s\xe2\x80\x9d in their name.</p>",
                 list.found, view->domains->list->nelts, view->query.search);
    }
    if (list.domains->nelts) {
        put_table(view, &list);
    }
    else {
        MTS_HTML(view->out, "<p>There is none to be shown here.</p>");
    }
    put_pages(view, &list);
    MTS_HTML(view->out, "</section>");
}

void mts_status_overview_html(const mts_status_view *view)
{
    mts_status_begin_html(view, "Mail transport security");
    put_verdict(view);
    put_tiles(view);
    put_jumps(view);
    mts_status_sessions_html(view);
    put_noticed(view);
    put_domains(view);
    mts_status_senders_html(view);
    mts_status_endpoint_html(view);
    mts_status_end_html(view);
}
