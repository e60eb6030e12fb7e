/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_APACHE_H
#define CLI_COMMON_APACHE_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "core/policy/policy.h"

/*
 * The policies that this machine's httpd is configured to serve, as printed by `apachectl -t -D
 * DUMP_MTA_STS_JSON` (doc/dump-json.md).
 */

/* Where a policy is defined, as FILE:LINE. */
typedef struct cli_apache_location {
    const char *defined_at; /* the block, or one of its directives */
    const char *mode_at;    /* its MTASTSMode directive; NULL: the default mode */
} cli_apache_location;

typedef struct cli_apache_policy {
    const char *domain;            /* policy domain */
    const char *id;                /* id of the configured policy */
    const mta_sts_policy *policy;  /* the configured policy */
    const char *endpoint;          /* URL at which its policy host accepts reports, or NULL */
    apr_array_header_t *locations; /* of cli_apache_location: all that are served over https */
} cli_apache_policy;

/*
 * Runs apachectl, which reads the whole configuration of httpd, and may need to be root for that.
 *
 * @param p        pool of the result and of the error text
 * @param policies out: array of cli_apache_policy, each domain once, sorted by domain, without
 *                 patterns and without policies that are defined only for http; not empty
 * @return NULL, or why there are no policies and what to do
 */
const char *cli_apache_list(apr_pool_t *p, apr_array_header_t **policies);

/* The policy of a domain, or NULL. policies: as above, or NULL. */
const cli_apache_policy *cli_apache_find(const apr_array_header_t *policies, const char *domain);

/*
 * Parses the document that httpd printed.
 *
 * @param p pool of the result
 * @return an array as of cli_apache_list, possibly empty; NULL if the text is not such a document
 */
apr_array_header_t *cli_apache_read(apr_pool_t *p, const char *text, apr_size_t len);

#endif
