/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_SERVED_H
#define CLI_COMMON_SERVED_H

#include <apr_pools.h>

#include "tlsrpt/advice/policy_match.h"

/*
 * The policies that are served now, as far as this machine knows, with which the policies that
 * senders used are compared.
 */

typedef struct cli_served cli_served;

/*
 * @param p    pool of the result
 * @param name of the subcommand, for the error text
 * @param file file with the policy of all domains (--policy); NULL: the policies that this
 *             machine's httpd is configured to serve, if they are known
 * @return NULL after printing on standard error why the file does not contain a valid policy
 */
cli_served *cli_served_read(apr_pool_t *p, const char *name, const char *file);

/*
 * Opens the history of served policies in the database in the state directory. If there is none, or
 * it belongs to a user other than that of this process, earlier policies are unknown.
 *
 * @param state_dir of --state-dir, or NULL
 */
void cli_served_open_history(cli_served *served, const char *state_dir);

/* The database that was opened, or NULL. */
mta_sts_database *cli_served_database(const cli_served *served);

/* The policies of a domain: the one that is served now, and earlier ones. */
const tlsrpt_policies *cli_served_of(cli_served *served, const char *domain);

#endif
