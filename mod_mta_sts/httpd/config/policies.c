/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config/policies.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>

#include "core/base/name.h"
#include "httpd/shared/module.h"
#include "httpd/config/vhost_names.h"

#define DEFAULT_MODE MTA_STS_MODE_TESTING
#define DEFAULT_MAX_AGE 604800

/* State shared by the functions that resolve the configuration. */
typedef struct resolver {
    apr_pool_t *p;
    apr_pool_t *ptemp;
    mta_sts_findings *findings;
} resolver;

static mta_sts_finding *report(resolver *v, mta_sts_severity severity, const char *id,
                               const char *subject, const ap_directive_t *at, const char *fix,
                               const char *message)
{
    mta_sts_finding *finding =
        mta_sts_finding_add(v->findings, severity, id, subject, fix, "%s", message);

    finding->file = at->filename;
    finding->line = at->line_num;
    return finding;
}

/* Any directive of a scope, to give a location if another directive is missing. */
static const ap_directive_t *any_directive(const mts_settings *settings)
{
    return settings->mx_at     ? settings->mx_at
           : settings->mode_at ? settings->mode_at
                               : settings->max_age_at;
}

/* Adds findings about a policy, each with the directive that it is about. */
static void check_policy(resolver *v, const mta_sts_policy *policy, const mts_settings *settings,
                         const char *subject, const ap_directive_t *at)
{
    int i = v->findings->list->nelts;

    mta_sts_policy_check(policy, subject, v->findings);
    for (; i < v->findings->list->nelts; i++) {
        mta_sts_finding *finding = &APR_ARRAY_IDX(v->findings->list, i, mta_sts_finding);
        const ap_directive_t *place = settings->max_age_at ? settings->max_age_at : at;

        finding->file = place->filename;
        finding->line = place->line_num;
    }
}

/*
 * The policy that results from settings, or NULL after a finding.
 *
 * @param subject the policy domain for messages
 * @param at      the location for messages, which is stored in the policy
 */
static const mts_policy *make_policy(resolver *v, const mts_settings *settings, const char *subject,
                                     const ap_directive_t *at)
{
    mta_sts_policy policy;
    mts_policy *made;

    if (!settings->mx) {
        report(v, MTA_STS_ERROR, "mx-missing", subject, at,
               "add MTASTSMx with the MX hosts of the domain",
               "the policy has no MTASTSMx: every mode needs one, since some senders refuse a "
               "policy without mx");
        return NULL;
    }
    policy.mode = settings->mode != MTA_STS_MODE_UNSET ? settings->mode : DEFAULT_MODE;
    policy.max_age = settings->max_age ? settings->max_age : DEFAULT_MAX_AGE;
    policy.mx = settings->mx;
    made = apr_pcalloc(v->p, sizeof(*made));
    made->text = mta_sts_policy_render(v->p, &policy, &made->len);
    made->mx = policy.mx;
    made->at = at;
    made->mode_at = settings->mode_at;
    if (made->len > MTA_STS_POLICY_TEXT_MAX) {
        report(v, MTA_STS_ERROR, "policy-too-long", subject, settings->mx_at,
               "use fewer MTASTSMx, or wildcards like *.example.com",
               apr_psprintf(v->ptemp,
                            "the policy text has %" APR_SIZE_T_FMT
                            " bytes: some senders only read the first %d",
                            made->len, MTA_STS_POLICY_TEXT_MAX));
        return NULL;
    }
    check_policy(v, &policy, settings, subject, at);
    return made;
}

static int same_text(const mts_policy *a, const mts_policy *b)
{
    return a == b || (a->len == b->len && memcmp(a->text, b->text, a->len) == 0);
}

static void add_to_table(apr_pool_t *p, apr_hash_t **table, const char *domain,
                         const mts_policy *policy)
{
    if (!*table) {
        *table = apr_hash_make(p);
    }
    apr_hash_set(*table, domain, APR_HASH_KEY_STRING, policy);
}

static const mts_policy *find_in_table(apr_hash_t *table, const char *domain, apr_ssize_t len)
{
    return table ? apr_hash_get(table, domain, len) : NULL;
}

static void resolve_block(resolver *v, mts_config *config, const mts_block *block)
{
    mts_settings settings = mts_settings_inherit(&config->plain, &block->settings);
    const mts_policy *policy = make_policy(v, &settings, block->domains[0], block->at);
    int i;

    if (!policy) {
        return;
    }
    for (i = 0; i < block->domain_count; i++) {
        const char *domain = block->domains[i];
        const mts_policy *other = find_in_table(config->by_block, domain, APR_HASH_KEY_STRING);

        if (!other) {
            add_to_table(v->p, &config->by_block, domain, policy);
        }
        else if (!same_text(other, policy)) {
            report(v, MTA_STS_ERROR, "policy-contradiction", domain, block->at,
                   "remove one of the two",
                   apr_pstrcat(v->ptemp, "another <MTASTSPolicy> at ",
                               mts_config_location(v->ptemp, other->at),
                               " gives this domain a different policy", NULL));
        }
    }
}

