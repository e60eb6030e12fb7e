/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/hosts.h"

#include <apr_strings.h>
#include <http_log.h>
#include <http_ssl.h>

#include "core/name.h"
#include "core/policy_host.h"
#include "httpd/mod_mta_sts.h"
#include "httpd/names.h"
#include "httpd/policies.h"

/* A server that carries policy hosts among its names. */
typedef struct carrier {
    server_rec *server;
    const char *alias; /* with a wildcard; NULL: found by its exact name */
    int is_https;
} carrier;

typedef struct check {
    apr_pool_t *p;
    mta_sts_findings *findings;
    apr_time_t now;
    apr_hash_t *by_name;            /* policy domain -> array of carrier */
    apr_array_header_t *by_pattern; /* of carrier */
    apr_hash_t *done;               /* policy domains that were looked at */
    int uncarried;                  /* domains of server-level blocks that no name carries */
    const char *uncarried_first;    /* one of them */
    mta_sts_place uncarried_at;
} check;

static int add_certificates(server_rec *s, apr_pool_t *p, apr_array_header_t *cert_files,
                            apr_array_header_t *key_files)
{
    mod_config *main = mod_config_of(s)->main;
    apr_array_header_t *read = apr_array_make(p, cert_files->nelts, sizeof(mta_sts_certificate *));
    int i;

    (void)key_files;
    for (i = 0; i < cert_files->nelts; i++) {
        const char *path = APR_ARRAY_IDX(cert_files, i, const char *);

        if (path[0] == '/') { /* else it is the URI of a key token, which only mod_ssl can open */
            APR_ARRAY_PUSH(read, mta_sts_certificate *) = mta_sts_certificate_read(p, path);
        }
    }
    if (!main->certificates) {
        main->certificates = apr_hash_make(p);
    }
    apr_hash_set(main->certificates, apr_pmemdup(p, &s, sizeof(s)), sizeof(s), read);
    return DECLINED;
}

static const apr_array_header_t *certificates_of(const server_rec *s)
{
    const mod_config *main = mod_config_of(s)->main;

    return main->certificates ? apr_hash_get(main->certificates, &s, sizeof(s)) : NULL;
}

static void add_carrier(check *c, const mod_name *name, server_rec *s, int is_https)
{
    apr_array_header_t *list = c->by_pattern;

    if (!name->is_pattern) {
        list = apr_hash_get(c->by_name, name->key, APR_HASH_KEY_STRING);
        if (!list) {
            list = apr_array_make(c->p, 2, sizeof(carrier));
            apr_hash_set(c->by_name, name->key, APR_HASH_KEY_STRING, list);
        }
    }
    APR_ARRAY_PUSH(list, carrier) = (carrier){s, name->is_pattern ? name->key : NULL, is_https};
}

static void collect_carriers(check *c, server_rec *main)
{
    server_rec *s;
    int i;

    for (s = main; s; s = s->next) {
        const apr_array_header_t *names = mod_names_of(c->p, s);
        int is_https = names->nelts && mod_names_https(s);

        for (i = 0; i < names->nelts; i++) {
            add_carrier(c, &APR_ARRAY_IDX(names, i, mod_name), s, is_https);
        }
    }
}

/* The first server that carries the host, of those with https or of those without. */
static server_rec *carrier_of(const check *c, const char *host, const char *domain, int is_https)
{
    const apr_array_header_t *lists[] = {apr_hash_get(c->by_name, domain, APR_HASH_KEY_STRING),
                                         c->by_pattern};
    apr_size_t l;
    int i;

    for (l = 0; l < 2; l++) {
        for (i = 0; lists[l] && i < lists[l]->nelts; i++) {
            const carrier *candidate = &APR_ARRAY_IDX(lists[l], i, carrier);

            if (candidate->is_https == is_https &&
                (!candidate->alias || ap_strcasecmp_match(host, candidate->alias) == 0)) {
                return candidate->server;
            }
        }
    }
    return NULL;
}

