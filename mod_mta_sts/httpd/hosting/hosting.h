/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_HOSTING_HOSTING_H
#define HTTPD_HOSTING_HOSTING_H

#include <httpd.h>

#include "core/hosting/lookup.h"
#include "tlsrpt/report/report.h"

/*
 * Hosted domains, whose policies are rows in the database (MTASTSHosting): each child process reads
 * the local snapshot (core/hosting/snapshot.h), which the watchdog updates. All functions are
 * thread-safe.
 */

/* Whether MTASTSHosting is on. */
int mts_hosting_is_on(const server_rec *s);

/* The path of the snapshot, allocated from p. */
const char *mts_hosting_file(const server_rec *s, apr_pool_t *p);

/*
 * Finds the policy of a hosted domain. Logs an error, at most once a minute, if the snapshot cannot
 * be read.
 *
 * @param domain in lower case
 * @param p      pool of the policy
 * @param policy out: set with MTA_STS_LOOKUP_FOUND
 * @return the result; MTA_STS_LOOKUP_NONE if hosting is off
 */
mta_sts_lookup_result mts_hosting_find(const server_rec *s, const char *domain, apr_pool_t *p,
                                       mta_sts_lookup_policy *policy);

/* Whether reports about a name are accepted: it is a hosted domain, or an MX host of one. p:
 * scratch memory. */
int mts_hosting_has_name(const server_rec *s, apr_pool_t *p, const char *name);

/* Whether a report is about such a name. p: scratch memory. */
int mts_hosting_has_report(const server_rec *s, apr_pool_t *p, const tlsrpt_report *report);

/* A function that reads the snapshot. Returns NULL, or why that failed, which may be valid only
 * until the next use of lookup. The function may be called a second time, and then must discard the
 * results of the first call. */
typedef const char *mts_hosting_reading(mta_sts_lookup *lookup, apr_pool_t *p, void *baton);

/*
 * Calls a function that reads the current snapshot; after an error, a second time.
 *
 * @param p     pool of its results and of the error text
 * @param baton passed to the function
 * @return NULL, or the error
 */
const char *mts_hosting_read(const server_rec *s, apr_pool_t *p, mts_hosting_reading *read,
                             void *baton);

/* Registers the hook that prepares each child. */
void mts_hosting_register_hooks(void);

#endif
