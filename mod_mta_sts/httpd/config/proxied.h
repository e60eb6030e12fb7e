/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_PROXIED_H
#define HTTPD_CONFIG_PROXIED_H

#include <httpd.h>

#include "core/base/finding.h"

/*
 * Virtual hosts behind a proxy that terminates TLS, without mod_remoteip: the address of a request
 * is that of the proxy, unless another module has replaced it.
 */

/*
 * Finds them. Called at configtest and at a start.
 *
 * @param findings one more, if the fetch log does not get any client's address
 */
void mts_proxied_collect(apr_pool_t *p, const server_rec *main, mta_sts_findings *findings);

/* The client's address, or NULL if only that of a proxy is known. */
const apr_sockaddr_t *mts_proxied_client(const request_rec *r);

/* The address of the client of a connection without a request; NULL if it may be that of a proxy
 * that passes connections on (PROXY protocol). */
const apr_sockaddr_t *mts_proxied_connection(const conn_rec *c);

#endif
