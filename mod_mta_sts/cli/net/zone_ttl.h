/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_ZONE_TTL_H
#define CLI_NET_ZONE_TTL_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "cli/net/resolver.h"
#include "core/dns/answer.h"

/*
 * The TTLs that zones give their records. A resolver returns what its cache has left of them; only
 * the zone's own name servers say how long others may cache a record.
 */

/* One answer of a resolver whose TTL is wanted. All is borrowed. */
typedef struct cli_zone_ttl {
    const char *domain; /* the name is this, or below it */
    const char *name;
    int type; /* MTA_STS_RDATA_A and so on */
    mta_sts_answer *answer;
} cli_zone_ttl;

/*
 * Asks the name servers of the zones, without recursion. Where they return a TTL, it takes the
 * place of the one in the answer, which gets ttl_is_authoritative; all other answers stay as they
 * are.
 *
 * @param p       pool of what is asked; the answers are not allocated from it
 * @param options of the resolver that finds the name servers; those of the zones are not validated
 * @param wanted  array of cli_zone_ttl
 * @param end     when to give up, as apr_time_now() counts
 */
void cli_zone_ttl_read(apr_pool_t *p, const cli_resolver_options *options,
                       const apr_array_header_t *wanted, apr_time_t end);

#endif
