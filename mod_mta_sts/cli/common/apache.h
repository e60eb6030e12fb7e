/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_APACHE_H
#define CLI_COMMON_APACHE_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "core/base/finding.h"
#include "core/policy/policy.h"

/*
 * The policies that this machine's httpd is configured to serve, as printed by `apachectl -t -D
 * DUMP_MTA_STS_JSON` (doc/dump-json.md). cli/common/hosted.h adds the policies of hosted domains.
 */

/* Where a policy is defined, as FILE:LINE. */
typedef struct cli_apache_location {
    const char *defined_at; /* the block, or one of its directives */
    const char *mode_at;    /* its MTASTSMode directive; NULL: the default mode */
} cli_apache_location;

typedef struct cli_apache_policy {
    const char *domain;           /* policy domain */
    const char *id;               /* id of the configured policy */
    const mta_sts_policy *policy; /* the configured policy; id and policy are NULL if the row of a
                                     hosted domain is not valid and never was */
    const char *endpoint;         /* URL at which its policy host accepts reports, or NULL */
    int certificate_days; /* value of MTASTSCertificateDays, which applies to all policies; -1: not
                             set */
    apr_array_header_t *locations; /* of cli_apache_location: all locations that are served over
                                      https */
    int is_hosted;                 /* whether the policy is a row in the database */
    const char *row_wrong;         /* why this row is not valid, or NULL if it is valid */
} cli_apache_policy;

typedef struct cli_apache {
    apr_array_header_t *policies; /* of cli_apache_policy, each domain once, sorted by domain,
                                     without patterns and without policies that are defined only
                                     for http */
    int certificate_days;         /* value of MTASTSCertificateDays; -1: not set */
    const char *hosting_dir;      /* the state directory, if MTASTSHosting is on; else NULL */
    const char *hosting_problem;  /* why nothing is known about hosted domains, or NULL */
    int hosting_held;             /* number of hosted domains whose deletion is held back */
    int hosting_wrong;            /* number of rows that are not valid */
    apr_time_t hosting_synced;    /* when httpd last read them from the database; 0: not known */
    const char *report_path;      /* path at which policy hosts of hosted domains accept reports, or
                                     NULL */
    apr_array_header_t *pair_paths; /* of const char *: the globs of MTASTSCertificates */
    mta_sts_findings *findings; /* the findings of configtest, with locations in their messages */
} cli_apache;

/* An apachectl process that was started. */
typedef struct cli_apache_run cli_apache_run;

/*
 * Runs apachectl, which reads the whole configuration of httpd, for which it may have to run as
 * root.
 *
 * @param p      pool of the result and of the error text
 * @param apache out; its policies may be empty only with hosting_dir. After an error it is set only
 * if the configuration was read, and serves no domain
 * @return NULL, or why there are no policies, and what to do
 */
const char *cli_apache_list(apr_pool_t *p, cli_apache **apache);

/*
 * The same in two steps, between which the caller can do something else.
 *
 * @return the process, even if it could not be started: cli_apache_finish returns why. If
 *         cli_apache_finish is not called, it ends with this process.
 */
cli_apache_run *cli_apache_start(apr_pool_t *p);
const char *cli_apache_finish(apr_pool_t *p, cli_apache_run *run, cli_apache **apache);

/* Whether there is an apachectl on this machine. */
int cli_apache_exists(const cli_apache_run *run);

/*
 * Reads the globs of MTASTSCertificates in all virtual hosts, by running apachectl.
 *
 * @param paths out: array of const char *, not empty
 * @return NULL, or why there are none, allocated from p
 */
const char *cli_apache_list_pair_paths(apr_pool_t *p, apr_array_header_t **paths);

/* The policy of a domain, or NULL. policies: of cli_apache_policy, or NULL. */
const cli_apache_policy *cli_apache_find(const apr_array_header_t *policies, const char *domain);

/*
 * Parses the document that httpd printed.
 *
 * @param p pool of the result
 * @return the result, possibly without policies; NULL if the text is not such a document
 */
cli_apache *cli_apache_read(apr_pool_t *p, const char *text, apr_size_t len);

#endif
