/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_HOSTED_H
#define CLI_COMMON_HOSTED_H

#include "cli/common/apache.h"

/*
 * The policies of hosted domains (MTASTSHosting) on this machine, from httpd's snapshot in the
 * state directory.
 */

/*
 * Adds the policies of those domains that are hosted to a list of configured policies, which take
 * precedence. Adds nothing if this machine hosts no domains.
 *
 * @param p         pool of the policies and of the error text
 * @param apache    the configuration; NULL: it is not known, so the state directory is that of
 *                  --state-dir
 * @param state_dir of --state-dir, or NULL
 * @param domains   of const char *, canonical; NULL: all hosted domains (at most MTA_STS_PEEK_MAX)
 * @param policies  of cli_apache_policy; the list to which policies are added
 * @return NULL, or why the snapshot cannot be read
 */
const char *cli_hosted_add(apr_pool_t *p, const cli_apache *apache, const char *state_dir,
                           const apr_array_header_t *domains, apr_array_header_t *policies);

#endif
