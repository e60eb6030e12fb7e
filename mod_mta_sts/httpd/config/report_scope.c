/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config/report_scope.h"

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/base/name.h"
#include "core/base/text.h"
#include "httpd/config/config.h"
#include "httpd/config/policies.h"
#include "httpd/config/remoteip.h"
#include "httpd/config/vhost_names.h"
#include "tlsrpt/spool/scope.h"

struct mts_report_scope {
    apr_hash_t *names;  /* domains, hosts and mx patterns -> themselves */
    apr_hash_t *blocks; /* a hash whose keys are further domains: those of the main server's blocks,
                           which may be many; or NULL */
    apr_array_header_t *aliases; /* of const char *: wildcard aliases of policy hosts */
};

static void add_name(mts_report_scope *scope, const char *name)
{
    apr_hash_set(scope->names, name, APR_HASH_KEY_STRING, name);
}

static int is_in(apr_hash_t *table, const char *name)
{
    return table && apr_hash_get(table, name, APR_HASH_KEY_STRING);
}

static void add_served(void *baton, const mts_served *served)
{
    mts_report_scope *scope = baton;
    int i;

    if (served->is_pattern) {
        APR_ARRAY_PUSH(scope->aliases, const char *) = served->domain;
    }
    else if (served->server->is_virtual || !is_in(scope->blocks, served->domain)) {
        add_name(scope, served->domain);
    }
    for (i = 0; i < served->policy->mx->nelts; i++) {
        add_name(scope, APR_ARRAY_IDX(served->policy->mx, i, const char *));
    }
}

/* The endpoint of the first server that has one, or NULL. */
static const mts_report_path *find_endpoint(const server_rec *main)
{
    const server_rec *s = main;

    while (s && !mts_report_path_of(s)) {
        s = s->next;
    }
    return s ? &mts_config_of(s)->report_path : NULL;
}

static void report_no_domain(const mts_report_path *endpoint, mta_sts_findings *findings)
{
    mta_sts_finding *finding =
        mta_sts_finding_add(findings, MTA_STS_WARNING, "report-domain-missing", endpoint->path,
                            "add MTASTSReportDomain with your domains, or a policy for them",
                            "reports are accepted here, but no domain is configured that they "
                            "could be about, so almost "
                            "all of them will be quarantined");

    finding->file = endpoint->at->filename;
    finding->line = endpoint->at->line_num;
}

/* Reports only the first endpoint, because the others mostly have the same proxy. */
static void report_proxy(const server_rec *main, mta_sts_findings *findings)
{
    const mts_remoteip *remoteip = mts_remoteip_read(findings->pool, main);
    const server_rec *s = main;
    mta_sts_finding *finding;

    while (s && !(mts_report_path_of(s) && mts_vhost_names_is_behind_proxy(s) &&
                  !mts_remoteip_replaces(remoteip, s))) {
        s = s->next;
    }
    if (!s) {
        return;
    }
    finding = mta_sts_finding_add(
        findings, MTA_STS_WARNING, "report-proxy", mts_report_path_of(s),
        "configure mod_remoteip (RemoteIPHeader with RemoteIPInternalProxy, or "
        "RemoteIPProxyProtocol On)",
        "reports arrive here through a proxy that terminates TLS, and all of them seem to come "
        "from its address: all senders share one MTASTSReportLimit and one share of "
        "MTASTSReportQuota, and fail2ban would ban the proxy");
    finding->file = mts_config_of(s)->report_path.at->filename;
    finding->line = mts_config_of(s)->report_path.at->line_num;
}

/* Reports only the first endpoint, as above. */
static void report_open_header(const server_rec *main, mta_sts_findings *findings)
{
    const ap_directive_t *header = NULL;
    const server_rec *s;
    mta_sts_finding *finding;

    for (s = main; s && !header; s = s->next) {
        header = mts_report_path_of(s) ? mts_remoteip_open_header(s) : NULL;
    }
    if (!header) {
        return;
    }
    finding = mta_sts_finding_add(
        findings, MTA_STS_WARNING, "remoteip-open", "RemoteIPHeader",
        "add RemoteIPInternalProxy with the addresses of your proxies",
        "the client's address in %s is believed from everybody who connects, since no proxies are "
        "listed: senders of reports can claim any address, so that MTASTSReportLimit, the shares "
        "of MTASTSReportQuota, Require ip and fail2ban do not hold",
        mta_sts_text_quote(findings->pool, header->args, strlen(header->args)));
    finding->file = header->filename;
    finding->line = header->line_num;
}

