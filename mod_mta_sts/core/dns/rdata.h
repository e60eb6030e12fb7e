/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DNS_RDATA_H
#define CORE_DNS_RDATA_H

#include <apr_pools.h>

/*
 * Converts the data of DNS records from wire format (RFC 1035 section 3.3) to text.
 */

/* The record types that MTA-STS uses (numbers assigned by IANA). */
#define MTA_STS_RDATA_A 1
#define MTA_STS_RDATA_NS 2
#define MTA_STS_RDATA_CNAME 5
/* Not converted to text: only queried to see whether there is an answer. */
#define MTA_STS_RDATA_SOA 6
#define MTA_STS_RDATA_PTR 12
#define MTA_STS_RDATA_MX 15
#define MTA_STS_RDATA_TXT 16
#define MTA_STS_RDATA_AAAA 28
#define MTA_STS_RDATA_TLSA 52

/*
 * The text of one record's data: an address; the strings of a TXT record joined, with any NUL
 * replaced by U+0001 (which is not valid in MTA-STS and TLSRPT records either); the host of an MX,
 * NS, CNAME or PTR record in lower case, without the final dot, but "." for the null MX (RFC 7505);
 * "USAGE SELECTOR TYPE HEX" of a TLSA record.
 *
 * @param p          pool of the result
 * @param type       one of the above, except MTA_STS_RDATA_SOA
 * @param bytes      the data; names must not be compressed
 * @param preference out: of an MX; 0 for all other types
 * @return the text, or NULL if the data is not valid for the type
 */
const char *mta_sts_rdata_text(apr_pool_t *p, int type, const unsigned char *bytes, apr_size_t len,
                               int *preference);

#endif
