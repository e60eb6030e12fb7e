/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_SMTP_PROBE_H
#define CLI_NET_SMTP_PROBE_H

#include <poll.h>

#include <apr_pools.h>
#include <apr_time.h>

#include "cli/net/tls.h"
#include "core/check/mx_probe.h"

/*
 * Probes mail servers as a sender does, up to a TLS connection, many side by side: connect,
 * greeting, EHLO, STARTTLS, handshake, QUIT. No mail is sent. Each has a bound on time, and on what
 * it may say.
 */

typedef struct cli_prober cli_prober;

/* Probes under way at the same time; the rest waits its turn. */
#define CLI_PROBER_IN_FLIGHT_MAX 200

/*
 * @param p       pool of the prober, and of all that it finds
 * @param store   CAs to trust; borrowed
 * @param timeout for each probe
 */
cli_prober *cli_prober_make(apr_pool_t *p, cli_tls_store *store, apr_interval_time_t timeout);

/*
 * Adds a probe.
 *
 * @param host    the MX host; borrowed
 * @param address where to connect to; borrowed
 * @param port    1..65535
 * @param probe   out: filled in by cli_prober_step(); borrowed
 */
void cli_prober_add(cli_prober *prober, const char *host, const char *address, int port,
                    mta_sts_mx_probe *probe);

/*
 * Starts what can be started, and says what the probes wait for.
 *
 * @param sockets out: room for CLI_PROBER_IN_FLIGHT_MAX; the same array goes to cli_prober_step()
 * @param until   in and out: made earlier if a probe's time is over by then
 * @return the number of probes under way; 0: all are finished
 */
int cli_prober_watch(cli_prober *prober, struct pollfd *sockets, apr_time_t *until);

/* Goes on with the probes whose sockets have something (revents), and ends those that are late. */
void cli_prober_step(cli_prober *prober, const struct pollfd *sockets, int count);

#endif
