/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_TLSA_H
#define CORE_CHECK_TLSA_H

#include <apr_pools.h>
#include <apr_tables.h>

/*
 * Compares the TLSA records of an MX host with the certificates that it presents, as a sender that
 * supports DANE does (RFC 6698, RFC 7671, RFC 7672 section 3).
 */

/* A certificate in DER. */
typedef struct mta_sts_der {
    const unsigned char *bytes;
    long len;
} mta_sts_der;

typedef enum mta_sts_tlsa_result {
    MTA_STS_TLSA_UNKNOWN,    /* no certificate was seen */
    MTA_STS_TLSA_MATCH,      /* a record matches */
    MTA_STS_TLSA_MISMATCH,   /* no record matches: senders that support DANE do not deliver */
    MTA_STS_TLSA_UNVERIFIED, /* a record of usage 2 matches, but the certificate does not chain
                                to it, is not valid now or does not name the host: senders that
                                support DANE do not deliver */
    MTA_STS_TLSA_UNUSABLE,   /* no record can be used for SMTP: senders use TLS without
                                verification */
} mta_sts_tlsa_result;

/*
 * Compares the records with the certificates.
 *
 * @param p       pool for temporary data
 * @param records of const char *: "USAGE SELECTOR MATCHING HEX", as core/dns/rdata.h renders them
 * @param chain   of mta_sts_der: what the server sent, its own certificate first; may be NULL
 * @param host    the MX host
 * @param domain  the domain that the mail is for, which the certificate may name instead
 */
mta_sts_tlsa_result mta_sts_tlsa_compare(apr_pool_t *p, const apr_array_header_t *records,
                                         const apr_array_header_t *chain, const char *host,
                                         const char *domain);

/* The data of the TLSA record that matches the server's current key, "3 1 1 HEX", allocated from p;
 * NULL if there is no certificate. */
const char *mta_sts_tlsa_record(apr_pool_t *p, const apr_array_header_t *chain);

#endif
