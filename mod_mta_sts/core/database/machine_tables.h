/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_MACHINE_TABLES_H
#define CORE_DATABASE_MACHINE_TABLES_H

/*
 * The statements of core/database/schema.c for core/database/machine.h, in SQLite's dialect.
 */

/* One statement per element: */
/* clang-format off */
/* The machines, by the identity in the state directory. */
#define MTA_STS_MACHINE_TABLES                                                                     \
    "CREATE TABLE mta_sts_machine ("                                                               \
    " identity TEXT NOT NULL PRIMARY KEY, host TEXT NOT NULL UNIQUE) WITHOUT ROWID"

/* When a machine last confirmed that it serves policies, by the database's clock (0: not yet); and
 * an index to find the machines that have reports. */
#define MTA_STS_MACHINE_COLUMNS                                                                    \
    "ALTER TABLE mta_sts_machine ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0",                 \
    "CREATE INDEX tlsrpt_report_host ON tlsrpt_report (host)"
/* clang-format on */

#endif
