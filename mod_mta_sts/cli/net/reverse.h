/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_REVERSE_H
#define CLI_NET_REVERSE_H

#include "cli/net/resolver.h"

/*
 * Looks up who has an address: its names (PTR, RFC 1035 section 3.5), of which only those count
 * that have the address themselves, since the owner of the reverse zone can put any name there. The
 * result is not the name but its zone: the nearest name above it, or itself, that has an SOA
 * record.
 */
typedef struct cli_reverse {
    const char *address;       /* IPv4 or IPv6 */
    apr_array_header_t *zones; /* out: of const char *, in canonical form (core/base/name.h) */
    int is_certain;            /* out: whether all questions were answered */
} cli_reverse;

/*
 * Looks them up, all at the same time.
 *
 * @param p       pool of the results
 * @param options of the resolver; answers are not validated with DNSSEC
 * @param list    of cli_reverse
 * @param end     when to give up, on the clock of apr_time_now()
 */
void cli_reverse_find(apr_pool_t *p, const cli_resolver_options *options, apr_array_header_t *list,
                      apr_time_t end);

#endif
