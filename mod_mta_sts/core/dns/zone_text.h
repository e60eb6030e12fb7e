/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DNS_ZONE_TEXT_H
#define CORE_DNS_ZONE_TEXT_H

#include <apr_pools.h>

#include "core/dns/publication.h"

/*
 * The records of a publication in the languages of name servers: zone files (RFC 1035 section 5)
 * and nsupdate (RFC 2136). Pasting either as it is does no harm: what is only an example, must not
 * be published yet, is in the zone of another party or is to go from a zone is a comment.
 */

/*
 * The text of a TXT record in its presentation format: strings of at most 255 bytes in double
 * quotes; quotes and backslashes are escaped, bytes that are not printable ASCII become \DDD.
 */
const char *mta_sts_zone_strings(apr_pool_t *p, const char *text);

/* What stands after the type of a record: its value in presentation format. */
const char *mta_sts_zone_value(apr_pool_t *p, const mta_sts_publication_record *record);

/* Lines of a zone file, each with a comment on how it stands to DNS, where that is known. */
const char *mta_sts_zone_render(apr_pool_t *p, const mta_sts_publication *publication);

/*
 * Commands for nsupdate that bring DNS to what is to be published, one message for each name; only
 * comments if nothing is to be changed. TXT records of others at the same names stay.
 */
const char *mta_sts_nsupdate_render(apr_pool_t *p, const mta_sts_publication *publication);

#endif
