/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_GUARD_H
#define CORE_DATABASE_GUARD_H

#include <apr_time.h>

#include "core/database/internal.h"

/*
 * Bounds how long a statement waits for PostgreSQL. libpq waits for an answer for ever, whatever
 * statement_timeout says, if the server is frozen or the cable is out; so a thread of the process
 * shuts the connection down once the time is over, and libpq reports that it was lost.
 */

/* After a connection was opened: finds its socket. Without one, or for SQLite, nothing is bounded.
 */
void mta_sts_guard_open(mta_sts_database *db);
void mta_sts_guard_close(mta_sts_database *db);

/* Before and after a statement, which may take db->patience. */
void mta_sts_guard_begin(mta_sts_database *db);
void mta_sts_guard_end(mta_sts_database *db);

#endif
