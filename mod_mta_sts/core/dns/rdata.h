/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DNS_RDATA_H
#define CORE_DNS_RDATA_H

#include <apr_pools.h>

/*
 * The data of DNS records as they travel (RFC 1035 section 3.3), made into text.
 */

/* The types that MTA-STS has to do with. */
#define MTA_STS_RDATA_A 1
#define MTA_STS_RDATA_NS 2
#define MTA_STS_RDATA_CNAME 5
#define MTA_STS_RDATA_SOA 6 /* without a text: to see if there is an answer */
#define MTA_STS_RDATA_MX 15
#define MTA_STS_RDATA_TXT 16
#define MTA_STS_RDATA_AAAA 28
#define MTA_STS_RDATA_TLSA 52

/*
 * The text of one record's data: an address; the strings of a TXT record joined, with any NUL in
 * them as U+0001 (which no record may have either); the host of an MX, an NS or a CNAME, lower
 * case, without the final dot, "." alone for the null MX (RFC 7505); "USAGE SELECTOR TYPE HEX" of a
 * TLSA.
 *
 * @param p          pool of the result
 * @param type       one of those above that has a text
 * @param bytes     the data, with names not compressed
 * @param preference out: of an MX; 0 for all others
 * @return the text, or NULL if the data is not valid for the type
 */
const char *mta_sts_rdata_text(apr_pool_t *p, int type, const unsigned char *bytes, apr_size_t len,
                               int *preference);

#endif
