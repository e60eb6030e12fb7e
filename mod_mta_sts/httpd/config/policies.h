/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_POLICIES_H
#define HTTPD_CONFIG_POLICIES_H

#include <httpd.h>

#include "core/base/finding.h"
#include "httpd/config/config.h"

/*
 * The policies of the whole server: created from the directives after all of them have been read,
 * and looked up for each request.
 */

/*
 * Renders every policy and fills in the tables of every mts_config.
 *
 * @param p        pconf: pool of everything that is served
 * @param ptemp    pool of data that is needed only during the call
 * @param main     the main server
 * @param findings errors and warnings are added here; if there is an error, the configuration must
 *                 not be used
 */
void mts_policies_resolve(apr_pool_t *p, apr_pool_t *ptemp, server_rec *main,
                          mta_sts_findings *findings);

/*
 * The policy that a server serves for a policy host. In order of precedence: a block of the server;
 * its plain directives, if the host is among its names; a block of the main server.
 *
 * @param host   policy host, lower case
 * @param domain its policy domain: len bytes, or a string if len is APR_HASH_KEY_STRING
 * @return NULL if the server has no policy for it
 */
const mts_policy *mts_policies_defined(const server_rec *s, const char *host, const char *domain,
                                       apr_ssize_t len);

/* The policy that a request is for. */
typedef struct mts_requested {
    const char *host;   /* policy host */
    const char *domain; /* the part of host after "mta-sts."; NULL: the request is not for a policy
                           host, or not over https */
    apr_ssize_t len;    /* length of domain, which may be followed by other bytes */
    const mts_policy *policy; /* NULL: no policy was found */
} mts_requested;

/* Finds the policy to serve for a request. There is one only if the request is over https and for a
 * policy host for which the server has a policy. */
void mts_policies_find(const request_rec *r, mts_requested *requested);

/* A policy domain, or a wildcard alias of policy hosts, and a policy that is defined for it. */
typedef struct mts_served {
    const char *domain; /* policy domain, or the alias */
    int is_pattern;     /* whether domain is an alias */
    const mts_policy *policy;
    const server_rec *server; /* where it is defined */
    int order;                /* position of that server in the configuration, from 0 */
} mts_served;

/* Whether senders, which use https, can fetch the policy: it is defined in an https virtual host,
 * or at server level. */
int mts_policies_reach_senders(const mts_served *served);

/* Calls visit for each combination of name and policy that is served, which is valid only during
 * the call. p: pool for a little temporary memory. */
void mts_policies_each(apr_pool_t *p, const server_rec *main,
                       void (*visit)(void *baton, const mts_served *served), void *baton);

/* The same as an array of mts_served, allocated from p and sorted by domain, then by precedence:
 * virtual hosts in the order of the configuration, then the main server. */
apr_array_header_t *mts_policies_list(apr_pool_t *p, const server_rec *main);

#endif
