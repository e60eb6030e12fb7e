/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_TABLES_H
#define CORE_HOSTING_TABLES_H

#include "core/database/database.h"

/*
 * The tables of hosted domains in the module's database. They are made by `mta-sts policy init`, so
 * that machines without hosting never have them.
 *
 *   mta_sts_policy          a row for each hosted domain: core/hosting/row.h
 *   mta_sts_policy_change   which rows changed, filled by triggers, so that a provider's panel
 *                           needs rights on mta_sts_policy alone; rows of the last day
 *   mta_sts_policy_past     the values that a row had before, filled by triggers
 *   mta_sts_policy_machine  how far each machine has read the changes
 *   mta_sts_policy_source   one row: which set of tables this is
 */

/* Creates the tables and triggers, in one transaction; does nothing if they exist. Returns NULL, or
 * why that failed (core/database/database.h). */
const char *mta_sts_hosting_tables_make(mta_sts_database *db);

/*
 * Whether the tables exist and are those that this code expects.
 *
 * @param problem out: why they cannot be used and what to do, or NULL; a constant
 * @return NULL, or why that is not known
 */
const char *mta_sts_hosting_tables_check(mta_sts_database *db, const char **problem);

/*
 * The statements that give the roles of PostgreSQL the rights that they need, with the names HTTPD
 * and PANEL for the roles; for SQLite "".
 */
const char *mta_sts_hosting_tables_grants(const mta_sts_database *db);

#endif
