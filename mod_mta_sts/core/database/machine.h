/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_MACHINE_H
#define CORE_DATABASE_MACHINE_H

#include "core/database/database.h"

/*
 * The names of the machines that share a database: the host name, unless another machine has it
 * already; then "NAME (2)" and so on. A machine is recognized by its identity, so that it keeps its
 * name, and two machines never delete each other's rows.
 *
 * A container may have a new identity at each start. It takes over the name of an earlier machine
 * with the same host name that has not confirmed anything for a day, so that the number of names is
 * bounded; but not the name of a machine whose reports are in the index, because they would be
 * deleted from it. If the earlier machine was only paused and continues later,
 * mta_sts_database_begin fails there until the machine has joined again under another name. All of
 * this is judged by the database's clock.
 */

/*
 * Gives this machine a name in the database if it has none yet; mta_sts_database_host returns it
 * from now on. Does nothing with SQLite, which belongs to one machine.
 *
 * @param p         pool of the error text
 * @param state_dir a directory that this user owns, where an identity is created if there is none
 * @return NULL, or why that failed
 */
const char *mta_sts_machine_join(mta_sts_database *db, const char *state_dir, apr_pool_t *p);

/* Whether a transaction was refused because another machine has the name of this one now: the
 * database must be opened and joined again. */
int mta_sts_machine_has_lost_name(const mta_sts_database *db);

/* Records, in a transaction, that this machine is not silent; does nothing unless it has joined. */
const char *mta_sts_machine_confirm(mta_sts_database *db);

/*
 * Adjusts a date that decides which rows of all machines are too old, so that a machine whose clock
 * is ahead does not delete rows of other machines.
 *
 * @param date in: by this machine's clock; out: by this machine's clock or the database's,
 *             whichever is earlier
 */
const char *mta_sts_machine_earlier(mta_sts_database *db, apr_time_t *date);

/* The same as mta_sts_machine_join for readers, without writing to the database: a machine that has
 * not joined uses its host name. state_dir may be NULL or unreadable: then the identity is not
 * known. */
const char *mta_sts_machine_find(mta_sts_database *db, const char *state_dir, apr_pool_t *p);

#endif
