/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_SCHEMA_H
#define CORE_DATABASE_SCHEMA_H

#include "core/database/database.h"

/*
 * The tables. Their version stands in one of them (mta_sts_schema); an older one is brought up to
 * date, a newer one refused.
 *
 * Numbers are 64 bits, times microseconds since 1970 (UTC) as apr_time_t, days the number of whole
 * days since then. Who reads or writes which table:
 *
 *   mta_sts_history   policies as they were served: core/database/history
 *   tlsrpt_...        the index of the spool: tlsrpt/index. It can be made again from the spool
 */

/* The version that this code knows: 1 or higher. */
int mta_sts_database_schema_version(void);

/* Statements that delete the texts whose numbers are in no row any more; ended by NULL. Every
 * column with such numbers is in them. */
extern const char *const mta_sts_database_schema_sweep[];

/* Brings the schema of an open database to that version, in one transaction. NULL, or
 * an error as in core/database/database.h. */
const char *mta_sts_database_schema_prepare(mta_sts_database *db);

#endif
