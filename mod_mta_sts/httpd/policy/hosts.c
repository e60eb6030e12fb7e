/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/policy/hosts.h"

#include <string.h>

#include <apr_strings.h>
#include <http_log.h>
#include <http_ssl.h>

#include "core/base/name.h"
#include "core/policy/host.h"
#include "httpd/hosting/pair_host.h"
#include "httpd/shared/module.h"
#include "httpd/config/vhost_names.h"
#include "httpd/config/policies.h"

/* A server that has policy hosts among its names. */
typedef struct named_server {
    server_rec *server;
    const char *alias; /* an alias with a wildcard; NULL: the server has the exact name */
    int is_https;
} named_server;

struct mts_hosts {
    apr_hash_t *by_name;            /* policy domain -> array of named_server */
    apr_array_header_t *by_pattern; /* of named_server */
};

typedef struct check {
    apr_pool_t *p;
    mta_sts_findings *findings;
    apr_time_t now;
    const mts_hosts *hosts;
    apr_hash_t *done;           /* policy domains that have been checked */
    int no_vhost;               /* number of domains of server-level blocks without a virtual
                                   host */
    const char *no_vhost_first; /* one of them */
    mta_sts_location no_vhost_at;
} check;

/* The certificate files of one start. */
typedef struct certificate_reader {
    apr_pool_t *p;
    mta_sts_trust_store *store; /* NULL: this machine has none */
    apr_hash_t *read;           /* path -> mta_sts_certificate * */
    int warning_days;
} certificate_reader;

static void record_files(server_rec *s, apr_pool_t *p, const apr_array_header_t *files)
{
    mts_config *main = mts_config_of(s)->main;

    if (!main->certificate_files) {
        main->certificate_files = apr_hash_make(p);
    }
    apr_hash_set(main->certificate_files, apr_pmemdup(p, &s, sizeof(s)), sizeof(s), files);
}

/* mod_md adds its files after this hook has run, and no later hook gets them. So the array itself
 * is stored, and read when it is complete. */
static int record_cert_files(server_rec *s, apr_pool_t *p, apr_array_header_t *cert_files,
                             apr_array_header_t *key_files)
{
    (void)key_files;
    record_files(s, p, cert_files);
    return DECLINED;
}

/* There is no certificate yet: until then, a fallback certificate is presented that no sender
 * trusts. */
static int forget_cert_files(server_rec *s, apr_pool_t *p, apr_array_header_t *cert_files,
                             apr_array_header_t *key_files)
{
    (void)cert_files;
    (void)key_files;
    record_files(s, p, apr_array_make(p, 1, sizeof(const char *)));
    return DECLINED;
}

/* Reads each file only once per start, even if several virtual hosts present it. */
static const mta_sts_certificate *read_once(certificate_reader *reader, const char *path)
{
    mta_sts_certificate *certificate = apr_hash_get(reader->read, path, APR_HASH_KEY_STRING);

    if (!certificate) {
        certificate = mta_sts_certificate_read(reader->p, path, reader->store);
        certificate->warning_days = reader->warning_days;
        apr_hash_set(reader->read, certificate->path, APR_HASH_KEY_STRING, certificate);
    }
    return certificate;
}

static apr_array_header_t *read_files(certificate_reader *reader, const apr_array_header_t *files)
{
    apr_pool_t *p = reader->p;
    apr_array_header_t *read = apr_array_make(p, files->nelts, sizeof(mta_sts_certificate *));
    int i;

    for (i = 0; i < files->nelts; i++) {
        const char *path = APR_ARRAY_IDX(files, i, const char *);

        if (path[0] == '/') { /* otherwise it is the URI of a hardware token (PKCS #11), which only
                                 mod_ssl can open */
            APR_ARRAY_PUSH(read, const mta_sts_certificate *) = read_once(reader, path);
        }
    }
    return read;
}

void mts_hosts_read_certificates(apr_pool_t *pconf, server_rec *main_server)
{
    mts_config *main = mts_config_of(main_server)->main;
    certificate_reader reader = {
        .p = pconf, .warning_days = (int)mts_report_config_of(main_server)->certificate_days};
    apr_pool_t *scratch;
    apr_hash_index_t *at;

    if (!main->certificate_files) {
        return;
    }
    apr_pool_create(&scratch, pconf);
    reader.store = mta_sts_trust_store_open(scratch);
    reader.read = apr_hash_make(scratch);
    main->certificates = apr_hash_make(pconf);
    for (at = apr_hash_first(pconf, main->certificate_files); at; at = apr_hash_next(at)) {
        apr_hash_set(main->certificates, apr_hash_this_key(at), apr_hash_this_key_len(at),
                     read_files(&reader, apr_hash_this_val(at)));
    }
    apr_pool_destroy(scratch);
}

static const apr_array_header_t *certificates_of(const server_rec *s)
{
    const mts_config *main = mts_config_of(s)->main;

    return main->certificates ? apr_hash_get(main->certificates, &s, sizeof(s)) : NULL;
}

