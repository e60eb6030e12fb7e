/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_NETRC_H
#define CLI_IMPORT_NETRC_H

#include <apr_pools.h>

/*
 * Finds the password of a user at a host in the text of a netrc file: that of the first entry for
 * this host and user, for this host without a user, or with "default".
 *
 * @param p pool of the password
 * @return the password, or NULL if there is none
 */
const char *cli_netrc_find(apr_pool_t *p, const char *text, const char *host, const char *user);

#endif
