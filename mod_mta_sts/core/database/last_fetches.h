/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_LAST_FETCHES_H
#define CORE_DATABASE_LAST_FETCHES_H

#include <apr_tables.h>
#include <apr_time.h>

#include "core/database/database.h"

/* When each network last fetched each policy of a domain, from the fetch log
 * (core/database/fetches.h). Only requests that were answered with a policy count. */
typedef struct mta_sts_last_fetch {
    const char *network; /* "192.0.2.0/24", "2001:db8::/48"; "": others */
    const char *id;      /* policy id; "": not recorded */
    const char *agent;   /* first word of a User-Agent, or "" */
    apr_time_t last;
    apr_int64_t requests;
} mta_sts_last_fetch;

/*
 * Reads the last fetches of a domain.
 *
 * @param since fetches in hours that end before this time are ignored
 * @param until later fetches are ignored, because they were recorded while the clock was ahead
 * @param max   maximum number of rows: the latest ones are read
 * @param p     pool of the list
 * @param list  out: of mta_sts_last_fetch, the latest first
 * @return NULL, or an error (core/database/database.h)
 */
const char *mta_sts_last_fetches_read(mta_sts_database *db, const char *domain, apr_time_t since,
                                      apr_time_t until, int max, apr_pool_t *p,
                                      apr_array_header_t **list);

/*
 * Counts requests that may have been answered with the policy with this id, but whose domain was
 * not recorded: those that were counted under "other" because the log was full, and those for names
 * that only a wildcard alias serves.
 *
 * @param since, until fetches in hours that overlap this period
 * @param requests     out
 */
const char *mta_sts_last_fetches_count_others(mta_sts_database *db, const char *id,
                                              apr_time_t since, apr_time_t until,
                                              apr_int64_t *requests);

#endif
