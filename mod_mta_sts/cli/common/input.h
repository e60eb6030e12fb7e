/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_INPUT_H
#define CLI_COMMON_INPUT_H

#include <apr_pools.h>

#include "core/policy/policy.h"

/*
 * Reads a policy from a file, up to just above the maximum size of a policy.
 *
 * @param p    pool of the text
 * @param name of the subcommand, for the error text
 * @param path of the file; NULL or "-": standard input
 * @param len  out: number of bytes read
 * @return NULL after printing on standard error why it cannot be read
 */
const char *cli_read_policy(apr_pool_t *p, const char *name, const char *path, apr_size_t *len);

/*
 * Reads a policy that must be valid.
 *
 * @return NULL after printing on standard error why it cannot be read or is not valid
 */
const mta_sts_policy *cli_read_valid_policy(apr_pool_t *p, const char *name, const char *path);

#endif
