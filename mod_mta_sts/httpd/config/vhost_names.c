/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config/vhost_names.h"

#include <apr_cstr.h>
#include <apr_strings.h>
#include <http_core.h>
#include <util_cfgtree.h>

#include "core/base/name.h"
#include "httpd/config/conftree.h"

/* A name that is not a valid host name is ignored, because no sender can use it. */
static void add_host_name(apr_pool_t *p, apr_array_header_t *found, const char *name)
{
    const char *canonical;

    if (mta_sts_name_policy_domain(name) &&
        !mta_sts_name_parse_host(p, name, MTA_STS_NAME_ALABEL, &canonical)) {
        APR_ARRAY_PUSH(found, mts_vhost_name) =
            (mts_vhost_name){mta_sts_name_policy_domain(canonical), 0};
    }
}

/* Adds a wildcard alias if it can match policy hosts: the part before its first wildcard must be
 * compatible with "mta-sts.". */
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

int mts_vhost_names_is_on(const ap_directive_t *directive)
{
    const char *args = directive->args;
    apr_size_t len;

    args += strspn(args, " \t\"'");
    len = strcspn(args, " \t\"'");
    return len == 2 && apr_cstr_casecmpn(args, "on", len) == 0;
}

/* The last SSLEngine among these directives, or NULL. */
static const ap_directive_t *ssl_engine(const ap_directive_t *directive)
{
    const ap_directive_t *engine = NULL;

    for (; directive; directive = directive->next) {
        if (apr_cstr_casecmp(directive->directive, "SSLEngine") == 0) {
            engine = directive;
        }
    }
    return engine;
}

/* The protocol of a listener is not known during configtest; then its port decides. */
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

/* The SSLEngine directive of a server, or else of the main server; NULL if there is none. */
static const ap_directive_t *ssl_engine_of(const server_rec *s)
{
    const ap_directive_t *own = ssl_engine(mts_conftree_section(s));

    return own ? own : mts_conftree_find("SSLEngine");
}

/* Tests the scheme first: if it is not set, the configuration need not be searched. */
int mts_vhost_names_is_behind_proxy(const server_rec *s)
{
    const ap_directive_t *engine;
    const char *protocol;

    if (!s->server_scheme || strcmp(s->server_scheme, "https") != 0) {
        return 0;
    }
    engine = ssl_engine_of(s);
    protocol = ap_get_server_protocol((server_rec *)s);
    return !(engine && mts_vhost_names_is_on(engine)) &&
           !(protocol && strcmp(protocol, "https") == 0);
}

int mts_vhost_names_has_chain(const server_rec *s)
{
    static const char *const names[] = {"SSLCertificateChainFile", "SSLCACertificateFile",
                                        "SSLCACertificatePath"};
    const ap_directive_t *section = mts_conftree_section(s);
    apr_size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (has_directive(section, names[i]) || mts_conftree_find(names[i])) {
            return 1;
        }
    }
    return 0;
}

int mts_vhost_names_https(const server_rec *s)
{
    const ap_directive_t *engine;

    if (s->server_scheme && strcmp(s->server_scheme, "https") == 0) {
        return 1;
    }
    engine = ssl_engine_of(s);
    return engine ? mts_vhost_names_is_on(engine) : listener_is_https(s);
}
