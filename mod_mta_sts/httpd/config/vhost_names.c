/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config/vhost_names.h"

#include <apr_cstr.h>
#include <apr_strings.h>
#include <http_core.h>
#include <util_cfgtree.h>

#include "core/base/name.h"

/* A name that violates our rules for host names is ignored, since no sender can use it. */
static void add_host_name(apr_pool_t *p, apr_array_header_t *found, const char *name)
{
    const char *canonical;

    if (mta_sts_name_policy_domain(name) &&
        !mta_sts_name_parse_host(p, name, MTA_STS_NAME_ALABEL, &canonical)) {
        APR_ARRAY_PUSH(found, mts_vhost_name) =
            (mts_vhost_name){mta_sts_name_policy_domain(canonical), 0};
    }
}

/* A wildcard alias counts if it can match "mta-sts." and more: it does if the part before its first
 * wildcard agrees with that. */
static void add_wildcard_name(apr_pool_t *p, apr_array_header_t *found, const char *name)
{
    const apr_size_t prefix = strlen(MTA_STS_POLICY_HOST_PREFIX);
    apr_size_t fixed = strcspn(name, "*?");
    char *alias;

    if (apr_cstr_casecmpn(name, MTA_STS_POLICY_HOST_PREFIX, fixed < prefix ? fixed : prefix) == 0) {
        alias = apr_pstrdup(p, name);
        ap_str_tolower(alias);
        APR_ARRAY_PUSH(found, mts_vhost_name) = (mts_vhost_name){alias, 1};
    }
}

apr_array_header_t *mts_vhost_names_of(apr_pool_t *p, const server_rec *s)
{
    apr_array_header_t *found = apr_array_make(p, 1, sizeof(mts_vhost_name));
    int i;

    if (s->server_hostname) {
        add_host_name(p, found, s->server_hostname);
    }
    for (i = 0; s->names && i < s->names->nelts; i++) {
        add_host_name(p, found, APR_ARRAY_IDX(s->names, i, const char *));
    }
    for (i = 0; s->wild_names && i < s->wild_names->nelts; i++) {
        add_wildcard_name(p, found, APR_ARRAY_IDX(s->wild_names, i, const char *));
    }
    return found;
}

static int is_ulabel_host(const char *name)
{
    const char *c;

    for (c = mta_sts_name_policy_domain(name); c && *c; c++) {
        if ((unsigned char)*c >= 0x80) {
            return 1;
        }
    }
    return 0;
}

const char *mts_vhost_names_ulabel(const server_rec *s)
{
    int i;

    if (s->server_hostname && is_ulabel_host(s->server_hostname)) {
        return s->server_hostname;
    }
    for (i = 0; s->names && i < s->names->nelts; i++) {
        if (is_ulabel_host(APR_ARRAY_IDX(s->names, i, const char *))) {
            return APR_ARRAY_IDX(s->names, i, const char *);
        }
    }
    return NULL;
}

/* The argument of the last SSLEngine among these directives, or NULL. */
static const char *ssl_engine(const ap_directive_t *directive)
{
    const char *argument = NULL;

    for (; directive; directive = directive->next) {
        if (apr_cstr_casecmp(directive->directive, "SSLEngine") == 0) {
            argument = directive->args;
        }
    }
    return argument;
}

/* The directives inside the <VirtualHost> of a server. */
static const ap_directive_t *section_of(const server_rec *s)
{
    const ap_directive_t *directive;

    for (directive = ap_conftree; directive; directive = directive->next) {
        if ((unsigned)directive->line_num == s->defn_line_number && s->defn_name &&
            apr_cstr_casecmp(directive->directive, "<VirtualHost") == 0 &&
            strcmp(directive->filename, s->defn_name) == 0) {
            return directive->first_child;
        }
    }
    return NULL;
}

/* The protocol of a listener is only known after configtest; until then its port decides. */
static int listener_is_https(const server_rec *s)
{
    const char *protocol = ap_get_server_protocol((server_rec *)s);

    return protocol ? strcmp(protocol, "https") == 0
                    : s->addrs && s->addrs->host_port == DEFAULT_HTTPS_PORT;
}

/* Whether a directive occurs among these or in their sections. */
static int has_directive(const ap_directive_t *directive, const char *name)
{
    for (; directive; directive = directive->next) {
        if (apr_cstr_casecmp(directive->directive, name) == 0 ||
            has_directive(directive->first_child, name)) {
            return 1;
        }
    }
    return 0;
}

/* The scheme first: where it is not set, the configuration need not be searched. */
int mts_vhost_names_is_behind_proxy(const server_rec *s)
{
    const char *engine, *protocol;

    if (!s->server_scheme || strcmp(s->server_scheme, "https") != 0) {
        return 0;
    }
    engine = s->is_virtual ? ssl_engine(section_of(s)) : NULL;
    engine = engine ? engine : ssl_engine(ap_conftree);
    protocol = ap_get_server_protocol((server_rec *)s);
    return !(engine && apr_cstr_casecmp(engine, "on") == 0) &&
           !(protocol && strcmp(protocol, "https") == 0);
}

int mts_vhost_names_has_proxy_protocol(void)
{
    return has_directive(ap_conftree, "RemoteIPProxyProtocol");
}

int mts_vhost_names_has_remoteip(void)
{
    return has_directive(ap_conftree, "RemoteIPHeader") || mts_vhost_names_has_proxy_protocol();
}

int mts_vhost_names_hides_clients(const server_rec *s)
{
    return mts_vhost_names_is_behind_proxy(s) && !mts_vhost_names_has_remoteip();
}

/* Whether one of these directives, besides those in sections, is of this name. */
static int has_own_directive(const ap_directive_t *directive, const char *name)
{
    while (directive && apr_cstr_casecmp(directive->directive, name) != 0) {
        directive = directive->next;
    }
    return directive != NULL;
}

int mts_vhost_names_has_chain(const server_rec *s)
{
    static const char *const names[] = {"SSLCertificateChainFile", "SSLCACertificateFile",
                                        "SSLCACertificatePath"};
    const ap_directive_t *section = s->is_virtual ? section_of(s) : NULL;
    apr_size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (has_directive(section, names[i]) || has_own_directive(ap_conftree, names[i])) {
            return 1;
        }
    }
    return 0;
}

int mts_vhost_names_https(const server_rec *s)
{
    const char *engine = s->is_virtual ? ssl_engine(section_of(s)) : NULL;

    if (s->server_scheme && strcmp(s->server_scheme, "https") == 0) {
        return 1;
    }
    engine = engine ? engine : ssl_engine(ap_conftree);
    return engine ? apr_cstr_casecmp(engine, "on") == 0 : listener_is_https(s);
}
