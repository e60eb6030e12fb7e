/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_TLS_H
#define CLI_NET_TLS_H

#include <apr_pools.h>
#include <openssl/ssl.h>

#include "core/check/peer.h"

/*
 * TLS connections for observation: problems of the server's certificate are recorded as facts
 * instead of ending the handshake.
 */

/* The certificates of the CAs that are trusted. */
typedef X509_STORE cli_tls_store;

/*
 * Creates a trust store.
 *
 * @param p       pool of the store and of the error text
 * @param ca_file PEM file of CA certificates, or NULL for the system's
 * @param store   out
 * @return NULL, or why the file cannot be used
 */
const char *cli_tls_store_make(apr_pool_t *p, const char *ca_file, cli_tls_store **store);

/*
 * Makes a context require TLS 1.2 or newer, and record the properties of the server to which it
 * connects.
 *
 * @param p    pool of the contents of peer; must live as long as the connection
 * @param peer out: set during the handshake
 */
void cli_tls_watch(apr_pool_t *p, SSL_CTX *context, cli_tls_store *store, mta_sts_peer *peer);

#endif