static mta_sts_place place_of_server(const server_rec *s)
{
    return (mta_sts_place){s->defn_name ? s->defn_name : "the main server",
                           (int)s->defn_line_number};
}

static mta_sts_told what_is_told(const server_rec *s, const char *host, const char *domain)
{
    const mod_policy *policy = mod_policies_told(s, host, domain, APR_HASH_KEY_STRING);

    return policy ? (mta_sts_told){policy->text, {policy->at->filename, policy->at->line_num}}
                  : (mta_sts_told){NULL, place_of_server(s)};
}

static void check_host(check *c, const char *host, const char *domain, const server_rec *http,
                       const server_rec *https)
{
    mta_sts_policy_host facts = {.domain = domain, .host = host};

    if (http) {
        facts.http = what_is_told(http, host, domain);
    }
    if (https) {
        facts.has_https = 1;
        facts.https_at = place_of_server(https);
        facts.https = what_is_told(https, host, domain);
        facts.certificates = certificates_of(https);
    }
    mta_sts_policy_host_check(&facts, c->now, c->findings);
}

static int is_carried(const check *c, const char *domain)
{
    return c->by_pattern->nelts || apr_hash_get(c->by_name, domain, APR_HASH_KEY_STRING);
}

static void count_uncarried(check *c, const mod_served *served)
{
    if (c->uncarried++ == 0) {
        c->uncarried_first = served->domain;
        c->uncarried_at =
            (mta_sts_place){served->policy->at->filename, served->policy->at->line_num};
    }
}

static void visit_served(void *baton, const mod_served *served)
{
    check *c = baton;
    const char *host;
    server_rec *http, *https;

    if (served->is_pattern || apr_hash_get(c->done, served->domain, APR_HASH_KEY_STRING)) {
        return;
    }
    if (!served->server->is_virtual && !is_carried(c, served->domain)) {
        count_uncarried(c, served);
        return;
    }
    apr_hash_set(c->done, served->domain, APR_HASH_KEY_STRING, served->domain);
    host = apr_pstrcat(c->p, MTA_STS_POLICY_HOST_PREFIX, served->domain, NULL);
    http = carrier_of(c, host, served->domain, 0);
    https = carrier_of(c, host, served->domain, 1);
    if (!http && !https && !served->server->is_virtual) {
        count_uncarried(c, served);
        return;
    }
    if (!http && !https) { /* meant for requests that arrive there under a name not its own */
        http = mod_names_https(served->server) ? NULL : (server_rec *)served->server;
        https = http ? NULL : (server_rec *)served->server;
    }
    check_host(c, host, served->domain, http, https);
}

/* A block at server level is answered wherever a request arrives, so this may be all right. */
static void report_uncarried(const check *c)
{
    mta_sts_finding *finding;

    if (!c->uncarried) {
        return;
    }
    finding = mta_sts_finding_add(
        c->findings, MTA_STS_INFO, "policy-host-uncarried", c->uncarried_first,
        "if their requests arrive in another virtual host, its certificate must name them",
        "no ServerName or ServerAlias carries the policy hosts of %d domain%s of <MTASTSPolicy> at "
        "server level, this one for example",
        c->uncarried, c->uncarried == 1 ? "" : "s");
    finding->file = c->uncarried_at.file;
    finding->line = c->uncarried_at.line;
}

void mod_hosts_check(apr_pool_t *p, server_rec *main, mta_sts_findings *findings)
{
    check c = {.p = p, .findings = findings, .now = apr_time_now()};

    c.by_name = apr_hash_make(p);
    c.by_pattern = apr_array_make(p, 1, sizeof(carrier));
    c.done = apr_hash_make(p);
    collect_carriers(&c, main);
    mod_policies_each(p, main, visit_served, &c);
    report_uncarried(&c);
}

void mod_hosts_register_hooks(void)
{
    ap_hook_ssl_add_cert_files(add_certificates, NULL, NULL, APR_HOOK_REALLY_LAST);
}
