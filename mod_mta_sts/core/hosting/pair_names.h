/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_PAIR_NAMES_H
#define CORE_HOSTING_PAIR_NAMES_H

#include "core/hosting/pairs.h"

/*
 * An index of key pairs by name: the slots whose pair has a name.
 */

typedef struct mta_sts_pair_names mta_sts_pair_names;

/* An element of the list of slots with a name. */
typedef struct mta_sts_pair_link {
    struct mta_sts_pair_link *next;
    const mta_sts_pairs_slot *slot;
} mta_sts_pair_link;

/* Creates an empty index, which lives as long as p. */
mta_sts_pair_names *mta_sts_pair_names_make(apr_pool_t *p);

/* Adds a slot, which is borrowed, under each name of its pair, if it has one. */
void mta_sts_pair_names_add(mta_sts_pair_names *names, const mta_sts_pairs_slot *slot);

/* Removes a slot from the index. Must be called before its pair is replaced. */
void mta_sts_pair_names_remove(mta_sts_pair_names *names, const mta_sts_pairs_slot *slot);

/* The slots with this name, in no particular order; NULL: none. */
const mta_sts_pair_link *mta_sts_pair_names_find(const mta_sts_pair_names *names, const char *name);

#endif
