/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_PAIRS_H
#define CORE_HOSTING_PAIRS_H

#include "core/hosting/pair_files.h"

/*
 * The key pairs that match globs, to be found by the names of their certificates. Several users
 * (virtual hosts), each with its own globs, share the pairs; a user is a bit of a set.
 *
 * Pairs are read again only if their files have changed. If the new files of a pair cannot be used,
 * the old pair stays in use. A set of pairs can survive a graceful restart; it is then prepared
 * with mta_sts_pairs_begin. Not thread-safe, but several threads may call mta_sts_pairs_find at the
 * same time.
 */

typedef apr_uint64_t mta_sts_pairs_users;

#define MTA_STS_PAIRS_USERS_MAX 64

/* The files of one pair, and what was read from them. */
typedef struct mta_sts_pairs_slot {
    mta_sts_pair_files files;
    mta_sts_pairs_users users;
    mta_sts_pair *pair; /* the pair in use; NULL: the files have never been usable */
    const char *error;  /* why the current files cannot be used; NULL: they are in use, or may be in
                           the middle of a renewal */
    int is_waiting;     /* for the caller; initially 0 */
} mta_sts_pairs_slot;

typedef struct mta_sts_pairs mta_sts_pairs;

/* Creates an empty set, allocated from p. mta_sts_pairs_begin must be called before any other
 * function. */
mta_sts_pairs *mta_sts_pairs_make(apr_pool_t *p);

/*
 * Begins anew: afterwards no pair has a user, and no name is found. Pairs that were read stay in
 * memory; files that could not be used will be read again.
 *
 * @param p pool of the names; must live until the next call
 */
void mta_sts_pairs_begin(mta_sts_pairs *pairs, apr_pool_t *p);

/* Returns why a pair cannot be used by any of the users, as a string constant; or NULL. */
typedef const char *mta_sts_pairs_check_pair(void *baton, mta_sts_pairs_users users,
                                             const mta_sts_pair *pair);

/* A scan of the files of one user. */
typedef struct mta_sts_pairs_scan {
    const apr_array_header_t *globs; /* of const char * */
    mta_sts_pairs_users user;        /* one bit */
    apr_time_t now;
    mta_sts_pairs_check_pair *check; /* called for each pair that was read; may be NULL */
    /* Called after a slot has got a new pair (with its text) or an additional user (with NULL). May
     * be NULL. */
    void (*changed)(void *baton, mta_sts_pairs_slot *slot, const mta_sts_pair_text *text);
    void *baton;
} mta_sts_pairs_scan;

/* Ends a round of scans: in each round, files are checked only once, even if several users have
 * them. */
void mta_sts_pairs_next_round(mta_sts_pairs *pairs);

/* Reads the files that are new or have changed. p: scratch memory. */
void mta_sts_pairs_run_scan(mta_sts_pairs *pairs, const mta_sts_pairs_scan *scan, apr_pool_t *p);

/*
 * Checks all pairs that have users, including those that were read before mta_sts_pairs_begin, and
 * stops using those that fail. The next scan reads the files of all pairs with an error again.
 *
 * @return whether any pair has an error
 */
int mta_sts_pairs_check_again(mta_sts_pairs *pairs, mta_sts_pairs_check_pair *check, void *baton);

/* Frees the pairs that have no users. */
void mta_sts_pairs_sweep(mta_sts_pairs *pairs);

/*
 * Stores a pair that another process has read.
 *
 * @param path  its certificate file
 * @param users added to the users that the slot has
 * @param text  the contents of the files; NULL: the pair is unchanged
 * @param p     scratch memory
 */
void mta_sts_pairs_put(mta_sts_pairs *pairs, const char *path, mta_sts_pairs_users users,
                       const mta_sts_pair_text *text, apr_pool_t *p);

/* The pairs to present for a name: for each kind the slot of a pair, or NULL. */
typedef struct mta_sts_pairs_choice {
    const mta_sts_pairs_slot *by_kind[MTA_STS_PAIR_KINDS];
} mta_sts_pairs_choice;

/*
 * Finds the pairs for a name, including those for a wildcard. Among several pairs of a kind, those
 * that are valid now take precedence, then those issued last. If there is a valid pair of any kind,
 * only valid pairs are returned.
 *
 * @param name in lower case
 * @param user one bit
 * @return whether there is a pair
 */
int mta_sts_pairs_find(const mta_sts_pairs *pairs, const char *name, mta_sts_pairs_users user,
                       apr_time_t now, mta_sts_pairs_choice *choice);

/* Calls visit for each slot that has users, in no particular order. */
void mta_sts_pairs_each(const mta_sts_pairs *pairs,
                        void (*visit)(void *baton, mta_sts_pairs_slot *slot), void *baton);

#endif