static int is_empty(const mts_report_scope *scope)
{
    return apr_hash_count(scope->names) == 0 && scope->aliases->nelts == 0 &&
           (!scope->blocks || apr_hash_count(scope->blocks) == 0);
}

void mts_report_scope_collect(apr_pool_t *p, const server_rec *main, mta_sts_findings *findings)
{
    const apr_array_header_t *domains = mts_report_config_of(main)->domains;
    const mts_report_path *endpoint = find_endpoint(main);
    mts_report_scope *scope = apr_palloc(p, sizeof(*scope));
    int i;

    scope->names = apr_hash_make(p);
    scope->blocks = mts_config_of(main)->by_block;
    scope->aliases = apr_array_make(p, 1, sizeof(const char *));
    for (i = 0; i < domains->nelts; i++) {
        add_name(scope, APR_ARRAY_IDX(domains, i, const char *));
    }
    mts_policies_each(p, main, add_served, scope);
    mts_config_of(main)->report_scope = scope;
    if (endpoint) {
        if (is_empty(scope) && !mts_report_config_of(main)->is_hosting) {
            report_no_domain(endpoint, findings);
        }
        report_proxy(main, findings);
        report_open_header(main, findings);
    }
}

int mts_report_scope_has_endpoint(const server_rec *main)
{
    return find_endpoint(main) != NULL;
}

static void add_keys(apr_array_header_t *names, apr_hash_t *table)
{
    apr_hash_index_t *at;

    for (at = apr_hash_first(names->pool, table); at; at = apr_hash_next(at)) {
        APR_ARRAY_PUSH(names, const char *) = apr_hash_this_key(at);
    }
}

const char *mts_report_scope_render(apr_pool_t *p, const server_rec *main)
{
    const mts_report_scope *scope = mts_config_of(main)->report_scope;
    apr_array_header_t *names;

    if (!scope || is_empty(scope)) {
        return NULL;
    }
    names = apr_array_make(p, (int)apr_hash_count(scope->names) + 1, sizeof(const char *));
    add_keys(names, scope->names);
    if (scope->blocks) {
        add_keys(names, scope->blocks);
    }
    return tlsrpt_scope_render(p, names, apr_array_copy(p, scope->aliases));
}

static int has_alias(const mts_report_scope *scope, apr_pool_t *p, const char *domain)
{
    const char *host = apr_pstrcat(p, MTA_STS_POLICY_HOST_PREFIX, domain, NULL);
    int i;

    for (i = 0; i < scope->aliases->nelts; i++) {
        if (ap_strcasecmp_match(host, APR_ARRAY_IDX(scope->aliases, i, const char *)) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The pattern *.example.com matches hosts with exactly one more label (RFC 8461 section 4.1). */
static int has_name(const mts_report_scope *scope, apr_pool_t *p, const char *name)
{
    const char *parent = strchr(name, '.');

    return is_in(scope->names, name) || is_in(scope->blocks, name) ||
           (parent && is_in(scope->names, apr_pstrcat(p, "*", parent, NULL))) ||
           has_alias(scope, p, name);
}

int mts_report_scope_has_name(const server_rec *s, apr_pool_t *p, const char *name)
{
    const mts_report_scope *scope = mts_config_of(s)->main->report_scope;

    return scope && has_name(scope, p, name);
}

int mts_report_scope_has_exact_name(const server_rec *s, const char *name)
{
    const mts_report_scope *scope = mts_config_of(s)->main->report_scope;

    return scope && (is_in(scope->names, name) || is_in(scope->blocks, name));
}

int mts_report_scope_has(const server_rec *s, apr_pool_t *p, const tlsrpt_report *report)
{
    const mts_report_scope *scope = mts_config_of(s)->main->report_scope;
    int i;

    for (i = 0; i < report->policies->nelts; i++) {
        const tlsrpt_policy *policy = &APR_ARRAY_IDX(report->policies, i, tlsrpt_policy);

        if (policy->domain ? has_name(scope, p, policy->domain)
                           : tlsrpt_policy_may_omit_domain(policy)) {
            return 1;
        }
    }
    return 0;
}
