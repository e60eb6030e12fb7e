/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_MACHINE_H
#define CORE_DATABASE_MACHINE_H

#include "core/database/database.h"

/*
 * The names of the machines that share a database: the host name, unless another machine has it
 * already; then "NAME (2)" and so on. A machine is known by its identity, so that it keeps its
 * name, and no two machines have each other's rows taken away.
 *
 * A container may have a new identity at each start. It gets the name of an earlier one with its host
 * name that has been silent for a day, so that their number is bounded; but not of one whose reports
 * are in the index, since they would be deleted from it.
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

/* The same for readers, which write nothing: a machine that has not joined goes by its host name.
 * state_dir: NULL or unreadable: not known. */
const char *mta_sts_machine_find(mta_sts_database *db, const char *state_dir, apr_pool_t *p);

#endif
