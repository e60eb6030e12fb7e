/* SPDX-License-Identifier: Apache-2.0 */
/* The page of one policy domain. */
#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "httpd/shared/counters.h"
#include "httpd/status/html.h"
#include "httpd/status/rollout.h"
#include "httpd/status/view.h"

static void put_tiles(const mts_status_view *view, const mts_domain_facts *facts)
{
    MTS_HTML(view->out, "<dl class=\"tiles\">");
    if (facts) {
        mts_status_tile_html(view->out, "", "Mode", mta_sts_mode_name(facts->domain->mode),
                             facts->is_served ? "as served to senders"
                                              : "not served: its virtual host has no TLS");
    }
    mts_status_session_tiles_html(view);
    if (facts) {
        mts_status_certificate_tile_html(view, facts->domain->certificate);
    }
    MTS_HTML(view->out, "</dl>");
}

static void put_findings(const mts_status_view *view, const mts_domain_facts *facts)
{
    int i;

    if (facts->findings->list->nelts == 0) {
        return;
    }
    MTS_HTML(view->out, "<section aria-labelledby=\"findings\"><h2 id=\"findings\">Findings</h2>"
                        "<ul class=\"findings\">");
    for (i = 0; i < facts->findings->list->nelts; i++) {
        mts_status_finding_html(view->out, mta_sts_findings_at(facts->findings, i));
    }
    MTS_HTML(view->out, "</ul></section>");
}

/* Adds the name of a server, in which text in parentheses is FILE:LINE. */
static void put_server(const mts_status_view *view, const server_rec *s)
{
    char *name = apr_pstrdup(view->p, mts_config_server_name(view->p, s));
    char *location = strstr(name, " ("), *end = location ? strrchr(location, ')') : NULL;

    if (!end) {
        MTS_HTML(view->out, " in the %s", name);
        return;
    }
    *location = *end = '\0';
    MTS_HTML(view->out, " in the %s, ", name);
    mts_status_location_html(view->out, location + 2);
}

static void put_definitions(const mts_status_view *view, const mts_domain *domain)
{
    int i;

    if (domain->is_hosted) {
        MTS_HTML(view->out, "its row in the database");
        return;
    }
    for (i = 0; i < domain->definitions; i++) {
        MTS_HTML(view->out, "<div>");
        mts_status_location_html(view->out,
                                 mts_config_location(view->p, domain->served[i].policy->at));
        put_server(view, domain->served[i].server);
        MTS_HTML(view->out, "%s</div>",
                 domain->served + i == domain->shown ? " (served to senders)" : "");
    }
}

static void put_policy(const mts_status_view *view, const mts_domain_facts *facts)
{
    apr_pool_t *p = view->p;

    MTS_HTML(view->out,
             "<section aria-labelledby=\"policy\"><h2 id=\"policy\">Policy</h2>"
             "<dl class=\"facts\"><dt>Mode</dt><dd><span class=\"badge %s\">%s</span></dd>",
             mta_sts_mode_name(facts->policy->mode), mta_sts_mode_name(facts->policy->mode));
    MTS_HTML(view->out, "<dt>MX hosts</dt><dd>%s</dd>",
             apr_array_pstrcat(p, facts->policy->mx, ' '));
    MTS_HTML(view->out, "<dt>Cached by senders for</dt><dd>%s</dd>",
             mta_sts_format_duration(p, facts->policy->max_age));
    MTS_HTML(view->out, "<dt>Policy id</dt><dd><code>%s</code></dd>", facts->id);
    if (facts->domain->certificate) {
        MTS_HTML(view->out, "<dt>Certificate</dt><dd>expires on %s ",
                 mta_sts_format_date(p, facts->domain->certificate->not_after));
        if (!view->query.is_in_path) {
            mts_status_location_html(view->out, facts->domain->certificate->path);
        }
        MTS_HTML(view->out, "</dd>");
    }
    mts_status_rollout_html(view);
    if (!view->query.is_in_path) {
        MTS_HTML(view->out, "<dt>Defined in</dt><dd>");
        put_definitions(view, facts->domain);
        MTS_HTML(view->out, "</dd>");
    }
    MTS_HTML(view->out, "</dl></section>");
}

static void put_records(const mts_status_view *view, const mts_domain_facts *facts)
{
    char *lines = apr_pstrdup(view->p, mts_domains_records(view->p, view->domains, facts)), *line,
         *state;

    MTS_HTML(view->out, "<section aria-labelledby=\"records\"><h2 id=\"records\">DNS records</h2>"
                        "<p class=\"soft\">Publish them once the policy is served.");
    if (!view->query.is_in_path) {
        MTS_HTML(view->out,
                 " <code>sudo mta-sts dns --from-apache %s</code> compares them with DNS.",
                 facts->domain->shown->is_pattern ? "DOMAIN" : facts->domain->name);
    }
    MTS_HTML(view->out, "</p>");
    for (line = apr_strtok(lines, "\n", &state); line; line = apr_strtok(NULL, "\n", &state)) {
        MTS_HTML(view->out, "<pre class=\"record\" tabindex=\"0\">%s</pre>", line);
    }
    MTS_HTML(view->out, "</section>");
}

/* The quarantine may contain reports about this domain. Only the admin gets to see that. */
static void put_quarantine(const mts_status_view *view)
{
    if (!view->query.is_in_path && mts_counters_usage(TLSRPT_QUARANTINE).files) {
        MTS_HTML(view->out, "<section><h2>Quarantine</h2>");
        mts_status_quarantine_html(view);
        MTS_HTML(view->out, "</section>");
    }
}

void mts_status_domain_html(const mts_status_view *view)
{
    mts_domain_facts facts;

    mts_status_begin_html(view,
                          *view->query.domain ? view->query.domain : "Reports without a domain");
    mts_status_verdict_html(view);
    if (!view->domain) {
        put_tiles(view, NULL);
        if (view->row.wrong && view->query.is_in_path) {
            MTS_HTML(view->out,
                     "<section><p>No policy is served for this domain yet, because its "
                     "values are wrong: %s.</p></section>",
                     view->row.wrong);
        }
        else if (view->row.wrong) {
            MTS_HTML(view->out,
                     "<section><p>No policy is served for this domain, because its row in the "
                     "database is wrong: %s. <strong>What to do:</strong> %s</p></section>",
                     view->row.wrong, view->row.fix);
        }
        else {
            MTS_HTML(view->out, "<section><p>This server has no policy for this domain, but may "
                                "have reports about it.</p></section>");
        }
        mts_status_sessions_html(view);
        mts_status_senders_html(view);
        put_quarantine(view);
        mts_status_end_html(view);
        return;
    }
    facts = mts_status_facts(view, view->domain);
    put_tiles(view, &facts);
    put_findings(view, &facts);
    mts_status_readiness_html(view);
    mts_status_sessions_html(view);
    MTS_HTML(view->out, "<div class=\"columns\">");
    put_policy(view, &facts);
    put_records(view, &facts);
    MTS_HTML(view->out, "</div>");
    mts_status_senders_html(view);
    put_quarantine(view);
    mts_status_end_html(view);
}
