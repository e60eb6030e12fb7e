/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_REMOTEIP_H
#define HTTPD_CONFIG_REMOTEIP_H

#include <httpd.h>
#include <util_cfgtree.h>

/*
 * The effect of the directives of mod_remoteip on each server. The configuration of mod_remoteip is
 * private, so this evaluates the directives in the same way: RemoteIPHeader and the lists of
 * proxies apply to a virtual host or else to all; RemoteIPProxyProtocol applies to the addresses of
 * the virtual host that contains it, and the last one for an address takes precedence.
 */
typedef struct mts_remoteip mts_remoteip;

/* Reads the directives. p: pool of the result, which refers to the addresses of the servers. */
const mts_remoteip *mts_remoteip_read(apr_pool_t *p, const server_rec *main);

/* Whether mod_remoteip replaces the address of a proxy by that of the client on all addresses of a
 * server. */
int mts_remoteip_replaces(const mts_remoteip *remoteip, const server_rec *s);

/* Whether connections to this local address come from proxies that send the client's address first
 * (PROXY protocol): mod_remoteip sets that address for requests, but the address of the connection
 * remains that of the proxy. */
int mts_remoteip_has_proxy_protocol(const mts_remoteip *remoteip, apr_sockaddr_t *local);

/* The RemoteIPHeader that is in effect for a server without any list of trusted proxies, so that
 * each client can claim any address; or NULL. */
const ap_directive_t *mts_remoteip_open_header(const server_rec *s);

#endif
