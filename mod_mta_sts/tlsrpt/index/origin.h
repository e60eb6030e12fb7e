/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_INDEX_ORIGIN_H
#define TLSRPT_INDEX_ORIGIN_H

#include <apr_tables.h>
#include <apr_time.h>

#include "core/database/database.h"

/* Where the sender of a report sends from, as far as its last report of a failure says so. */
typedef struct tlsrpt_origin {
    const char *organization;
    const char *signer;           /* whose DKIM signature of it was verified; "": nobody's */
    apr_time_t begin, end;        /* of that report */
    apr_array_header_t *networks; /* of const char *: those of sending-mta-ip, and the one that the
                                     report was posted from; may be empty */
} tlsrpt_origin;

#define TLSRPT_ORIGIN_NETWORKS_MAX 8

/* Adds the network of an address, if it is one and is not in the list yet. */
void tlsrpt_origin_add(apr_array_header_t *networks, const char *address);

/*
 * The senders that reported a failure, those of the last reports first.
 *
 * @param since only reports received since then
 * @param max   number of senders at most
 * @param list  out: of tlsrpt_origin
 */
const char *tlsrpt_index_origins(mta_sts_database *db, const char *domain, const char *result_type,
                                 int is_verified, apr_time_t since, int max, apr_pool_t *p,
                                 apr_array_header_t **list);

/* An address of a mail server, by a report whose DKIM signature was verified. */
typedef struct tlsrpt_signed_address {
    const char *signer;  /* the domain of the signature */
    const char *address; /* sending-mta-ip, as it was sent */
    apr_time_t received; /* of the last such report */
} tlsrpt_signed_address;

/*
 * The addresses in verified reports that count, the last ones first: an array of
 * tlsrpt_signed_address. Only failures have addresses, so only reports with failures do.
 *
 * @param since only reports received since then
 */
const char *tlsrpt_index_signed_addresses(mta_sts_database *db, apr_time_t since, apr_pool_t *p,
                                          apr_array_header_t **list);

#endif
