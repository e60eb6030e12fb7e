/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_ROLLOUT_READ_H
#define CORE_HOSTING_ROLLOUT_READ_H

#include "core/database/database.h"
#include "core/policy/rollout.h"

/* The maximum number of pairs of network and policy that are read for a domain. */
#define MTA_STS_ROLLOUT_FETCHES_MAX 20000

typedef struct mta_sts_rollout_query {
    const char *domain;
    const char *host; /* this machine (mta_sts_database_host): its policies count as served until
                         now, those of other machines until they were last confirmed */
    apr_time_t now;
    const char *id;             /* as in mta_sts_rollout_basis */
    const apr_int64_t *max_age; /* as in mta_sts_rollout_basis */
    int only_hosted; /* whether to read only the policies of its present and past rows in the
                        database */
    int is_brief;    /* whether the log may be skipped if no earlier policy is known */
} mta_sts_rollout_query;

/*
 * Reads the rollout of a domain's policy (core/policy/rollout.h): from the history of served
 * policies, the earlier rows of a hosted domain, and the fetch log.
 *
 * @param p       pool of the result
 * @param rollout out: judged; NULL if no policy of the domain is known
 * @return NULL, or an error (core/database/database.h)
 */
const char *mta_sts_rollout_read(mta_sts_database *db, const mta_sts_rollout_query *query,
                                 apr_pool_t *p, mta_sts_rollout **rollout);

#endif
