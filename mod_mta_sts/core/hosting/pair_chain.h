/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_PAIR_CHAIN_H
#define CORE_HOSTING_PAIR_CHAIN_H

#include <apr_pools.h>

/*
 * The intermediate certificates of key pairs. Nearly all pairs on a machine have the same ones, so
 * each distinct chain is parsed only once. Chains are reference-counted.
 */

typedef struct mta_sts_pair_chain mta_sts_pair_chain;

/* A cache of chains by their text. */
typedef struct mta_sts_pair_chains mta_sts_pair_chains;

/* Creates an empty cache, which is freed with p; a chain is freed when its last reference is
 * released. */
mta_sts_pair_chains *mta_sts_pair_chains_make(apr_pool_t *p);

/*
 * Returns the chain for a text, with a reference that the caller releases with
 * mta_sts_pair_chain_release.
 *
 * @param pem   len bytes: any number of certificates, including none
 * @param error out: if the result is NULL, why; a string constant
 */
mta_sts_pair_chain *mta_sts_pair_chains_find(mta_sts_pair_chains *chains, const char *pem,
                                             apr_size_t len, const char **error);

/* Does nothing for NULL. */
/* Releases a reference. */
void mta_sts_pair_chain_release(mta_sts_pair_chain *chain);

/* Whether both were read from the same text. */
int mta_sts_pair_chain_is_same(const mta_sts_pair_chain *one, const mta_sts_pair_chain *other);

/* The certificates, borrowed from the chain. */
struct stack_st_X509 *mta_sts_pair_chain_certificates(const mta_sts_pair_chain *chain);

#endif
