/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_PAST_H
#define CORE_HOSTING_PAST_H

#include <apr_tables.h>
#include <apr_time.h>

#include "core/database/database.h"
#include "core/hosting/row.h"

/*
 * The past policies of hosted domains, from the former values of their rows (mta_sts_policy_past).
 * Senders cache a policy for its max_age after fetching it (RFC 8461 section 3.2). The database may
 * have no tables of hosted domains.
 */
typedef struct mta_sts_past_policy {
    const mta_sts_hosted_policy *policy;
    apr_time_t until; /* when its row was changed or deleted; for the current row, the time of the
                         call */
    int is_current;   /* whether it is served because of the current row */
} mta_sts_past_policy;

/*
 * Reads the policies that a domain has had, its own and those of the domains that it was an alias
 * of. A row that is not valid counts as the policy before it, which was still served.
 *
 * @param now      by this machine's clock
 * @param p        pool of the policies
 * @param policies out: array of mta_sts_past_policy, oldest first, the current one last
 * @return NULL, or an error (core/database/database.h)
 */
const char *mta_sts_past_read(mta_sts_database *db, const char *domain, apr_time_t now,
                              apr_pool_t *p, apr_array_header_t **policies);

#endif
