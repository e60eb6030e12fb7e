/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_VHOST_NAMES_H
#define HTTPD_CONFIG_VHOST_NAMES_H

#include <httpd.h>
#include <util_cfgtree.h>

/*
 * The ServerName and ServerAlias names of a server that make it answer for policy hosts.
 */

typedef struct mts_vhost_name {
    const char *key; /* the policy domain, or the alias in lower case */
    int is_pattern;  /* whether it is an alias with a wildcard that can match policy hosts */
} mts_vhost_name;

/* The names of one server: an array of mts_vhost_name, allocated with its contents from p. */
apr_array_header_t *mts_vhost_names_of(apr_pool_t *p, const server_rec *s);

/* The first policy host among the names that contains U-labels, or NULL. No request matches it,
 * because clients send A-labels, and httpd compares names as they are configured. */
const char *mts_vhost_names_ulabel(const server_rec *s);

/*
 * Whether the configuration makes a server speak https: by SSLEngine, a ServerName with https://,
 * or its listener's protocol. Also correct during configtest, before mod_ssl has evaluated its
 * directives.
 */
int mts_vhost_names_https(const server_rec *s);

/* Whether directives of mod_ssl specify files with CA certificates, which may complete the chain of
 * a server's certificates. */
int mts_vhost_names_has_chain(const server_rec *s);

/* Whether a server is behind a proxy that terminates TLS. */
int mts_vhost_names_is_behind_proxy(const server_rec *s);

/* Whether the argument of a directive is On, with or without quotation marks. */
int mts_vhost_names_is_on(const ap_directive_t *directive);

#endif
