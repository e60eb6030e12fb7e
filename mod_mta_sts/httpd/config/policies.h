/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_POLICIES_H
#define HTTPD_CONFIG_POLICIES_H

#include <httpd.h>

#include "core/base/finding.h"
#include "httpd/config/config.h"

/*
 * The policies of the whole server: made from the directives once all of them are read, found
 * again for each request.
 */

/*
 * Renders every policy and fills the tables of every mts_config.
 *
 * @param p        pconf: what is served lives there
 * @param ptemp    for what is needed only meanwhile
 * @param main     the main server
 * @param findings what is wrong; the configuration must not be used if one is an error
 */
void mts_policies_resolve(apr_pool_t *p, apr_pool_t *ptemp, server_rec *main,
                          mta_sts_findings *findings);

/*
 * What a server answers for a policy host. Nearest first: its blocks; its plain directives, where
 * the host is among its names; the blocks of the main server.
 *
 * @param host   policy host, lower case
 * @param domain its policy domain, of len bytes or APR_HASH_KEY_STRING
 * @return NULL if the server knows no policy for it
 */
const mts_policy *mts_policies_defined(const server_rec *s, const char *host, const char *domain,
                                       apr_ssize_t len);

/* The policy that this request asks for: one over https, for a policy host that the answering
 * server knows; else NULL. */
const mts_policy *mts_policies_find(const request_rec *r);

/* One policy domain, or wildcard alias of policy hosts, and a policy that is defined for it. */
typedef struct mts_served {
    const char *domain; /* policy domain, or the alias */
    int is_pattern;     /* it is an alias */
    const mts_policy *policy;
    const server_rec *server; /* where it is defined */
    int order;                /* number of that server, from 0 */
} mts_served;

/* Whether senders, which use https, can fetch it: from an https virtual host, or from server
 * level. */
int mts_policies_reach_senders(const mts_served *served);

/* Calls visit for everything that is served; what it gets is valid during the call only. p is for
 * a little scratch memory. */
void mts_policies_each(apr_pool_t *p, const server_rec *main,
                       void (*visit)(void *baton, const mts_served *served), void *baton);

/* All of it as an array of mts_served in p, sorted by domain, the nearest first: virtual
 * hosts in their order, then the main server. */
apr_array_header_t *mts_policies_list(apr_pool_t *p, const server_rec *main);

#endif
