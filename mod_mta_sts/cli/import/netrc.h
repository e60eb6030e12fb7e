/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_NETRC_H
#define CLI_IMPORT_NETRC_H

#include <apr_pools.h>

/*
 * The password of a user at a host in the text of a netrc file: that of the first entry for this
 * host and user, or for this host without a user, or that begins with "default".
 *
 * @param p pool of the password
 * @return NULL if there is none
 */
const char *cli_netrc_find(apr_pool_t *p, const char *text, const char *host, const char *user);

#endif