static void serve_by_names(resolver *v, mts_config *config, const apr_array_header_t *names)
{
    int i;

    for (i = 0; i < names->nelts; i++) {
        const mts_vhost_name *name = &APR_ARRAY_IDX(names, i, mts_vhost_name);

        if (!name->is_pattern) {
            add_to_table(v->p, &config->by_name, name->key, config->plain_policy);
            continue;
        }
        if (!config->by_pattern) {
            config->by_pattern = apr_array_make(v->p, 1, sizeof(mts_pattern));
        }
        APR_ARRAY_PUSH(config->by_pattern, mts_pattern) =
            (mts_pattern){name->key, config->plain_policy};
    }
}

/* Reports directives that result in no policy, unless they may be meant as defaults for blocks. */
static void report_no_policy(resolver *v, const server_rec *s, const mts_config *config,
                             const apr_array_header_t *names)
{
    int i;

    if (names->nelts == 0) {
        report(v, MTA_STS_WARNING, "policy-host-missing", mts_config_server_name(v->ptemp, s),
               any_directive(&config->own),
               "add ServerAlias mta-sts.DOMAIN, or use <MTASTSPolicy DOMAIN>",
               "there is a policy, but neither ServerName nor ServerAlias is a policy host "
               "(mta-sts.DOMAIN), so no sender will ever receive it");
        return;
    }
    for (i = 0; i < names->nelts; i++) {
        const mts_vhost_name *name = &APR_ARRAY_IDX(names, i, mts_vhost_name);

        if (!config->blocks) {
            make_policy(v, &config->plain, name->key, any_directive(&config->own));
            return;
        }
        if (!name->is_pattern && !find_in_table(config->by_block, name->key, APR_HASH_KEY_STRING) &&
            !find_in_table(config->main->by_block, name->key, APR_HASH_KEY_STRING)) {
            report(v, MTA_STS_WARNING, "mx-missing", name->key, any_directive(&config->own),
                   "add MTASTSMx, or a <MTASTSPolicy> for this domain",
                   "the virtual host is named after its policy host, but gives it no policy");
        }
    }
}

static void report_ulabel(resolver *v, const char *name, const mts_config *config)
{
    const char *alabels;

    if (mta_sts_name_parse_host(v->p, name, MTA_STS_NAME_ULABEL, &alabels) == NULL) {
        report(v, MTA_STS_WARNING, "server-name-not-ascii", name, any_directive(&config->plain),
               apr_pstrcat(v->p, "write ", alabels, " instead", NULL),
               "no request reaches this name: clients send its A-labels, and httpd compares names "
               "as they are typed");
    }
}

/* Creates the policy that the plain directives of a server define for the policy hosts among its
 * names. */
static void resolve_plain(resolver *v, server_rec *s)
{
    mts_config *config = mts_config_own(s);
    mts_config *main = mts_config_of(s)->main;
    int is_set = config && mts_settings_are_set(&config->own);
    apr_array_header_t *names;
    const char *ulabel;

    if (!is_set && !main->own.mx) {
        return;
    }
    names = mts_vhost_names_of(v->p, s);
    ulabel = mts_vhost_names_ulabel(s);
    if (ulabel) {
        report_ulabel(v, ulabel, config ? config : main);
    }
    if (config && is_set && (names->nelts == 0 || !config->plain.mx)) {
        if (names->nelts > 0 || (s->is_virtual && !config->blocks)) {
            report_no_policy(v, s, config, names);
        }
        return;
    }
    if (names->nelts == 0) {
        return;
    }
    if (!config) { /* a virtual host without directives of this module shares the main server's
                      configuration */
        config = mts_config_merge(v->p, main, mts_config_create(v->p, s));
        ap_set_module_config(s->module_config, &mta_sts_module, config);
    }
    config->plain_policy =
        !is_set && main->plain_policy
            ? main->plain_policy
            : make_policy(v, &config->plain, APR_ARRAY_IDX(names, 0, mts_vhost_name).key,
                          config->own.mx_at ? config->own.mx_at : any_directive(&config->plain));
    if (config->plain_policy) {
        serve_by_names(v, config, names);
    }
}

