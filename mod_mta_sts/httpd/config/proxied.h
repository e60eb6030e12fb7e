/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_PROXIED_H
#define HTTPD_CONFIG_PROXIED_H

#include <httpd.h>

#include "core/base/finding.h"

/*
 * Virtual hosts behind a proxy that terminates TLS, without mod_remoteip: the client address of a
 * request is that of the proxy, unless another module has replaced it.
 */

/*
 * Finds these virtual hosts. Must be called at configtest and at each start.
 *
 * @param findings a finding is added here if the addresses of clients are not available for the
 *                 fetch log
 */
void mts_proxied_collect(apr_pool_t *p, const server_rec *main, mta_sts_findings *findings);

/* The servers, as a hash table with open addressing (linear probing), so that a request finds its
 * server in a few instructions; at least half of the entries are free. Allocated from pconf; NULL:
 * there are no such servers. */
extern const server_rec **mts_proxied_places;
extern apr_size_t mts_proxied_mask; /* number of entries, which is a power of 2, minus 1 */

static inline apr_size_t mts_proxied_place(const server_rec *s)
{
    return (apr_size_t)(((apr_uint64_t)(apr_uintptr_t)s * UINT64_C(0x9e3779b97f4a7c15)) >> 32) &
           mts_proxied_mask;
}

static inline int mts_proxied_has(const server_rec *s)
{
    apr_size_t at = mts_proxied_place(s);

    while (mts_proxied_places[at] && mts_proxied_places[at] != s) {
        at = (at + 1) & mts_proxied_mask;
    }
    return mts_proxied_places[at] == s;
}

/* The client's address, or NULL if only that of a proxy is known. A module that replaces the
 * address allocates a new one. This also applies where mod_remoteip is configured: if the proxy
 * does not pass on an address, the client is not known. */
static inline const apr_sockaddr_t *mts_proxied_client(const request_rec *r)
{
    return mts_proxied_places && r->server->server_scheme &&
                   r->useragent_addr == r->connection->client_addr && mts_proxied_has(r->server)
               ? NULL
               : r->useragent_addr;
}

/* The client address of a connection without a request; NULL if it may be that of a proxy that
 * forwards connections (PROXY protocol). */
const apr_sockaddr_t *mts_proxied_connection(const conn_rec *c);

#endif
