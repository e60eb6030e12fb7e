/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_NETWORK_NAMES_H
#define CORE_DATABASE_NETWORK_NAMES_H

#include <apr_hash.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "core/database/database.h"

/*
 * Names of the networks in the fetch log (core/database/fetches.h), from forward-confirmed reverse
 * DNS for one of their addresses: the address has a name (PTR, RFC 1035 section 3.5), and the name
 * has that address. Only the zone that contains the name is stored with the network, because the
 * name itself could identify the address, which the log keeps for a day at most. cli/net/reverse.h
 * does the lookups.
 */
typedef struct mta_sts_network_name {
    const char *network; /* "192.0.2.0/24", "2001:db8::/48" */
    const char *name;    /* a domain in canonical form (core/base/name.h) */
    apr_time_t confirmed;
} mta_sts_network_name;

/* An address whose name is not known yet, or has expired. */
typedef struct mta_sts_network_address {
    const char *network, *address;
} mta_sts_network_address;

#define MTA_STS_NETWORK_NAMES_MAX 20000 /* rows; more names are not stored */

/* Reads all names that have not expired. names: out: array of mta_sts_network_name, allocated from
 * p, sorted by network and name. Returns NULL, or an error (core/database/database.h), like the
 * functions below. */
const char *mta_sts_network_names_read(mta_sts_database *db, apr_time_t now, apr_pool_t *p,
                                       apr_array_header_t **names);

/*
 * Reads full addresses in the fetch log whose networks should be looked up, the latest first.
 *
 * @param domain policy domain whose policy they requested; "": others; NULL: any domain whose
 *               policy they got
 * @param max    maximum number of addresses
 * @param list   out: of mta_sts_network_address
 */
const char *mta_sts_network_names_wanted(mta_sts_database *db, const char *domain, apr_time_t now,
                                         int max, apr_pool_t *p, apr_array_header_t **list);

/* Reads the networks that must not be looked up now, because that was done recently. networks: out:
 * network -> the same string, allocated from p. */
const char *mta_sts_network_names_waiting(mta_sts_database *db, apr_time_t now, apr_pool_t *p,
                                          apr_hash_t **networks);

/* The result for one network. */
typedef struct mta_sts_network_result {
    const char *network;
    const apr_array_header_t *names; /* of const char *: the confirmed ones */
    int is_certain;                  /* whether all queries were answered */
} mta_sts_network_result;

/* Stores results, an array of mta_sts_network_result, and removes names that have expired, in one
 * transaction. p: scratch memory. */
const char *mta_sts_network_names_store(mta_sts_database *db, const apr_array_header_t *results,
                                        apr_time_t now, apr_pool_t *p);

/*
 * Finds the networks that requested the policy of a domain and whose confirmed name is `name` or a
 * subdomain of it.
 *
 * @param since, until requests in hours that overlap this period
 * @param max          maximum number of networks
 * @param networks     out: of const char *
 */
const char *mta_sts_network_names_find(mta_sts_database *db, const char *domain, const char *name,
                                       apr_time_t since, apr_time_t until, int max, apr_pool_t *p,
                                       apr_array_header_t **networks);

#endif
