/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_RESOLVER_H
#define CLI_NET_RESOLVER_H

#include <apr_pools.h>
#include <apr_time.h>

#include "core/dns/answer.h"
#include "core/dns/rdata.h"

/*
 * Queries DNS as a sender does, many names in parallel, and validates the answers with DNSSEC if
 * there is a trust anchor. CNAMEs are followed, and truncated answers repeated over TCP. /etc/hosts
 * is not used. Not thread-safe.
 */

typedef struct cli_resolver cli_resolver;

/* A name server of a zone. */
typedef struct cli_resolver_authority {
    const char *zone;    /* without a final dot */
    const char *address; /* IPv4 or IPv6 */
} cli_resolver_authority;

typedef struct cli_resolver_options {
    const char *server;          /* "ADDRESS" or "ADDRESS@PORT"; NULL: the name servers in
                                    /etc/resolv.conf */
    const char *trust_anchor;    /* file with DS or DNSKEY records; NULL: the system's root trust
                                    anchor, if there is one and the server supports DNSSEC */
    apr_interval_time_t timeout; /* for each query, in microseconds */
    const apr_array_header_t *authorities; /* of cli_resolver_authority: the servers to query,
                                              without recursion and validation, for names in
                                              their zones. NULL: none */
} cli_resolver_options;

/*
 * Creates a resolver. If options has no trust anchor, the root is queried once to determine whether
 * the server supports DNSSEC.
 *
 * @param p        pool of the resolver, and of the error text
 * @param options  borrowed during the call
 * @param resolver out
 * @return NULL, or what is wrong with the options or the machine
 */
const char *cli_resolver_make(apr_pool_t *p, const cli_resolver_options *options,
                              cli_resolver **resolver);

/*
 * Adds a query, which is answered during cli_resolver_wait().
 *
 * @param p      pool of the answer's contents
 * @param name   without a final dot; borrowed until the query is answered
 * @param type   MTA_STS_RDATA_A and so on
 * @param answer out: set during cli_resolver_wait()
 */
void cli_resolver_ask(cli_resolver *resolver, apr_pool_t *p, const char *name, int type,
                      mta_sts_answer *answer);

/*
 * Waits until all queries have been answered or have timed out.
 *
 * @param end when to end all remaining queries (MTA_STS_ANSWER_TIMEOUT), by the clock of
 *            apr_time_now()
 */
void cli_resolver_wait(cli_resolver *resolver, apr_time_t end);

#endif
