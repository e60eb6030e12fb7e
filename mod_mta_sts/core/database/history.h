/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_HISTORY_H
#define CORE_DATABASE_HISTORY_H

#include <apr_tables.h>
#include <apr_time.h>

#include "core/database/database.h"

/*
 * The history of served policies: which text a machine served for a policy domain, and for how
 * long. Senders cache a policy for its max_age after fetching it (RFC 8461 section 3.2), so the
 * history gives the day on which the last copy of an earlier policy expires.
 *
 * A text that is being served has a row without an end. A machine's last confirmation that it still
 * serves is recorded once for all its rows, so that a confirmation costs the same for any number of
 * domains.
 */

/* A machine that serves policies. */
typedef struct mta_sts_history_machine {
    const char *host;   /* its name in the database */
    apr_time_t running; /* when its server was started; texts that were recorded after that have
                           been served without interruption */
    apr_time_t started; /* when it began to serve the current policies (its last start or reload) */
    apr_time_t stamped; /* the same as `started`, by the clock at that time, which may have been
                           wrong */
    apr_time_t now;
} mta_sts_history_machine;

typedef struct mta_sts_history_served {
    const char *domain; /* policy domain */
    const char *id;
    const char *text; /* NUL-terminated */
    apr_size_t len;
} mta_sts_history_served;

/* A domain whose policy differs from the one that the machine served before the last start or
 * reload. */
typedef struct mta_sts_history_change {
    const char *domain, *old_id, *id;
} mta_sts_history_change;

/* The beginning of 2020: an earlier time means that the clock was not set. */
#define MTA_STS_HISTORY_FIRST apr_time_from_sec(APR_INT64_C(1577836800))

/* The longest interval between two confirmations of a machine, in microseconds. */
#define MTA_STS_HISTORY_INTERVAL apr_time_from_sec(600)

/*
 * Records all policies that a machine serves, in one transaction. Called once after each start and
 * reload.
 *
 * @param machine the machine and its times
 * @param served  of mta_sts_history_served, each domain once; all other domains are no longer
 *                served
 * @param p       pool of changes
 * @param changes out: of mta_sts_history_change, sorted by domain; empty after an error
 * @return NULL, or an error (see core/database/database.h)
 */
const char *mta_sts_history_record(mta_sts_database *db, const mta_sts_history_machine *machine,
                                   const apr_array_header_t *served, apr_pool_t *p,
                                   apr_array_header_t **changes);

/* Records that the machine still serves the same policies. If its clock has been set in the
 * meantime, corrects the recorded time since when it serves them. Errors: as for
 * mta_sts_history_record. */
const char *mta_sts_history_confirm(mta_sts_database *db, const mta_sts_history_machine *machine);

/*
 * Deletes policies whose last cached copy expired more than 400 days ago. Where several machines
 * share the database, a clock that is ahead of that of the database deletes nothing of others.
 *
 * @param is_date_trusted whether the clock of this machine is plausible (tlsrpt/index/clock.h);
 *                        otherwise nothing is deleted
 * @param is_waiting      out: whether something would be, if it were
 */
const char *mta_sts_history_expire(mta_sts_database *db, apr_time_t now, int is_date_trusted,
                                   int *is_waiting);

/* One text of a domain, as one machine served it. */
typedef struct mta_sts_history_entry {
    const char *host, *domain, *id, *text;
    apr_int64_t max_age;    /* in seconds */
    apr_time_t first, last; /* when it was served first and last; last: the last confirmation if it
                               is still served */
    int is_served;          /* whether it still is */
} mta_sts_history_entry;

/*
 * Reads the history of a domain.
 *
 * @param p       pool of entries
 * @param entries out: of mta_sts_history_entry, most recently served first
 * @return NULL, or why it cannot be read
 */
const char *mta_sts_history_read(mta_sts_database *db, const char *domain, apr_pool_t *p,
                                 apr_array_header_t **entries);

#endif
