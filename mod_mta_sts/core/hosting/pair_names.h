/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_PAIR_NAMES_H
#define CORE_HOSTING_PAIR_NAMES_H

#include "core/hosting/pairs.h"

/*
 * The names of key pairs: which slots have a pair for a name.
 */

typedef struct mta_sts_pair_names mta_sts_pair_names;

/* A slot with that name. */
typedef struct mta_sts_pair_link {
    struct mta_sts_pair_link *next;
    const mta_sts_pairs_slot *slot;
} mta_sts_pair_link;

/* Empty; it lives as long as p. */
mta_sts_pair_names *mta_sts_pair_names_make(apr_pool_t *p);

/* Adds the names of the pair of a slot, if it has one. The slot is borrowed. */
void mta_sts_pair_names_add(mta_sts_pair_names *names, const mta_sts_pairs_slot *slot);

/* Removes what was added, before the slot gets another pair. */
void mta_sts_pair_names_remove(mta_sts_pair_names *names, const mta_sts_pairs_slot *slot);

/* The slots with this name, in no order; NULL: none. */
const mta_sts_pair_link *mta_sts_pair_names_find(const mta_sts_pair_names *names, const char *name);

#endif
