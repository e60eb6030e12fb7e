/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_LOOKUP_H
#define CORE_HOSTING_LOOKUP_H

#include <apr_pools.h>

#include "core/hosting/snapshot.h"

/*
 * Reads the snapshot of hosted domains. A reader neither creates the file nor waits for the process
 * that writes to it. It is used by one thread at a time, and must not survive a fork.
 */
typedef struct mta_sts_lookup mta_sts_lookup;

typedef enum mta_sts_lookup_result {
    MTA_STS_LOOKUP_FOUND,
    MTA_STS_LOOKUP_NONE,   /* the domain is not hosted */
    MTA_STS_LOOKUP_FAILED, /* the snapshot cannot be read, or has never been in sync */
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

/* Closes it. */
void mta_sts_lookup_close(mta_sts_lookup *lookup);

/* Whether the path still names the file that was opened; otherwise it must be opened again. */
int mta_sts_lookup_is_current(const mta_sts_lookup *lookup);

/*
 * Finds the policy of a domain.
 *
 * @param domain in lower case
 * @param p      pool of the policy and of the error text
 * @param policy out: if it was found
 * @param error  out: why the snapshot cannot be read; NULL otherwise
 */
mta_sts_lookup_result mta_sts_lookup_find(mta_sts_lookup *lookup, const char *domain, apr_pool_t *p,
                                          mta_sts_lookup_policy *policy, const char **error);

/* Whether reports about a name are accepted: it is a hosted domain, or a host that an mx pattern of
 * one matches. p: scratch, and the error text. */
mta_sts_lookup_result mta_sts_lookup_accepts(mta_sts_lookup *lookup, const char *name,
                                             apr_pool_t *p, const char **error);

/* The state of the snapshot, in p. Returns NULL, or why it cannot be read. */
const char *mta_sts_lookup_state(mta_sts_lookup *lookup, apr_pool_t *p,
                                 mta_sts_snapshot_state *state);

/* The open snapshot, for core/hosting/list.h. Returns NULL, or why there is nothing to list: it has
 * never been in sync. */
const char *mta_sts_lookup_database(mta_sts_lookup *lookup, mta_sts_database **db);

#endif
