/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_FETCH_H
#define CLI_NET_FETCH_H

#include <poll.h>

#include <apr_pools.h>
#include <apr_time.h>

#include "cli/net/tls.h"
#include "core/check/policy_fetch.h"

/*
 * Fetches policies over HTTPS as a sender does (RFC 8461 section 3.3), many in parallel: each from
 * one address, without following redirects, and with limits on size and time. Proxy settings in
 * environment variables are ignored.
 */

typedef struct cli_fetcher cli_fetcher;

/*
 * Creates a fetcher.
 *
 * @param p       pool of the fetcher, and of all results
 * @param store   CAs to trust; borrowed
 * @param timeout for each fetch, in microseconds
 * @return NULL if libcurl cannot be initialized
 */
cli_fetcher *cli_fetcher_make(apr_pool_t *p, cli_tls_store *store, apr_interval_time_t timeout);

/*
 * Adds a fetch.
 *
 * @param host    the policy host; borrowed
 * @param address IPv4 or IPv6 address to connect to; borrowed
 * @param port    1..65535
 * @param fetch   out: set by cli_fetcher_step(); borrowed
 */
void cli_fetcher_add(cli_fetcher *fetcher, const char *host, const char *address, int port,
                     mta_sts_policy_fetch *fetch);

/* The maximum number of sockets of the caller that cli_fetcher_step() can wait for. */
#define CLI_FETCHER_OTHERS_MAX 200

/*
 * Waits until the socket of a fetch or of the caller is ready, and continues the fetches.
 *
 * @param others sockets of the caller, whose revents are set (POLLIN, POLLOUT; errors are reported
 *               as the requested events); count is 0..CLI_FETCHER_OTHERS_MAX
 * @param until  when to stop waiting, by the clock of apr_time_now()
 * @return the number of unfinished fetches
 */
int cli_fetcher_step(cli_fetcher *fetcher, struct pollfd *others, int count, apr_time_t until);

#endif
