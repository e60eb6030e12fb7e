/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_NETWORK_H
#define HTTPD_SHARED_NETWORK_H

#include <httpd.h>

/*
 * The network of a client address, in three sizes: a single IPv6 client has a whole /64, and the
 * addresses of rented servers are often adjacent.
 */
typedef enum mts_network_width {
    MTS_NETWORK_CLIENT, /* IPv4 /32, IPv6 /64 */
    MTS_NETWORK_SITE,   /* /24, /48 */
    MTS_NETWORK_WIDE,   /* /16, /32 */
} mts_network_width;

/*
 * A hash of a network, keyed with a secret of this server, so that nobody can find addresses whose
 * hashes collide. All texts that are not addresses have the same hash.
 *
 * @param what    what is counted: a string constant of at most 31 bytes
 * @param address in text form, as httpd renders it; NULL: none
 */
apr_uint64_t mts_network_hash(const char *what, const char *address, mts_network_width width);

/* "192.0.2.0/24", "2001:db8::/48"; "unknown" for text that is not an address. Allocated from p. */
const char *mts_network_name(apr_pool_t *p, const char *address, mts_network_width width);

#endif
