/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_PAIR_CHAIN_H
#define CORE_HOSTING_PAIR_CHAIN_H

#include <apr_pools.h>

/*
 * The intermediate certificates of key pairs. Nearly all pairs of a machine have the same ones, so
 * they are read once for each different text.
 */

typedef struct mta_sts_pair_chain mta_sts_pair_chain;

/* The chains that are known by their text. */
typedef struct mta_sts_pair_chains mta_sts_pair_chains;

/* Freed with p; a chain is freed when nobody holds it any more. */
mta_sts_pair_chains *mta_sts_pair_chains_make(apr_pool_t *p);

/*
 * The chain of a text, held for the caller until mta_sts_pair_chain_release.
 *
 * @param pem   of len bytes: any number of certificates, also none
 * @param error out: a constant, if the result is NULL
 */
mta_sts_pair_chain *mta_sts_pair_chains_find(mta_sts_pair_chains *chains, const char *pem,
                                             apr_size_t len, const char **error);

/* Does nothing for NULL. */
void mta_sts_pair_chain_release(mta_sts_pair_chain *chain);

/* Whether both were read from the same text. */
int mta_sts_pair_chain_is_same(const mta_sts_pair_chain *one, const mta_sts_pair_chain *other);

/* The certificates, borrowed. */
struct stack_st_X509 *mta_sts_pair_chain_certificates(const mta_sts_pair_chain *chain);

#endif