void mts_policies_resolve(apr_pool_t *p, apr_pool_t *ptemp, server_rec *main,
                          mta_sts_findings *findings)
{
    resolver v = {p, ptemp, findings};
    server_rec *s;

    for (s = main; s; s = s->next) {
        mts_config *config = mts_config_own(s);
        const mts_block *block;

        for (block = config ? config->blocks : NULL; block; block = block->next) {
            resolve_block(&v, config, block);
        }
        resolve_plain(&v, s);
    }
}

/* The host of a request: as httpd parsed it, or the server's name if there is no Host header. */
static const char *host_of(const request_rec *r)
{
    char *host;

    if (r->hostname) {
        return r->hostname;
    }
    if (!r->server->server_hostname) {
        return "";
    }
    host = apr_pstrdup(r->pool, r->server->server_hostname);
    ap_str_tolower(host);
    return host;
}

static const mts_policy *find_by_pattern(const mts_config *config, const char *host)
{
    int i;

    for (i = 0; config->by_pattern && i < config->by_pattern->nelts; i++) {
        const mts_pattern *pattern = &APR_ARRAY_IDX(config->by_pattern, i, mts_pattern);

        if (ap_strcasecmp_match(host, pattern->alias) == 0) {
            return pattern->policy;
        }
    }
    return NULL;
}

const mts_policy *mts_policies_defined(const server_rec *s, const char *host, const char *domain,
                                       apr_ssize_t len)
{
    const mts_config *config = mts_config_of(s);
    const mts_policy *policy = NULL;

    if (config->server == s) {
        policy = find_in_table(config->by_block, domain, len);
        if (!policy) {
            policy = find_in_table(config->by_name, domain, len);
        }
        if (!policy) {
            policy = find_by_pattern(config, host);
        }
    }
    return policy ? policy : find_in_table(config->main->by_block, domain, len);
}

void mts_policies_find(const request_rec *r, mts_requested *requested)
{
    const char *host = host_of(r), *domain = mta_sts_name_policy_domain(host);
    apr_ssize_t len;

    *requested = (mts_requested){.host = host};
    if (!domain || strcmp(ap_http_scheme(r), "https") != 0) {
        return;
    }
    len = (apr_ssize_t)strlen(domain);
    if (domain[len - 1] == '.') {
        len--;
    }
    requested->domain = domain;
    requested->len = len;
    requested->policy = mts_policies_defined(r->server, host, domain, len);
}

int mts_policies_reach_senders(const mts_served *served)
{
    return !served->server->is_virtual || mts_vhost_names_https(served->server);
}

void mts_policies_each(apr_pool_t *p, const server_rec *main,
                       void (*visit)(void *baton, const mts_served *served), void *baton)
{
    mts_served served = {.server = main};

    for (; served.server; served.server = served.server->next, served.order++) {
        const mts_config *config = mts_config_own(served.server);
        apr_hash_t *const tables[] = {config ? config->by_block : NULL,
                                      config ? config->by_name : NULL};
        apr_hash_index_t *h;
        apr_size_t t;
        int i;

        served.is_pattern = 0;
        for (t = 0; t < 2; t++) {
            for (h = tables[t] ? apr_hash_first(p, tables[t]) : NULL; h; h = apr_hash_next(h)) {
                served.domain = apr_hash_this_key(h);
                served.policy = apr_hash_this_val(h);
                visit(baton, &served);
            }
        }
        served.is_pattern = 1;
        for (i = 0; config && config->by_pattern && i < config->by_pattern->nelts; i++) {
            served.domain = APR_ARRAY_IDX(config->by_pattern, i, mts_pattern).alias;
            served.policy = APR_ARRAY_IDX(config->by_pattern, i, mts_pattern).policy;
            visit(baton, &served);
        }
    }
}

static void push_served(void *baton, const mts_served *served)
{
    APR_ARRAY_PUSH((apr_array_header_t *)baton, mts_served) = *served;
}

/* httpd's list of servers has the main server first (order 0), then the virtual hosts in reverse
 * order of the configuration. If two match a request, httpd uses the one that is configured
 * first. */
static int compare_served(const void *a, const void *b)
{
    const mts_served *one = a, *other = b;
    int by_domain = strcmp(one->domain, other->domain);

    return by_domain ? by_domain : other->order - one->order;
}

apr_array_header_t *mts_policies_list(apr_pool_t *p, const server_rec *main)
{
    apr_array_header_t *list = apr_array_make(p, 16, sizeof(mts_served));

    mts_policies_each(p, main, push_served, list);
    qsort(list->elts, (size_t)list->nelts, sizeof(mts_served), compare_served);
    return list;
}
