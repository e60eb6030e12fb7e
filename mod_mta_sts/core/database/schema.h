/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_SCHEMA_H
#define CORE_DATABASE_SCHEMA_H

#include "core/database/database.h"

/*
 * The tables of the database. The version of the schema is stored in the table mta_sts_schema; an
 * older schema is updated, a newer one is an error.
 *
 * Numbers have 64 bits, times are microseconds since 1970 (UTC) like apr_time_t, days are whole
 * days since 1970. Which code owns which table:
 *
 *   mta_sts_history   policies that were served: core/database/history.h
 *   mta_sts_fetch...  requests for policies: core/database/fetches.h
 *   tlsrpt_...        the index of the spool: tlsrpt/index; can be rebuilt from the spool
 */

/* The version that this code expects: 1 or higher. */
int mta_sts_database_schema_version(void);

/* Statements that delete the strings that no row refers to any more; the last element is NULL. They
 * must name every column that refers to strings. */
extern const char *const mta_sts_database_schema_sweep[];

/* Updates the schema of an open database to that version, in one transaction. Returns NULL, or an
 * error as the functions of core/database/database.h do. */
const char *mta_sts_database_schema_prepare(mta_sts_database *db);

#endif
