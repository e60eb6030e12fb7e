/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_STATE_DIR_H
#define CLI_COMMON_STATE_DIR_H

#include <apr_pools.h>

/*
 * Where httpd's module keeps reports (its MTASTSStateDir), and whose it is: so that nothing in
 * there ever belongs to root, root becomes its owner before touching it.
 */

#define CLI_STATE_DIR_DEFAULT "/var/lib/mod_mta_sts"

/* The directory that --state-dir names, else MTA_STS_STATE_DIR of the environment, else the
 * default.
 *
 * @param told the option's value, or NULL
 */
const char *cli_state_dir_find(const char *told);

/*
 * Run as root, becomes the owner of that directory for good: its group and user, no further group.
 * Run as anybody else, does nothing.
 *
 * @param p pool of the error text
 * @return NULL, or in words why not
 */
const char *cli_state_dir_become_owner(apr_pool_t *p, const char *dir);

#endif
