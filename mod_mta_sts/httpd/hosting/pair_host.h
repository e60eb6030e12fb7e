/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_HOSTING_PAIR_HOST_H
#define HTTPD_HOSTING_PAIR_HOST_H

#include <httpd.h>

#include "core/base/finding.h"
#include "core/policy/certificate.h"

/*
 * The key pairs that a virtual host with MTASTSCertificates presents for one policy host.
 */

/*
 * The certificates of the key pairs for a policy host.
 *
 * @param s    a server
 * @param host in lower case
 * @param p    pool of the result
 * @return array of const mta_sts_certificate *; NULL if the server has no pair for it
 */
apr_array_header_t *mts_pair_host_certificates(const server_rec *s, const char *host,
                                               apr_pool_t *p);

/*
 * Reports a policy host without a pair (pair-missing).
 *
 * @param s    a server without a pair for it
 * @param host borrowed by the finding
 * @param own  of const mta_sts_certificate *: the virtual host's own certificates; or NULL
 * @return whether a finding was added: 0 without MTASTSCertificates, if the key pairs are not
 *         known, as during configtest, or if one of its own certificates covers the host
 */
int mts_pair_host_report_missing(const server_rec *s, const char *host,
                                 const apr_array_header_t *own, mta_sts_findings *findings);

#endif
