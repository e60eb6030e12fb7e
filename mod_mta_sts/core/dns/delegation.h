/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DNS_DELEGATION_H
#define CORE_DNS_DELEGATION_H

#include <apr_pools.h>

#include "core/dns/publication.h"

/*
 * A record in the zone of another party, where a CNAME of the policy domain leads: it is for that
 * party to change.
 *
 * @param p pool of the result
 * @return what is to be asked of that party, as a sentence without a full stop; NULL if the record
 *         is right, or not in such a zone
 */
const char *mta_sts_delegation_request(apr_pool_t *p, const mta_sts_publication_record *record);

#endif
