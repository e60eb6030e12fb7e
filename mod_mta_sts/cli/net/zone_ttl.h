/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_ZONE_TTL_H
#define CLI_NET_ZONE_TTL_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "cli/net/resolver.h"
#include "core/dns/answer.h"

/*
 * The TTLs of records in their zones. A resolver returns the time left in its cache; only the
 * zone's own name servers return how long others may cache a record.
 */

/* An answer of a resolver for which the TTL in the zone is to be determined. All members are
 * borrowed. */
typedef struct cli_zone_ttl {
    const char *domain; /* the name is this domain or a subdomain of it */
    const char *name;
    int type; /* MTA_STS_RDATA_A and so on */
    mta_sts_answer *answer;
} cli_zone_ttl;

/*
 * Queries the name servers of the zones, without recursion. A TTL that they return replaces the one
 * in the answer, and ttl_is_authoritative is set; all other answers are left unchanged.
 *
 * @param p       pool of the queries; the answers are not allocated from it
 * @param options options of the resolver that finds the name servers; answers of the zones' own
 *                servers are not validated
 * @param wanted  array of cli_zone_ttl
 * @param end     when to stop, by the clock of apr_time_now()
 */
void cli_zone_ttl_read(apr_pool_t *p, const cli_resolver_options *options,
                       const apr_array_header_t *wanted, apr_time_t end);

#endif
