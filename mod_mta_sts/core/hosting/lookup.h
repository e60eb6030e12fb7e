/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_LOOKUP_H
#define CORE_HOSTING_LOOKUP_H

#include <apr_pools.h>

#include "core/hosting/snapshot.h"

/*
 * Reads the snapshot of hosted domains. A reader neither creates the file nor waits for the process
 * that writes to it. It may be used by only one thread at a time, and must not be used after a
 * fork.
 */
typedef struct mta_sts_lookup mta_sts_lookup;

typedef enum mta_sts_lookup_result {
    MTA_STS_LOOKUP_FOUND,
    MTA_STS_LOOKUP_NONE,   /* the domain is not hosted */
    MTA_STS_LOOKUP_FAILED, /* the snapshot cannot be read, or was never in sync */
} mta_sts_lookup_result;

typedef struct mta_sts_lookup_policy {
    const char *text, *id;
    apr_size_t len;
} mta_sts_lookup_policy;

/*
 * Opens the snapshot.
 *
 * @param p    pool of the reader, which closes it
 * @param file its absolute path
 * @return NULL, or why it cannot be read
 */
const char *mta_sts_lookup_open(apr_pool_t *p, const char *file, mta_sts_lookup **lookup);

/* Closes the snapshot before its pool is cleared. */
void mta_sts_lookup_close(mta_sts_lookup *lookup);

/* Whether the path still names the file that was opened; if not, the caller must open it again. */
int mta_sts_lookup_is_current(const mta_sts_lookup *lookup);

/*
 * Finds the policy of a domain.
 *
 * @param domain in lower case
 * @param p      pool of the policy and of the error text
 * @param policy out: set with MTA_STS_LOOKUP_FOUND
 * @param error  out: with MTA_STS_LOOKUP_FAILED, why the snapshot cannot be read; else NULL
 */
mta_sts_lookup_result mta_sts_lookup_find(mta_sts_lookup *lookup, const char *domain, apr_pool_t *p,
                                          mta_sts_lookup_policy *policy, const char **error);

/* Whether reports about a name are accepted: the name is a hosted domain, or a host that an mx
 * pattern of a hosted domain matches. p: pool of scratch memory and of the error text. */
mta_sts_lookup_result mta_sts_lookup_accepts(mta_sts_lookup *lookup, const char *name,
                                             apr_pool_t *p, const char **error);

/* Reads the state of the snapshot, allocated from p. Returns NULL, or why it cannot be read. */
const char *mta_sts_lookup_state(mta_sts_lookup *lookup, apr_pool_t *p,
                                 mta_sts_snapshot_state *state);

/* The database of the open snapshot, for core/hosting/list.h. Returns NULL, or why nothing can be
 * listed: the snapshot cannot be read, or was never in sync. */
const char *mta_sts_lookup_database(mta_sts_lookup *lookup, mta_sts_database **db);

#endif
