/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_MACHINE_H
#define CORE_DATABASE_MACHINE_H

#include "core/database/database.h"

/*
 * The names of the machines that share a database: the host name, unless another machine has it
 * already; then "NAME (2)" and so on. A machine is known by its identity, so that it keeps its
 * name, and no two machines have each other's rows taken away.
 *
 * A container may have a new identity at each start. It gets the name of an earlier one with its
 * host name that has been silent for a day, so that their number is bounded; but not of one whose
 * reports are in the index, since they would be deleted from it. A machine that was only paused,
 * and goes on after that, is refused by mta_sts_database_begin until it has joined again under
 * another name. All that is judged by the clock of the database.
 */

/*
 * Gives this machine a name in the database if it has none yet; mta_sts_database_host returns it
 * from now on. Does nothing with SQLite, which belongs to one machine.
 *
 * @param p         pool of the error text
 * @param state_dir a directory of this user, which gets an identity if it has none
 * @return NULL, or why that failed
 */
const char *mta_sts_machine_join(mta_sts_database *db, const char *state_dir, apr_pool_t *p);

/* Whether a transaction was refused because another machine has the name of this one now: the
 * database must be opened and joined again. */
int mta_sts_machine_has_lost_name(const mta_sts_database *db);

/* Records, in a transaction, that this machine is not silent; does nothing unless it has joined. */
const char *mta_sts_machine_confirm(mta_sts_database *db);

/*
 * The date by which rows of several machines are judged, so that a clock that is ahead deletes
 * nothing of others.
 *
 * @param date in: by this machine's clock; out: by that or the database's, whichever is earlier
 */
const char *mta_sts_machine_earlier(mta_sts_database *db, apr_time_t *date);

/* mta_sts_machine_join for readers, which write nothing: a machine that has not joined goes by its
 * host name. state_dir: NULL or unreadable: not known. */
const char *mta_sts_machine_find(mta_sts_database *db, const char *state_dir, apr_pool_t *p);

#endif
