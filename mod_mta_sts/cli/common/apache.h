/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_APACHE_H
#define CLI_COMMON_APACHE_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "core/policy/policy.h"

/*
 * The policies that this machine's httpd is configured to serve, as `apachectl -t -D DUMP_MTA_STS`
 * tells them.
 */

/* Where a policy is told: FILE:LINE. */
typedef struct cli_apache_place {
    const char *told; /* its block, or one of its directives */
    const char *mode; /* its MTASTSMode; NULL: it has the default */
} cli_apache_place;

typedef struct cli_apache_policy {
    const char *domain;         /* the policy domain */
    const char *id;             /* policy id of the configured text */
    mta_sts_policy *policy;     /* what is configured */
    apr_array_header_t *places; /* of cli_apache_place: all that tell it to senders */
} cli_apache_policy;

/*
 * Asks httpd, which reads its whole configuration for it, and may need root for that.
 *
 * @param p        pool of the result and of the error text
 * @param policies out: array of cli_apache_policy, each domain once, in the order of the domains;
 *                 without patterns, and without what is served over http only. Not empty
 * @return NULL, or why there are none and what to do
 */
const char *cli_apache_list(apr_pool_t *p, apr_array_header_t **policies);

/*
 * Reads the text that httpd printed.
 *
 * @param p    pool of the result
 * @param text changed
 * @return as above, possibly empty; NULL if this is no such text at all
 */
apr_array_header_t *cli_apache_read(apr_pool_t *p, char *text);

#endif
