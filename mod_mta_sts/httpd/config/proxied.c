/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config/proxied.h"

#include <apr_hash.h>
#include <apr_strings.h>

#include "httpd/config/config.h"
#include "httpd/config/report_config.h"
#include "httpd/config/vhost_names.h"

static void add(apr_pool_t *p, mts_config *main, const server_rec *s)
{
    if (!main->proxied) {
        main->proxied = apr_hash_make(p);
    }
    apr_hash_set(main->proxied, apr_pmemdup(p, &s, sizeof(s)), sizeof(s), s);
}

/* Only for the first one, since the others mostly have the same proxy. */
static void report(apr_pool_t *p, const server_rec *main, mta_sts_findings *findings)
{
    const server_rec *s = main;
    mta_sts_finding *finding;

    while (s && !(mts_vhost_names_is_behind_proxy(s) && mts_vhost_names_of(p, s)->nelts)) {
        s = s->next;
    }
    if (!s || mts_report_config_of(main)->fetch_log == MTS_FETCH_LOG_OFF) {
        return;
    }
    finding = mta_sts_finding_add(
        findings, MTA_STS_INFO, "fetches-proxy", mts_config_server_name(findings->pool, s),
        "configure mod_remoteip (RemoteIPHeader with RemoteIPInternalProxy, or "
        "RemoteIPProxyProtocol On)",
        "requests for policies arrive here through a proxy that terminates TLS, without the "
        "address of the client: the fetch log records them without a network, and cannot say which "
        "sender they came from");
    finding->file = s->defn_name;
    finding->line = (int)s->defn_line_number;
}

void mts_proxied_collect(apr_pool_t *p, const server_rec *main, mta_sts_findings *findings)
{
    mts_config *config = mts_config_of(main);
    const server_rec *s;

    config->proxied = NULL;
    if (mts_vhost_names_has_remoteip()) {
        return;
    }
    for (s = main; s; s = s->next) {
        if (mts_vhost_names_is_behind_proxy(s)) {
            add(p, config, s);
        }
    }
    if (config->proxied) {
        report(p, main, findings);
    }
}

/* Modules that replace an address allocate a new one. */
const apr_sockaddr_t *mts_proxied_client(const request_rec *r)
{
    const server_rec *s = r->server;
    apr_hash_t *proxied;

    if (r->useragent_addr != r->connection->client_addr || !s->server_scheme) {
        return r->useragent_addr;
    }
    proxied = mts_config_of(s)->main->proxied;
    return proxied && apr_hash_get(proxied, &s, sizeof(s)) ? NULL : r->useragent_addr;
}
