/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_INPUT_H
#define CLI_COMMON_INPUT_H

#include <apr_pools.h>

#include "core/policy/policy.h"

/*
 * Reads a policy from a file, but no more of it than shows that it is too long for one.
 *
 * @param p    pool of the text
 * @param name of the subcommand, for the error text
 * @param path file; NULL or "-": standard input
 * @param len  out: bytes read
 * @return NULL after saying on standard error why not
 */
const char *cli_read_policy(apr_pool_t *p, const char *name, const char *path, apr_size_t *len);

/*
 * The same for a policy that must be valid.
 *
 * @return NULL after saying on standard error why there is none
 */
const mta_sts_policy *cli_read_valid_policy(apr_pool_t *p, const char *name, const char *path);

#endif
