/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_FETCH_H
#define CLI_NET_FETCH_H

#include <poll.h>

#include <apr_pools.h>
#include <apr_time.h>

#include "cli/net/tls.h"
#include "core/check/policy_fetch.h"

/*
 * Fetches policies over HTTPS as a sender does (RFC 8461 section 3.3), many side by side: from one
 * address each, without following redirects, with bounds on size and time. Environment variables
 * for proxies do not count.
 */

typedef struct cli_fetcher cli_fetcher;

/*
 * @param p       pool of the fetcher, and of all that it finds
 * @param store   CAs to trust; borrowed
 * @param timeout for each fetch
 * @return NULL if libcurl cannot be started
 */
cli_fetcher *cli_fetcher_make(apr_pool_t *p, cli_tls_store *store, apr_interval_time_t timeout);

/*
 * Adds a fetch.
 *
 * @param host    the policy host; borrowed
 * @param address where to connect to; borrowed
 * @param port    1..65535
 * @param fetch   out: filled in by cli_fetcher_step(); borrowed
 */
void cli_fetcher_add(cli_fetcher *fetcher, const char *host, const char *address, int port,
                     mta_sts_policy_fetch *fetch);

/* Sockets of others that cli_fetcher_step() waits for, at most. */
#define CLI_FETCHER_OTHERS_MAX 200

/*
 * Goes on with all fetches, and waits until one of them or of the other sockets can go on.
 *
 * @param others whose revents are filled in (POLLIN, POLLOUT; an error is reported as what was
 *               waited for); count is 0..CLI_FETCHER_OTHERS_MAX
 * @param until  waits no longer than this
 * @return the number of fetches that are not finished
 */
int cli_fetcher_step(cli_fetcher *fetcher, struct pollfd *others, int count, apr_time_t until);

#endif
