/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_NETWORK_NAMES_H
#define CORE_DATABASE_NETWORK_NAMES_H

#include <apr_hash.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "core/database/database.h"

/*
 * Names of the networks in the fetch log (core/database/fetches.h), as DNS has confirmed them for
 * one of their addresses: the address has a name (PTR, RFC 1035 section 3.5), and the name has that
 * address. Only the zone that the name belongs to is stored, with the network: the name itself
 * could identify the address, which the log has for a day at most. Looking them up is up to others
 * (cli/net/reverse.h).
 */
typedef struct mta_sts_network_name {
    const char *network; /* "192.0.2.0/24", "2001:db8::/48" */
    const char *name;    /* a domain in canonical form (core/base/name.h) */
    apr_time_t confirmed;
} mta_sts_network_name;

/* An address whose name is not known yet, or any more. */
typedef struct mta_sts_network_address {
    const char *network, *address;
} mta_sts_network_address;

#define MTA_STS_NETWORK_NAMES_MAX 20000 /* rows; more names are not stored */

/* Reads all names that have not expired: an array of mta_sts_network_name, by network and name. */
const char *mta_sts_network_names_read(mta_sts_database *db, apr_time_t now, apr_pool_t *p,
                                       apr_array_header_t **names);

/*
 * Full addresses in the fetch log whose networks should be looked up, the last ones first.
 *
 * @param domain policy domain that they requested; "": others; NULL: any that they got the policy of
 * @param max    addresses at most
 * @param list   out: of mta_sts_network_address
 */
const char *mta_sts_network_names_wanted(mta_sts_database *db, const char *domain, apr_time_t now,
                                         int max, apr_pool_t *p, apr_array_header_t **list);

/* The networks that should not be looked up, because that was done not long ago: network -> itself.
 */
const char *mta_sts_network_names_waiting(mta_sts_database *db, apr_time_t now, apr_pool_t *p,
                                          apr_hash_t **networks);

/* The result for one network. */
typedef struct mta_sts_network_result {
    const char *network;
    const apr_array_header_t *names; /* of const char *: the confirmed ones */
    int is_certain;                  /* whether all questions were answered */
} mta_sts_network_result;

/* Stores results, an array of mta_sts_network_result, and removes what has expired; in one
 * transaction. */
const char *mta_sts_network_names_store(mta_sts_database *db, const apr_array_header_t *results,
                                        apr_time_t now, apr_pool_t *p);

/*
 * The networks that requested the policy of a domain, and whose confirmed name is a given one or
 * below it.
 *
 * @param since, until hours that overlap this time
 * @param max          networks at most
 * @param networks     out: of const char *
 */
const char *mta_sts_network_names_find(mta_sts_database *db, const char *domain, const char *name,
                                       apr_time_t since, apr_time_t until, int max, apr_pool_t *p,
                                       apr_array_header_t **networks);

#endif
