/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_INDEX_ORIGIN_H
#define TLSRPT_INDEX_ORIGIN_H

#include <apr_tables.h>
#include <apr_time.h>

#include "core/database/database.h"

/* The networks of a sender, according to its last report of a failure. */
typedef struct tlsrpt_origin {
    const char *organization;
    const char *signer;           /* the domain of the verified DKIM signature of that report; "":
                                     unverified */
    apr_time_t begin, end;        /* of that report */
    apr_array_header_t *networks; /* of const char *: those of sending-mta-ip, and the one from
                                     which the report was posted; may be empty */
} tlsrpt_origin;

#define TLSRPT_ORIGIN_NETWORKS_MAX 8

/* Adds the network of an address to a list, unless the address is not valid or the network is in
 * the list already. */
void tlsrpt_origin_add(apr_array_header_t *networks, const char *address);

/*
 * Reads the senders that reported a failure, those of the latest reports first.
 *
 * @param since only reports received since then
 * @param max   maximum number of senders
 * @param list  out: of tlsrpt_origin
 */
const char *tlsrpt_index_origins(mta_sts_database *db, const char *domain, const char *result_type,
                                 int is_verified, apr_time_t since, int max, apr_pool_t *p,
                                 apr_array_header_t **list);

/* An address of a mail server, from a report whose DKIM signature was verified. */
typedef struct tlsrpt_signed_address {
    const char *signer;  /* the domain of the signature */
    const char *address; /* sending-mta-ip, as it was sent */
    apr_time_t received; /* of the last such report */
} tlsrpt_signed_address;

/*
 * Reads the addresses in verified reports that count, the latest first. list: out: array of
 * tlsrpt_signed_address. Only reports with failures contain addresses.
 *
 * @param since only reports received since then
 */
const char *tlsrpt_index_signed_addresses(mta_sts_database *db, apr_time_t since, apr_pool_t *p,
                                          apr_array_header_t **list);

#endif
