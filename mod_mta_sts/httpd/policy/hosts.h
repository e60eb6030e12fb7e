/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_POLICY_HOSTS_H
#define HTTPD_POLICY_HOSTS_H

#include <httpd.h>

#include "core/base/finding.h"
#include "httpd/config/policies.h"

/*
 * The start-up check of every policy host: which virtual hosts answer for it, with which policy and
 * certificates.
 */

/* An index of the virtual hosts by the policy hosts among their names. */
typedef struct mts_hosts mts_hosts;

/* Builds the index from all virtual hosts. The result is allocated from p, and immutable. */
const mts_hosts *mts_hosts_collect(apr_pool_t *p, server_rec *main);

/* What senders find for one policy domain. */
typedef struct mts_host {
    const server_rec *http, *https;         /* the virtual hosts that answer for it, or NULL */
    const apr_array_header_t *certificates; /* of mta_sts_certificate *: those that the https
                                               virtual host presents; NULL: not known */
    int has_pair; /* whether the certificates are those of MTASTSCertificates: the current ones,
                     allocated from p */
} mts_host;

/* Finds the virtual hosts that answer for a policy domain, and their certificates. */
mts_host mts_hosts_find(const mts_hosts *hosts, apr_pool_t *p, const mts_served *served);

/* The URL on the policy host of a domain at which this httpd accepts reports, allocated from p; or
 * NULL. */
const char *mts_hosts_endpoint(const mts_hosts *hosts, apr_pool_t *p, const mts_served *served);

/* Checks one policy domain (not an alias) with core/policy/host.h; problems are added to the
 * findings. */
void mts_hosts_judge(const mts_hosts *hosts, const mts_served *served, apr_time_t now,
                     mta_sts_findings *findings);

/*
 * Gathers the facts about all policy hosts and checks them with core/policy/host.h.
 *
 * @param p        pool of scratch memory and of the findings' strings
 * @param main     the main server, after its policies were resolved and its certificates collected
 * @param findings problems are added here
 */
void mts_hosts_check(apr_pool_t *p, server_rec *main, mta_sts_findings *findings);

/*
 * Reads the certificates of all virtual hosts. Must be called after mod_ssl's and mod_md's
 * post_config, when all certificate files are known, as the same user as these modules.
 *
 * @param pconf pool of the certificates
 */
void mts_hosts_read_certificates(apr_pool_t *pconf, server_rec *main);

/* The path at which the policy hosts of hosted domains accept reports, or NULL. */
const char *mts_hosts_report_path(const mts_hosts *hosts, const server_rec *main);

/* Registers the hooks that record the certificate files of all virtual hosts, no matter which
 * module adds them. */
void mts_hosts_register_hooks(void);

#endif
