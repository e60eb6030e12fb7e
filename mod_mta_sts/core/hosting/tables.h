/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_TABLES_H
#define CORE_HOSTING_TABLES_H

#include "core/database/database.h"

/*
 * The tables of hosted domains in the module's database. `mta-sts policy init` creates them, so
 * that machines without hosting do not have them.
 *
 *   mta_sts_policy          a row for each hosted domain: core/hosting/row.h
 *   mta_sts_policy_change   which rows changed, filled by triggers, so that a provider's panel
 *                           needs rights on mta_sts_policy alone; rows of the last day
 *   mta_sts_policy_past     the values that a row had before, filled by triggers
 *   mta_sts_policy_machine  how far each machine has read the changes
 *   mta_sts_policy_source   one row: which set of tables this is
 */

/* Creates the tables and triggers in one transaction; does nothing if they exist. Returns NULL, or
 * an error (core/database/database.h). */
const char *mta_sts_hosting_tables_make(mta_sts_database *db);

/*
 * Checks whether the tables exist and have the version that this code expects.
 *
 * @param problem out: why they cannot be used and what to do, a string constant; or NULL
 * @return NULL, or an error because of which that is not known
 */
const char *mta_sts_hosting_tables_check(mta_sts_database *db, const char **problem);

/*
 * The GRANT statements for the PostgreSQL roles of httpd and of the panel, with the placeholders
 * HTTPD and PANEL for their names; "" for SQLite.
 */
const char *mta_sts_hosting_tables_grants(const mta_sts_database *db);

#endif
