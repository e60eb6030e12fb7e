/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_SERVED_H
#define CLI_COMMON_SERVED_H

#include <apr_pools.h>

#include "core/policy/policy.h"

/*
 * The policies that are served now, as far as this machine knows: what senders had is held against
 * them.
 */

typedef struct cli_served cli_served;

/*
 * @param p    pool of the result
 * @param name of the subcommand, for the error text
 * @param file a policy that counts for every domain (--policy); NULL: what this machine's httpd is
 *             configured to serve, if known
 * @return NULL after saying on standard error why the file holds no valid policy
 */
cli_served *cli_served_read(apr_pool_t *p, const char *name, const char *file);

/* The policy of a domain, or NULL if it is not known. */
const mta_sts_policy *cli_served_of(const cli_served *served, const char *domain);

#endif
