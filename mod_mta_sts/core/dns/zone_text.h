/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DNS_ZONE_TEXT_H
#define CORE_DNS_ZONE_TEXT_H

#include <apr_pools.h>

#include "core/dns/publication.h"

/*
 * The records of a publication in the input formats of name servers: zone files (RFC 1035 section
 * 5) and nsupdate (RFC 2136). Either can be pasted unchanged without harm: examples, records that
 * must not be published yet, records in the zone of another party, and records to be deleted from a
 * zone are comments.
 */

/*
 * The text of a TXT record in presentation format: strings of at most 255 bytes in double quotes;
 * quotes and backslashes are escaped, bytes that are not printable ASCII become \DDD. Allocated
 * from p.
 */
const char *mta_sts_zone_strings(apr_pool_t *p, const char *text);

/* The value of a record in presentation format, as it follows the type in a zone file. Allocated
 * from p. */
const char *mta_sts_zone_value(apr_pool_t *p, const mta_sts_publication_record *record);

/* Lines of a zone file, allocated from p. If the state in DNS is known, a comment on each line
 * gives it. */
const char *mta_sts_zone_render(apr_pool_t *p, const mta_sts_publication *publication);

/*
 * Commands for nsupdate that make the changes, one message for each name; only comments if there is
 * nothing to change. Unrelated TXT records at the same names are preserved. Allocated from p.
 */
const char *mta_sts_nsupdate_render(apr_pool_t *p, const mta_sts_publication *publication);

#endif
