/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_POLICY_CERTIFICATES_H
#define CLI_POLICY_CERTIFICATES_H

#include <apr_pools.h>

/* The key pairs that this machine's httpd presents (MTASTSCertificates), read in the same way as by
 * httpd.
 */

typedef struct cli_certificates cli_certificates;

/*
 * Reads the pairs. Only root can read the keys, so this must be called before root becomes the
 * owner of the state directory. Pairs that cannot be used are listed on standard error.
 *
 * @param p            pool of the result and of the error text
 * @param certificates out
 * @return NULL, or why the pairs cannot be read
 */
const char *cli_certificates_read(apr_pool_t *p, cli_certificates **certificates);

/* Whether a pair covers the policy host of a domain (in lower case) and has not expired. p: scratch
 * memory. */
int cli_certificates_cover(const cli_certificates *certificates, const char *domain, apr_pool_t *p);

#endif
