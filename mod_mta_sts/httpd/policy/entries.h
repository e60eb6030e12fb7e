/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_POLICY_ENTRIES_H
#define HTTPD_POLICY_ENTRIES_H

#include <httpd.h>

#include "core/dns/publication.h"
#include "core/policy/policy.h"
#include "httpd/config/policies.h"
#include "httpd/policy/hosts.h"

/*
 * The configured policies as the dumps print them: one entry for each combination of policy domain
 * (or alias with a wildcard) and policy text, with all locations that define this text for the
 * domain.
 */
typedef struct mts_entry {
    const mts_served *served; /* the locations, the one that takes precedence first */
    int count;                /* of the locations, at least 1 */
    int precedence; /* precedence of the first location among all locations of the domain, from 1 */
    int reaches_senders; /* whether at least one location is reached over https */
    int is_published; /* whether its id is the one to publish: it reaches senders, and no other such
                         entry takes precedence */
    const char *id;
    const mta_sts_policy *policy;
} mts_entry;

/*
 * Calls visit for every entry, sorted by domain and then by precedence.
 *
 * @param pconf the configuration's pool, for the list of policies
 * @param main  the main server, after its policies were resolved
 * @param visit called for each entry; its p, and everything to which the entry points, is cleared
 *              afterwards
 */
void mts_entries_each(apr_pool_t *pconf, const server_rec *main,
                      void (*visit)(apr_pool_t *p, const mts_entry *entry, void *baton),
                      void *baton);

/* The DNS records to publish for an entry that is not a pattern. The proposed rua contains the
 * report endpoint of the policy host. Allocated from p. */
const mta_sts_publication *mts_entry_publication(apr_pool_t *p, const mts_entry *entry,
                                                 const mts_hosts *hosts);

#endif
