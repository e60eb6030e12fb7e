/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_REMOTEIP_H
#define HTTPD_CONFIG_REMOTEIP_H

#include <httpd.h>
#include <util_cfgtree.h>

/*
 * What the directives of mod_remoteip mean for each server. Its own configuration is private, so
 * this follows the directives as it does: RemoteIPHeader and the lists of proxies belong to a
 * virtual host or else to all, and RemoteIPProxyProtocol belongs to the addresses of the virtual
 * host that contains it, the last one for an address deciding.
 */
typedef struct mts_remoteip mts_remoteip;

/* @param p pool of the result, which refers to the addresses of the servers */
const mts_remoteip *mts_remoteip_read(apr_pool_t *p, const server_rec *main);

/* Whether mod_remoteip replaces the address of a proxy on all addresses of a server. */
int mts_remoteip_replaces(const mts_remoteip *remoteip, const server_rec *s);

/* Whether connections to this local address come through proxies that send the client's address
 * first (PROXY protocol): mod_remoteip gives it to requests, while that of a connection is the
 * proxy's. */
int mts_remoteip_has_proxy_protocol(const mts_remoteip *remoteip, apr_sockaddr_t *local);

/* The RemoteIPHeader that is in effect for a server without any list of proxies, so that every
 * client can claim any address; or NULL. */
const ap_directive_t *mts_remoteip_open_header(const server_rec *s);

#endif
