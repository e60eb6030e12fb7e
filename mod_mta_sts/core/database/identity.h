/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_IDENTITY_H
#define CORE_DATABASE_IDENTITY_H

#include <apr_pools.h>

/*
 * The identity of a machine among those that share a database: a random text in its state
 * directory, because host names are not always unique.
 */
#define MTA_STS_IDENTITY_FILE "machine"

/*
 * Reads the identity; creates it if it does not exist or is not valid. Processes that create it at
 * the same time get the same one.
 *
 * @param p         pool of the identity and of the error text
 * @param state_dir a directory that this user owns
 * @param identity  out
 * @return NULL, or why it can be neither read nor created
 */
const char *mta_sts_identity_find(apr_pool_t *p, const char *state_dir, const char **identity);

/* Gives the machine a new identity, which it needs if it is a copy of another machine. Arguments
 * and result: as for mta_sts_identity_find. */
const char *mta_sts_identity_renew(apr_pool_t *p, const char *state_dir, const char **identity);

/* Reads the identity without creating it; NULL if there is none that this user can read. Allocated
 * from p. */
const char *mta_sts_identity_read(apr_pool_t *p, const char *state_dir);

/* The host name of this machine, allocated from p. */
const char *mta_sts_identity_host(apr_pool_t *p);

#endif
