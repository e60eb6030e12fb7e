/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_PAIRS_H
#define CORE_HOSTING_PAIRS_H

#include "core/hosting/pair_files.h"

/*
 * The key pairs that globs match, found by the names of their certificates. Several users (virtual
 * hosts) with globs of their own share them: each is a bit.
 *
 * Pairs are read again only if their files have changed. If the new files of a pair are broken, its
 * old pair stays in use. All of it can outlive a graceful restart, and then begins a new round with
 * mta_sts_pairs_begin. Not thread-safe, but several threads may search at the same time.
 */

typedef apr_uint64_t mta_sts_pairs_users;

#define MTA_STS_PAIRS_USERS_MAX 64

/* The files of one pair, and what was read from them. */
typedef struct mta_sts_pairs_slot {
    mta_sts_pair_files files;
    mta_sts_pairs_users users;
    mta_sts_pair *pair; /* in use; NULL: none that is right was there yet */
    const char *error;  /* why the files cannot be used as they are now; NULL: they are in use, or
                           may be in the middle of a renewal */
    int is_waiting;     /* for the caller; initially 0 */
} mta_sts_pairs_slot;

typedef struct mta_sts_pairs mta_sts_pairs;

/* Empty; it must not be used before mta_sts_pairs_begin. */
mta_sts_pairs *mta_sts_pairs_make(apr_pool_t *p);

/*
 * Begins again: nobody uses any pair, and no name is found. What was read is remembered, and what
 * could not be used is read again.
 *
 * @param p pool of the names; must live until the next call
 */
void mta_sts_pairs_begin(mta_sts_pairs *pairs, apr_pool_t *p);

/* Why a pair cannot be used by any of the users, a constant; or NULL. */
typedef const char *mta_sts_pairs_check_pair(void *baton, mta_sts_pairs_users users,
                                             const mta_sts_pair *pair);

/* A scan of the files of one user. */
typedef struct mta_sts_pairs_scan {
    const apr_array_header_t *globs; /* of const char * */
    mta_sts_pairs_users user;        /* one bit */
    apr_time_t now;
    mta_sts_pairs_check_pair *check; /* of a pair that was read; may be NULL */
    /* Called after a slot has got another pair, with its text, or another user, then with NULL.
     * May be NULL. */
    void (*changed)(void *baton, mta_sts_pairs_slot *slot, const mta_sts_pair_text *text);
    void *baton;
} mta_sts_pairs_scan;

/* Ends a round: in each, files are looked at once, however many users have them. */
void mta_sts_pairs_next_round(mta_sts_pairs *pairs);

/* Reads what is new or has changed. p: scratch memory. */
void mta_sts_pairs_run_scan(mta_sts_pairs *pairs, const mta_sts_pairs_scan *scan, apr_pool_t *p);

/*
 * Checks all pairs that have users, also those that were read before mta_sts_pairs_begin, and does
 * not use those that are refused any more. The next scan reads the files of all pairs with an error
 * again.
 *
 * @return whether there are any with an error
 */
int mta_sts_pairs_check_again(mta_sts_pairs *pairs, mta_sts_pairs_check_pair *check, void *baton);

/* Frees the pairs that nobody uses. */
void mta_sts_pairs_sweep(mta_sts_pairs *pairs);

/*
 * Stores a pair that another process has read.
 *
 * @param path  its certificate file
 * @param users in addition to those it has
 * @param text  NULL: the pair stays as it is
 * @param p     scratch memory
 */
void mta_sts_pairs_put(mta_sts_pairs *pairs, const char *path, mta_sts_pairs_users users,
                       const mta_sts_pair_text *text, apr_pool_t *p);

/* What is presented for a name: the slot of a pair for each kind, or NULL. */
typedef struct mta_sts_pairs_choice {
    const mta_sts_pairs_slot *by_kind[MTA_STS_PAIR_KINDS];
} mta_sts_pairs_choice;

/*
 * Finds the pairs for a name, also by a wildcard. Of several pairs of a kind, those that are valid
 * now take precedence, then those issued last. If any kind has a valid one, only valid ones are
 * found.
 *
 * @param name in lower case
 * @param user one bit
 * @return whether there is any
 */
int mta_sts_pairs_find(const mta_sts_pairs *pairs, const char *name, mta_sts_pairs_users user,
                       apr_time_t now, mta_sts_pairs_choice *choice);

/* Calls visit for each slot that has users, in no order. */
void mta_sts_pairs_each(const mta_sts_pairs *pairs,
                        void (*visit)(void *baton, mta_sts_pairs_slot *slot), void *baton);

#endif
