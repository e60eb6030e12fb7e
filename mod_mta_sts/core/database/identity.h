/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_IDENTITY_H
#define CORE_DATABASE_IDENTITY_H

#include <apr_pools.h>

/*
 * The identity of a machine among those that share a database: a random text in its state
 * directory. Host names are not always different.
 */
#define MTA_STS_IDENTITY_FILE "machine"

/*
 * Reads the identity; creates it if it does not exist or cannot be used. Processes that create it at
 * once get the same one.
 *
 * @param p         pool of the identity and of the error text
 * @param state_dir a directory of this user
 * @param identity  out
 * @return NULL, or why it can be neither read nor created
 */
const char *mta_sts_identity_find(apr_pool_t *p, const char *state_dir, const char **identity);

/* Gives the machine another identity, as a copy of a machine needs. */
const char *mta_sts_identity_renew(apr_pool_t *p, const char *state_dir, const char **identity);

/* The same without creating it: NULL if there is none that this user can read. */
const char *mta_sts_identity_read(apr_pool_t *p, const char *state_dir);

/* The host name of this machine, allocated from p. */
const char *mta_sts_identity_host(apr_pool_t *p);

#endif
