/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_SMTP_PROBE_H
#define CLI_NET_SMTP_PROBE_H

#include <poll.h>

#include <apr_pools.h>
#include <apr_time.h>

#include "cli/net/tls.h"
#include "core/check/mx_probe.h"

/*
 * Probes mail servers as a sender connects to them, many in parallel: connect, greeting, EHLO,
 * STARTTLS, TLS handshake, QUIT. No mail is sent. The time and the amount of data of each probe are
 * limited.
 */

typedef struct cli_prober cli_prober;

/* The maximum number of simultaneous probes; others wait. */
#define CLI_PROBER_IN_FLIGHT_MAX 200

/*
 * Creates a prober.
 *
 * @param p       pool of the prober, and of all results
 * @param store   CAs to trust; borrowed
 * @param timeout for each probe, in microseconds
 */
cli_prober *cli_prober_make(apr_pool_t *p, cli_tls_store *store, apr_interval_time_t timeout);

/*
 * Adds a probe.
 *
 * @param host    the MX host; borrowed
 * @param address IPv4 or IPv6 address to connect to; borrowed
 * @param port    1..65535
 * @param probe   out: set by cli_prober_step(); borrowed
 */
void cli_prober_add(cli_prober *prober, const char *host, const char *address, int port,
                    mta_sts_mx_probe *probe);

/*
 * Starts probes, and lists the sockets that they wait for.
 *
 * @param sockets out: an array of CLI_PROBER_IN_FLIGHT_MAX elements, to be passed to
 *                cli_prober_step()
 * @param until   in and out: set to an earlier time if a probe will time out before it
 * @return the number of running probes; 0: all are finished
 */
int cli_prober_watch(cli_prober *prober, struct pollfd *sockets, apr_time_t *until);

/* Continues the probes whose sockets have revents, and ends those that timed out. */
void cli_prober_step(cli_prober *prober, const struct pollfd *sockets, int count);

#endif
