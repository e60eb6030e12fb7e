/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_OWNER_H
#define CORE_BASE_OWNER_H

#include <apr_pools.h>

/*
 * If the process runs as root, it permanently becomes the owner of a directory (its user and group,
 * without supplementary groups), so that no file in it ever belongs to root. Does nothing for any
 * other user.
 *
 * @param p   pool of the error text
 * @param dir the state directory
 * @return NULL, or why that failed
 */
const char *mta_sts_owner_become(apr_pool_t *p, const char *dir);

#endif
