/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_EARLIER_H
#define HTTPD_STATUS_EARLIER_H

#include <apr_tables.h>
#include <apr_time.h>

#include "core/database/database.h"

/*
 * Earlier policies of a domain that senders may still use: they cache a policy for its max_age (RFC
 * 8461 section 3.2), so the last cached copy expires max_age after the policy was last served.
 */

typedef struct mts_status_earlier {
    const char *id;
    apr_time_t served; /* when it was last served */
    apr_time_t until;  /* when the last cached copy expires */
} mts_status_earlier;

/*
 * Reads them from the history of served policies, which all machines with the same database share.
 *
 * @param id   of the policy that is served now, which is left out
 * @param p    pool of the list
 * @param list out: of mts_status_earlier, each id once, the last to expire first
 * @return NULL, or an error as in core/database/database.h
 */
const char *mts_status_earlier_read(mta_sts_database *db, const char *domain, const char *id,
                                    apr_time_t now, apr_pool_t *p, apr_array_header_t **list);

#endif
