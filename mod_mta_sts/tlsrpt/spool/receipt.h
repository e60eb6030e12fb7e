/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SPOOL_RECEIPT_H
#define TLSRPT_SPOOL_RECEIPT_H

#include <apr_pools.h>
#include <apr_time.h>

/*
 * What was known of a report when it came: the header line of its file in the spool. Six words,
 * one blank between them, "-" for what is not known, LF at the end:
 *
 *   tlsrpt 1 2026-11-24T20:59:49.123456Z https 192.0.2.1 example.com
 *
 * the mark, the version of the format, the time of receipt (UTC), the channel, the address of the
 * client, the domain whose DKIM signature was verified. There is one way to write each receipt, and
 * no other is read.
 */

typedef struct tlsrpt_receipt {
    apr_time_t received;  /* from 1970 to 9999 */
    const char *channel;  /* "https", "mail" or "file" */
    const char *peer;     /* address of the client, 1..64 bytes, or NULL */
    const char *verified; /* the domain whose DKIM signature was verified, in canonical form
                             (core/name.h); NULL: unverified */
} tlsrpt_receipt;

/* No header line is longer, its LF included. */
#define TLSRPT_RECEIPT_MAX 512

/* The header line, LF included, allocated from p; NULL if a member is not as said above. */
const char *tlsrpt_receipt_render(apr_pool_t *p, const tlsrpt_receipt *receipt);

/*
 * Reads the header line at the beginning of some bytes.
 *
 * @param p       pool of what receipt points to
 * @param bytes  borrowed; any bytes
 * @param receipt out
 * @return bytes of the line, its LF included; 0: there is none
 */
apr_size_t tlsrpt_receipt_read(apr_pool_t *p, const char *bytes, apr_size_t len,
                               tlsrpt_receipt *receipt);

#endif
