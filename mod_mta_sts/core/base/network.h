/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_NETWORK_H
#define CORE_BASE_NETWORK_H

#include <apr_pools.h>

/*
 * The network of a mail server or another client, with the prefix length that is recorded: /24 for
 * IPv4, /48 for IPv6.
 */
#define MTA_STS_NETWORK_IPV4_BYTES 3
#define MTA_STS_NETWORK_IPV6_BYTES 6

/*
 * "192.0.2.0/24" for "192.0.2.77", "2001:db8:1::/48" for "2001:db8:1:2::3"; an IPv4 address that is
 * mapped into IPv6 is IPv4.
 *
 * @param address in text form; may have an IPv6 zone ("%eth0"), which is ignored
 * @return allocated from p; "" if it is not an address
 */
const char *mta_sts_network_of(apr_pool_t *p, const char *address);

#endif
