/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_REVERSE_H
#define CLI_NET_REVERSE_H

#include "cli/net/resolver.h"

/*
 * Determines the owner of an address by forward-confirmed reverse DNS: looks up its names (PTR, RFC
 * 1035 section 3.5), of which only those count that have this address, because the owner of the
 * reverse zone can publish any name. The result is not the name itself but its zone: the name, or
 * its nearest ancestor, that has an SOA record.
 */
typedef struct cli_reverse {
    const char *address;       /* IPv4 or IPv6 */
    apr_array_header_t *zones; /* out: of const char *, in canonical form (core/base/name.h) */
    int is_certain;            /* out: whether all queries were answered */
} cli_reverse;

/*
 * Looks up all addresses at the same time.
 *
 * @param p       pool of the results
 * @param options options of the resolver; answers are not validated with DNSSEC
 * @param list    of cli_reverse
 * @param end     when to stop, by the clock of apr_time_now()
 */
void cli_reverse_find(apr_pool_t *p, const cli_resolver_options *options, apr_array_header_t *list,
                      apr_time_t end);

#endif
