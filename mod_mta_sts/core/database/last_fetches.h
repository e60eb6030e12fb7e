/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_LAST_FETCHES_H
#define CORE_DATABASE_LAST_FETCHES_H

#include <apr_tables.h>
#include <apr_time.h>

#include "core/database/database.h"

/* When each network last fetched each policy of a domain, from the fetch log
 * (core/database/fetches.h). Only answers with a policy count. */
typedef struct mta_sts_last_fetch {
    const char *network; /* "192.0.2.0/24", "2001:db8::/48"; "": others */
    const char *id;      /* policy id; "": not recorded */
    const char *agent;   /* first word of a User-Agent; "" */
    apr_time_t last;
    apr_int64_t requests;
} mta_sts_last_fetch;

/*
 * Reads them.
 *
 * @param since hours that end before this time are ignored
 * @param until later requests are ignored: those that were recorded while the clock was ahead
 * @param max   rows at most: the latest
 * @param p     pool of the list
 * @param list  out: of mta_sts_last_fetch, the latest first
 * @return NULL, or an error (core/database/database.h)
 */
const char *mta_sts_last_fetches_read(mta_sts_database *db, const char *domain, apr_time_t since,
                                      apr_time_t until, int max, apr_pool_t *p,
                                      apr_array_header_t **list);

/*
 * Counts answers with a policy whose domain was not recorded, and which may have been for one with
 * this id: those of a full log, and those of names that only a wildcard alias serves.
 *
 * @param since, until hours that overlap this time
 * @param requests     out
 */
const char *mta_sts_last_fetches_count_others(mta_sts_database *db, const char *id,
                                              apr_time_t since, apr_time_t until,
                                              apr_int64_t *requests);

#endif
