/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_HOSTING_PAIRS_H
#define HTTPD_HOSTING_PAIRS_H

#include <httpd.h>

#include "core/hosting/pairs.h"
#include "core/hosting/pairs_check.h"

/*
 * The key pairs of all virtual hosts with MTASTSCertificates. The parent process reads them, as
 * root, when it starts and when they are renewed; child processes inherit them. They stay in memory
 * across graceful restarts, so that only changed files need to be read while new connections are
 * waiting. All functions are thread-safe.
 */

/* Whether any virtual host has MTASTSCertificates. */
int mts_pairs_are_used(void);

/* Returns why no virtual host of these users can present a pair, as a string constant; or NULL. */
typedef const char *mts_pairs_check_pair(mta_sts_pairs_users users, const mta_sts_pair *pair);

/*
 * Reads the pairs of a virtual host while httpd starts.
 *
 * @param check called for these pairs, and for those that are read later
 * @param p     scratch memory
 */
void mts_pairs_read(const server_rec *s, mts_pairs_check_pair *check, apr_pool_t *p);

/*
 * Reads the files that are new or have changed, in the parent process, for the virtual hosts for
 * which mts_pairs_read was called; others do not use TLS.
 *
 * @param changed see mta_sts_pairs_scan
 * @param p       scratch memory
 */
void mts_pairs_read_again(server_rec *main,
                          void (*changed)(void *baton, mta_sts_pairs_slot *slot,
                                          const mta_sts_pair_text *text),
                          void *baton, apr_pool_t *p);

/* Checks all pairs again after all virtual hosts are known, because which pairs they can present
 * may have changed with the configuration. p: scratch memory. */
void mts_pairs_check_again(server_rec *main, apr_pool_t *p);

/* Stores a pair that the parent process has read: see mta_sts_pairs_put. */
void mts_pairs_put(const char *path, mta_sts_pairs_users users, const mta_sts_pair_text *text,
                   apr_pool_t *p);

/*
 * Finds the pairs for a name. They may be replaced after the call, so they must be used only inside
 * `use`.
 *
 * @param name in lower case
 * @param use  called with the pairs, if there are any; may be NULL
 * @return the return value of use, or 1 if it is NULL; -1 if there are no pairs
 */
int mts_pairs_find(mta_sts_pairs_users user, const char *name,
                   int (*use)(void *baton, const mta_sts_pairs_choice *choice), void *baton);

/* Lists the policy hosts in the certificates of the pairs in use, without wildcards: an array of
 * const char *, allocated from p. */
apr_array_header_t *mts_pairs_list_hosts(apr_pool_t *p);

/* Counts and checks the pairs: see mta_sts_pairs_check. All numbers are 0 if no virtual host has
 * MTASTSCertificates. */
void mts_pairs_check(const server_rec *main, mta_sts_pairs_counts *counts,
                     mta_sts_findings *findings);

/* Registers the hooks that run before and after mod_ssl's post_config. */
void mts_pairs_register_hooks(void);

#endif
