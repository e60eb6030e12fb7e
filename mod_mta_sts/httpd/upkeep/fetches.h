/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_FETCHES_H
#define HTTPD_UPKEEP_FETCHES_H

#include <httpd.h>

#include "core/database/database.h"

/*
 * The watchdog's tasks for the fetch log: moves requests from shared memory to the database
 * (core/database/fetches.h), and removes old data.
 */

/* The progress, initially all 0. */
typedef struct mts_fetches_work {
    apr_size_t slot;  /* the next slot of the table */
    apr_time_t began; /* when this round through the table began */
    apr_time_t noted; /* when the database last got the note that it contains all requests */
} mts_fetches_work;

/* Whether the table should be emptied now, because it is filling up. */
int mts_fetches_are_waiting(void);

/*
 * Moves some requests, in one transaction.
 *
 * @param p    scratch
 * @param more out: whether more requests are left, so that it has to be called again
 * @return NULL, or an error (core/database/database.h), after which nothing has been moved
 */
const char *mts_fetches_move(server_rec *main, mta_sts_database *db, mts_fetches_work *work,
                             apr_pool_t *p, int *more);

/* Removes some of what is older than MTASTSFetchLogKeep, unless the date may be wrong
 * (tlsrpt/index/clock.h), full addresses older than a day, and the oldest day if the log is full.
 *
 * @param more       out: whether it has to be called again
 * @param is_waiting out: whether something is only not removed because the date may be wrong
 */
const char *mts_fetches_expire(server_rec *main, mta_sts_database *db, int is_date_trusted,
                               apr_pool_t *p, int *more, int *is_waiting);

#endif
