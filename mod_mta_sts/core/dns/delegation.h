/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DNS_DELEGATION_H
#define CORE_DNS_DELEGATION_H

#include <apr_pools.h>

#include "core/dns/publication.h"

/*
 * A delegated record: a CNAME of the policy domain points into the zone of another party, so that
 * only that party can change the record.
 *
 * @param p pool of the result
 * @return what the admin has to do or to request of that party, as a sentence without a full stop;
 *         NULL if the record is correct or not delegated
 */
const char *mta_sts_delegation_request(apr_pool_t *p, const mta_sts_publication_record *record);

#endif
