/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_RESOLVER_H
#define CLI_NET_RESOLVER_H

#include <apr_pools.h>
#include <apr_time.h>

#include "core/dns/answer.h"
#include "core/dns/rdata.h"

/*
 * Asks DNS as a sender does, many questions side by side, and validates the answers with DNSSEC
 * where there is a trust anchor. CNAMEs are followed, and truncated answers asked again over TCP.
 * /etc/hosts does not count. Not for several threads.
 */

typedef struct cli_resolver cli_resolver;

/* A name server of a zone. */
typedef struct cli_resolver_authority {
    const char *zone;    /* without a final dot */
    const char *address; /* IPv4 or IPv6 */
} cli_resolver_authority;

typedef struct cli_resolver_options {
    const char *server;          /* "ADDRESS" or "ADDRESS@PORT"; NULL: those of /etc/resolv.conf */
    const char *trust_anchor;    /* file of DS or DNSKEY records; NULL: that of the root which the
                                    system has, if there is one and the server is up to DNSSEC */
    apr_interval_time_t timeout; /* for each question */
    const apr_array_header_t *authorities; /* of cli_resolver_authority: whom to ask, without
                                              recursion, about names in their zones; nothing is
                                              validated then. NULL: none */
} cli_resolver_options;

/*
 * Makes a resolver. Without a trust anchor of the caller's it asks for the root once, to see
 * whether the server passes DNSSEC on.
 *
 * @param p        pool of the resolver, and of the error text
 * @param options  borrowed for the call
 * @param resolver out
 * @return NULL, or what is wrong with the options or the machine
 */
const char *cli_resolver_make(apr_pool_t *p, const cli_resolver_options *options,
                              cli_resolver **resolver);

/*
 * Asks a question; cli_resolver_wait() sees it answered.
 *
 * @param p      pool of what is in the answer
 * @param name   without a final dot; borrowed until it is answered
 * @param type   MTA_STS_RDATA_A and so on
 * @param answer out: filled in during cli_resolver_wait()
 */
void cli_resolver_ask(cli_resolver *resolver, apr_pool_t *p, const char *name, int type,
                      mta_sts_answer *answer);

/*
 * Waits until every question is answered or its time is over.
 *
 * @param end when to give up all that is left (MTA_STS_ANSWER_TIMEOUT), as apr_time_now() counts
 */
void cli_resolver_wait(cli_resolver *resolver, apr_time_t end);

#endif
