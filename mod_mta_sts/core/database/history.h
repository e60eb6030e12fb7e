/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_HISTORY_H
#define CORE_DATABASE_HISTORY_H

#include <apr_tables.h>
#include <apr_time.h>

#include "core/database/database.h"

/*
 * The history of served policies: which text a machine served for a policy domain, and from when
 * until when. Senders keep a policy for its max_age after they fetched it (RFC 8461 section 3.2),
 * so it shows on which day the last copy of an earlier policy has run out.
 *
 * A text that is being served has a row without an end. When the machine last
 * confirmed that it serves is recorded once for all of its rows, so confirming costs the same for
 * any number of domains.
 */

/* What one machine serves, and since when. */
typedef struct mta_sts_history_machine {
    const char *host;   /* its name */
    apr_time_t running; /* when its server was started: what was recorded later was served in
                           between, too */
    apr_time_t started; /* when it began to serve what it serves now */
    apr_time_t now;
} mta_sts_history_machine;

typedef struct mta_sts_history_served {
    const char *domain; /* policy domain */
    const char *id;
    const char *text; /* ends with NUL */
    apr_size_t len;
} mta_sts_history_served;

/* A domain whose policy differs from the one that the machine served before. */
typedef struct mta_sts_history_change {
    const char *domain, *old_id, *id;
} mta_sts_history_change;

/* The longest time between two confirmations of a machine. */
#define MTA_STS_HISTORY_INTERVAL apr_time_from_sec(600)

/*
 * Records everything that a machine serves, in one transaction: once after each start.
 *
 * @param machine which, and when
 * @param served  of mta_sts_history_served, each domain once; other domains are no longer served
 * @param p       pool of changes
 * @param changes out: of mta_sts_history_change, sorted by domain; empty after an error
 * @return NULL, or an error (see core/database/database.h)
 */
const char *mta_sts_history_record(mta_sts_database *db, const mta_sts_history_machine *machine,
                                   const apr_array_header_t *served, apr_pool_t *p,
                                   apr_array_header_t **changes);

/* Records that the machine still serves the same. As mta_sts_history_record. */
const char *mta_sts_history_confirm(mta_sts_database *db, const mta_sts_history_machine *machine);

/* One text of a domain, as one machine served it. */
typedef struct mta_sts_history_entry {
    const char *host, *domain, *id, *text;
    apr_int64_t max_age;    /* seconds */
    apr_time_t first, last; /* when it was served; last: as last confirmed */
    int is_served;          /* still */
} mta_sts_history_entry;

/*
 * The history of a domain.
 *
 * @param p       pool of entries
 * @param entries out: of mta_sts_history_entry, most recently served first
 * @return NULL, or why it cannot be read
 */
const char *mta_sts_history_read(mta_sts_database *db, const char *domain, apr_pool_t *p,
                                 apr_array_header_t **entries);

/* Until when senders may hold one of the policies of a domain. */
typedef struct mta_sts_history_cached_policy {
    const char *domain, *id;
    apr_time_t until;
} mta_sts_history_cached_policy;

/*
 * The policies that senders may still have in their caches.
 *
 * @param host   this machine: its current policies are served until now, those of others
 *               until they were last confirmed
 * @param p      pool of copies
 * @param copies out: of mta_sts_history_cached_policy, sorted by domain
 * @return NULL, or why it cannot be read
 */
const char *mta_sts_history_cached_policies(mta_sts_database *db, const char *host, apr_time_t now,
                                            apr_pool_t *p, apr_array_header_t **copies);

/*
 * Until when senders may hold a policy that is not the present one.
 *
 * @param copies as mta_sts_history_cached_policies made them
 * @param id     of the present one
 * @return 0 if no copy is left
 */
apr_time_t mta_sts_history_cached_until(const apr_array_header_t *copies, const char *domain,
                                        const char *id);

#endif