static void add_candidate(apr_pool_t *p, mts_hosts *hosts, const mts_vhost_name *name,
                          server_rec *s, int is_https)
{
    apr_array_header_t *list = hosts->by_pattern;

    if (!name->is_pattern) {
        list = apr_hash_get(hosts->by_name, name->key, APR_HASH_KEY_STRING);
        if (!list) {
            list = apr_array_make(p, 2, sizeof(named_server));
            apr_hash_set(hosts->by_name, name->key, APR_HASH_KEY_STRING, list);
        }
    }
    APR_ARRAY_PUSH(list, named_server) =
        (named_server){s, name->is_pattern ? name->key : NULL, is_https};
}

const mts_hosts *mts_hosts_collect(apr_pool_t *p, server_rec *main)
{
    mts_hosts *hosts = apr_palloc(p, sizeof(*hosts));
    server_rec *s;
    int i;

    hosts->by_name = apr_hash_make(p);
    hosts->by_pattern = apr_array_make(p, 1, sizeof(named_server));
    for (s = main; s; s = s->next) {
        const apr_array_header_t *names = mts_vhost_names_of(p, s);
        int is_https = names->nelts && mts_vhost_names_https(s);

        for (i = 0; i < names->nelts; i++) {
            add_candidate(p, hosts, &APR_ARRAY_IDX(names, i, mts_vhost_name), s, is_https);
        }
    }
    return hosts;
}

/* The server that answers for the host over https, or over http: the one configured first, which is
 * the last one in httpd's list of servers. */
static server_rec *answering_server(const mts_hosts *hosts, const char *host, const char *domain,
                                    int is_https)
{
    const apr_array_header_t *lists[] = {apr_hash_get(hosts->by_name, domain, APR_HASH_KEY_STRING),
                                         hosts->by_pattern};
    apr_size_t l;
    int i;

    for (l = 0; l < 2; l++) {
        for (i = lists[l] ? lists[l]->nelts - 1 : -1; i >= 0; i--) {
            const named_server *named = &APR_ARRAY_IDX(lists[l], i, named_server);

            if (named->is_https == is_https &&
                (!named->alias || ap_strcasecmp_match(host, named->alias) == 0)) {
                return named->server;
            }
        }
    }
    return NULL;
}

static mta_sts_location location_of_server(const server_rec *s)
{
    return (mta_sts_location){s->defn_name ? s->defn_name : "the main server",
                              (int)s->defn_line_number};
}

static mta_sts_configured configured_policy(const server_rec *s, const char *host,
                                            const char *domain)
{
    const mts_policy *policy = mts_policies_defined(s, host, domain, APR_HASH_KEY_STRING);

    return policy ? (mta_sts_configured){policy->text, {policy->at->filename, policy->at->line_num}}
                  : (mta_sts_configured){NULL, location_of_server(s)};
}

mts_host mts_hosts_find(const mts_hosts *hosts, apr_pool_t *p, const mts_served *served)
{
    const char *host = apr_pstrcat(p, MTA_STS_POLICY_HOST_PREFIX, served->domain, NULL);
    mts_host found = {answering_server(hosts, host, served->domain, 0),
                      answering_server(hosts, host, served->domain, 1), NULL, 0};

    /* A virtual host without such names is meant for requests with a Host header that matches no
     * virtual host. */
    if (!found.http && !found.https && served->server->is_virtual) {
        *(mts_vhost_names_https(served->server) ? &found.https : &found.http) = served->server;
    }
    if (found.https) {
        found.certificates = mts_pair_host_certificates(found.https, host, p);
        found.has_pair = found.certificates != NULL;
        found.certificates = found.has_pair ? found.certificates : certificates_of(found.https);
    }
    return found;
}

/* A block at server level is served by the virtual host with that name, which may have its own
 * MTASTSReportPath. */
const char *mts_hosts_endpoint(const mts_hosts *hosts, apr_pool_t *p, const mts_served *served)
{
    const server_rec *https = mts_hosts_find(hosts, p, served).https;
    const char *path = mts_report_path_of(https ? https : served->server);

    return path ? apr_pstrcat(p, "https://" MTA_STS_POLICY_HOST_PREFIX, served->domain, path, NULL)
                : NULL;
}

/* Uses a name that only a wildcard matches, like that of nearly every hosted domain. */
const char *mts_hosts_report_path(const mts_hosts *hosts, const server_rec *main)
{
    static const char any[] = MTA_STS_POLICY_HOST_PREFIX "hosted.invalid";
    const server_rec *https =
        answering_server(hosts, any, any + sizeof(MTA_STS_POLICY_HOST_PREFIX) - 1, 1);

    return mts_report_path_of(https ? https : main);
}

/* Reports a block at server level that senders never get, because the https virtual host has a
 * policy that takes precedence. */
