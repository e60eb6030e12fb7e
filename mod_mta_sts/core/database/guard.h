/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_GUARD_H
#define CORE_DATABASE_GUARD_H

#include <apr_time.h>

#include "core/database/internal.h"

/*
 * Limits how long a statement waits for PostgreSQL. If the server hangs or the network is down,
 * libpq waits for ever, regardless of statement_timeout. So a thread of this process shuts down the
 * connection after a timeout, and libpq reports that it was lost.
 */

/* Must be called after a connection has been opened: finds its socket. If none is found, and for
 * SQLite, there is no timeout. */
void mta_sts_guard_open(mta_sts_database *db);
/* Must be called before the connection is closed. */
void mta_sts_guard_close(mta_sts_database *db);

/* Called before and after a statement, which may take db->patience, and no longer than db->until
 * and what mta_sts_database_end_within sets. */
void mta_sts_guard_begin(mta_sts_database *db);
void mta_sts_guard_end(mta_sts_database *db);

#endif
