/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_HOSTING_PAIRS_H
#define HTTPD_HOSTING_PAIRS_H

#include <httpd.h>

#include "core/hosting/pairs.h"
#include "core/hosting/pairs_check.h"

/*
 * The key pairs of all virtual hosts with MTASTSCertificates. The parent reads them, as root, when
 * it starts and when they are renewed; children inherit them. They stay in memory over graceful
 * restarts, during which connections have to wait, so that only changed files are read. All
 * functions may be called by several threads at a time.
 */

/* Whether any virtual host has MTASTSCertificates. */
int mts_pairs_are_used(void);

/* Why no virtual host of these users can present a pair, a constant; or NULL. */
typedef const char *mts_pairs_check_pair(mta_sts_pairs_users users, const mta_sts_pair *pair);

/*
 * Reads the pairs of a virtual host while httpd starts.
 *
 * @param check for these and for those that are read later
 * @param p     scratch memory
 */
void mts_pairs_read(const server_rec *s, mts_pairs_check_pair *check, apr_pool_t *p);

/*
 * Reads what is new or has changed, in the parent, for the virtual hosts of mts_pairs_read: others
 * do not use TLS.
 *
 * @param changed see mta_sts_pairs_scan
 * @param p       scratch memory
 */
void mts_pairs_read_again(server_rec *main,
                          void (*changed)(void *baton, mta_sts_pairs_slot *slot,
                                          const mta_sts_pair_text *text),
                          void *baton, apr_pool_t *p);

/* Checks all pairs again, when all virtual hosts are known: what they can present may have changed
 * with the configuration. p: scratch memory. */
void mts_pairs_check_again(server_rec *main, apr_pool_t *p);

/* Stores a pair that the parent has read: see mta_sts_pairs_put. */
void mts_pairs_put(const char *path, mta_sts_pairs_users users, const mta_sts_pair_text *text,
                   apr_pool_t *p);

/*
 * Finds the pairs for a name. They may be replaced after the call, so they are used during it.
 *
 * @param name in lower case
 * @param use  called with them, if there are any; may be NULL
 * @return what use returned, or 1 without it; -1 if there are none
 */
int mts_pairs_find(mta_sts_pairs_users user, const char *name,
                   int (*use)(void *baton, const mta_sts_pairs_choice *choice), void *baton);

/* The policy hosts that pairs in use are for, without wildcards: array of const char * in p. */
apr_array_header_t *mts_pairs_list_hosts(apr_pool_t *p);

/* Counts and checks them: see mta_sts_pairs_check. All are 0 if no virtual host has any. */
void mts_pairs_check(const server_rec *main, mta_sts_pairs_counts *counts,
                     mta_sts_findings *findings);

/* Registers the hooks before and after mod_ssl's start-up. */
void mts_pairs_register_hooks(void);

#endif