static void report_hidden_block(const server_rec *https, const char *host, const char *domain,
                                mta_sts_findings *findings)
{
    const mts_config *own = mts_config_own(https);
    apr_hash_t *blocks = mts_config_of(https)->main->by_block;
    const mts_policy *block = blocks ? apr_hash_get(blocks, domain, APR_HASH_KEY_STRING) : NULL;
    const mts_policy *policy = mts_policies_defined(https, host, domain, APR_HASH_KEY_STRING);
    mta_sts_finding *finding;

    if (!own || !block || policy != own->plain_policy || mts_settings_are_set(&own->own) ||
        strcmp(policy->text, block->text) == 0) {
        return;
    }
    finding = mta_sts_finding_add(
        findings, MTA_STS_WARNING, "block-hidden", host,
        apr_psprintf(findings->pool, "move %s into the block", policy->at->directive),
        "senders never receive the policy of this block: the %s has this name and inherits the "
        "directives at %s, which take precedence",
        mts_config_server_name(findings->pool, https),
        mts_config_location(findings->pool, policy->at));
    finding->file = block->at->filename;
    finding->line = block->at->line_num;
}

/* Whether a certificate is not trusted, judging by the chain in its file. */
static int has_distrusted(const mts_host *found)
{
    int i;

    for (i = 0; found->certificates && i < found->certificates->nelts; i++) {
        if (APR_ARRAY_IDX(found->certificates, i, const mta_sts_certificate *)->trust !=
            MTA_STS_TRUST_OK) {
            return 1;
        }
    }
    return 0;
}

static void judge(const mts_host *found, const char *domain, apr_time_t now,
                  mta_sts_findings *findings)
{
    const char *host = apr_pstrcat(findings->pool, MTA_STS_POLICY_HOST_PREFIX, domain, NULL);
    mta_sts_policy_host facts = {.domain = domain, .host = host};

    if (found->http) {
        facts.http = configured_policy(found->http, host, domain);
    }
    if (found->https) {
        facts.has_https = 1;
        facts.https_at = location_of_server(found->https);
        facts.https = configured_policy(found->https, host, domain);
        facts.certificates = found->certificates;
        if (!found->has_pair &&
            mts_pair_host_report_missing(found->https, host, found->certificates, findings)) {
            facts.certificates = NULL;
        }
        facts.has_other_chain = has_distrusted(found) && mts_vhost_names_has_chain(found->https);
        report_hidden_block(found->https, host, domain, findings);
    }
    mta_sts_policy_host_check(&facts, now, findings);
}

void mts_hosts_judge(const mts_hosts *hosts, const mts_served *served, apr_time_t now,
                     mta_sts_findings *findings)
{
    mts_host found = mts_hosts_find(hosts, findings->pool, served);

    if (found.http || found.https) {
        judge(&found, served->domain, now, findings);
    }
}

static int has_vhost(const check *c, const char *domain)
{
    return c->hosts->by_pattern->nelts ||
           apr_hash_get(c->hosts->by_name, domain, APR_HASH_KEY_STRING);
}

static void count_without_vhost(check *c, const mts_served *served)
{
    if (c->no_vhost++ == 0) {
        c->no_vhost_first = served->domain;
        c->no_vhost_at =
            (mta_sts_location){served->policy->at->filename, served->policy->at->line_num};
    }
}

static void visit_served(void *baton, const mts_served *served)
{
    check *c = baton;
    mts_host found;

    if (served->is_pattern || apr_hash_get(c->done, served->domain, APR_HASH_KEY_STRING)) {
        return;
    }
    if (!served->server->is_virtual && !has_vhost(c, served->domain)) {
        count_without_vhost(c, served);
        return;
    }
    apr_hash_set(c->done, served->domain, APR_HASH_KEY_STRING, served->domain);
    found = mts_hosts_find(c->hosts, c->p, served);
    if (!found.http && !found.https) {
        count_without_vhost(c, served);
        return;
    }
    if (found.has_pair) { /* mta_sts_pairs_check reports each of these pairs once */
        found.certificates = NULL;
    }
    judge(&found, served->domain, c->now, c->findings);
}

/* A block at server level applies to requests in every virtual host, so this may be intended. */
static void report_without_vhost(const check *c)
{
    mta_sts_finding *finding;

    if (!c->no_vhost) {
        return;
    }
    finding =
        mta_sts_finding_add(c->findings, MTA_STS_INFO, "policy-host-no-vhost", c->no_vhost_first,
                            "add ServerAlias mta-sts.DOMAIN to an https virtual host; if another "
                            "virtual host answers for "
                            "them already, its certificate must name them",
                            "no ServerName or ServerAlias is the policy host of %d domain%s of "
                            "<MTASTSPolicy> at server "
                            "level, for example of this one",
                            c->no_vhost, c->no_vhost == 1 ? "" : "s");
    finding->file = c->no_vhost_at.file;
    finding->line = c->no_vhost_at.line;
}

void mts_hosts_check(apr_pool_t *p, server_rec *main, mta_sts_findings *findings)
{
    check c = {.p = p, .findings = findings, .now = apr_time_now()};

    c.done = apr_hash_make(p);
    c.hosts = mts_hosts_collect(p, main);
    mts_policies_each(p, main, visit_served, &c);
    report_without_vhost(&c);
}

void mts_hosts_register_hooks(void)
{
    ap_hook_ssl_add_cert_files(record_cert_files, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_ssl_add_fallback_cert_files(forget_cert_files, NULL, NULL, APR_HOOK_REALLY_FIRST);
}
