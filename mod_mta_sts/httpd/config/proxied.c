/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config/proxied.h"

#include <apr_strings.h>

#include "httpd/config/config.h"
#include "httpd/config/remoteip.h"
#include "httpd/config/report_config.h"
#include "httpd/config/vhost_names.h"

const server_rec **mts_proxied_places;
apr_size_t mts_proxied_mask;

static const mts_remoteip *remoteip;

static void add(const server_rec *s)
{
    apr_size_t at = mts_proxied_place(s);

    while (mts_proxied_places[at]) {
        at = (at + 1) & mts_proxied_mask;
    }
    mts_proxied_places[at] = s;
}

/* Reports only the first virtual host, because the others mostly have the same proxy. */
static void report(apr_pool_t *p, const server_rec *main, mta_sts_findings *findings)
{
    const server_rec *s = main;
    mta_sts_finding *finding;

    if (mts_report_config_of(main)->fetch_log == MTS_FETCH_LOG_OFF) {
        return;
    }
    while (s && !(mts_vhost_names_is_behind_proxy(s) && !mts_remoteip_replaces(remoteip, s) &&
                  mts_vhost_names_of(p, s)->nelts)) {
        s = s->next;
    }
    if (!s) {
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

static apr_size_t count_servers(const server_rec *s)
{
    apr_size_t count = 0;

    for (; s; s = s->next) {
        count += s->server_scheme != NULL;
    }
    return count;
}

void mts_proxied_collect(apr_pool_t *p, const server_rec *main, mta_sts_findings *findings)
{
    apr_size_t count = count_servers(main);
    const server_rec *s;

    mts_proxied_places = NULL;
    remoteip = mts_remoteip_read(p, main);
    if (!count) {
        return;
    }
    for (mts_proxied_mask = 1; mts_proxied_mask < 2 * count;
         mts_proxied_mask = 2 * mts_proxied_mask + 1) {
    }
    mts_proxied_places = apr_pcalloc(p, sizeof(*mts_proxied_places) * (mts_proxied_mask + 1));
    for (s = main; s; s = s->next) {
        if (mts_vhost_names_is_behind_proxy(s)) {
            add(s);
        }
    }
    report(p, main, findings);
}

const apr_sockaddr_t *mts_proxied_connection(const conn_rec *c)
{
    return mts_remoteip_has_proxy_protocol(remoteip, c->local_addr) ? NULL : c->client_addr;
}
