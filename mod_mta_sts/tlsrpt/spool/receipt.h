/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SPOOL_RECEIPT_H
#define TLSRPT_SPOOL_RECEIPT_H

#include <apr_pools.h>
#include <apr_pools.h>
#include <apr_time.h>

/* 2020-01-01: earlier dates of receipt are wrong, because this module did not exist. */
#define TLSRPT_EARLIEST (APR_INT64_C(1577836800) * APR_USEC_PER_SEC)

/* How a report was received: the header line of its file in the spool. Six fields, separated by one
 * blank, "-" for an unknown value, LF at the end:
 *
 *   tlsrpt 1 2026-11-24T20:59:49.123456Z https 192.0.2.1 example.com
 *
 * the mark, the version of the format, the time of receipt (UTC), the channel, the address of the
 * client, the domain with a verified DKIM signature. There is exactly one valid notation for each
 * receipt. */

typedef struct tlsrpt_receipt {
    apr_time_t received;  /* time of receipt, from 1970 to 9999 */
    const char *channel;  /* "https", "mail" or "file" */
    const char *peer;     /* address of the client, 1..64 bytes, or NULL */
    const char *verified; /* the domain with a verified DKIM signature, in canonical form
                             (core/base/name.h); NULL: unverified */
} tlsrpt_receipt;

/* When a report was received; 0 if that is unknown, because the machine's clock was not set yet. */
static inline apr_time_t tlsrpt_receipt_time(const tlsrpt_receipt *receipt)
{
    return receipt->received > TLSRPT_EARLIEST ? receipt->received : 0;
}

/* The maximum length of a header line in bytes, including its LF. */
#define TLSRPT_RECEIPT_MAX 512

/* The header line including LF, allocated from p; NULL if a member is not valid. */
const char *tlsrpt_receipt_render(apr_pool_t *p, const tlsrpt_receipt *receipt);

/*
 * Parses the header line at the beginning of some bytes.
 *
 * @param p       pool of the strings in receipt
 * @param bytes   borrowed; any bytes
 * @param receipt out
 * @return length of the line in bytes, including its LF; 0: there is no valid header line
 */
apr_size_t tlsrpt_receipt_read(apr_pool_t *p, const char *bytes, apr_size_t len,
                               tlsrpt_receipt *receipt);

#endif
