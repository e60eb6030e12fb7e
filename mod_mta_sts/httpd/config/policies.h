/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_POLICIES_H
#define HTTPD_CONFIG_POLICIES_H

#include <httpd.h>

#include "core/base/finding.h"
#include "httpd/config/config.h"

/*
 * The policies of the whole server: created from the directives after all of them were read, and
 * looked up for each request.
 */

/*
 * Renders every policy and fills in the tables of every mts_config.
 *
 * @param p        pconf: pool of everything that is served
 * @param ptemp    pool of what is needed only during the call
 * @param main     the main server
 * @param findings errors and warnings are added here; the configuration must not be used if one is
 *                 an error
 */
void mts_policies_resolve(apr_pool_t *p, apr_pool_t *ptemp, server_rec *main,
                          mta_sts_findings *findings);

/*
 * The policy that a server serves for a policy host. In order of precedence: its blocks; its plain
 * directives, if the host is among its names; the blocks of the main server.
 *
 * @param host   policy host, lower case
 * @param domain its policy domain, of len bytes or APR_HASH_KEY_STRING
 * @return NULL if the server has no policy for it
 */
const mts_policy *mts_policies_defined(const server_rec *s, const char *host, const char *domain,
                                       apr_ssize_t len);

/* What a request is for. */
typedef struct mts_requested {
    const char *host;   /* policy host */
    const char *domain; /* the name after "mta-sts." in it; NULL: it is for another host, or not
                           over https */
    apr_ssize_t len;    /* of the domain, which need not end there */
    const mts_policy *policy; /* NULL: none was found */
} mts_requested;

/* Finds the policy to serve for a request, which must be over https and for a policy host that the
 * server has a policy for. */
void mts_policies_find(const request_rec *r, mts_requested *requested);

/* A policy domain, or a wildcard alias of policy hosts, and a policy that is defined for it. */
typedef struct mts_served {
    const char *domain; /* policy domain, or the alias */
    int is_pattern;     /* whether domain is an alias */
    const mts_policy *policy;
    const server_rec *server; /* where it is defined */
    int order;                /* position of that server in the configuration, from 0 */
} mts_served;

/* Whether senders, which use https, can fetch it: it is defined in an https virtual host, or at
 * server level. */
int mts_policies_reach_senders(const mts_served *served);

/* Calls visit for everything that is served; its argument is only valid during the call. p is for a
 * little scratch memory. */
void mts_policies_each(apr_pool_t *p, const server_rec *main,
                       void (*visit)(void *baton, const mts_served *served), void *baton);

/* The same as an array of mts_served in p, sorted by domain, then by precedence: virtual hosts in
 * their order, then the main server. */
apr_array_header_t *mts_policies_list(apr_pool_t *p, const server_rec *main);

#endif
