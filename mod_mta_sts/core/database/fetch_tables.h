/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_FETCH_TABLES_H
#define CORE_DATABASE_FETCH_TABLES_H

/*
 * The statements of core/database/schema.c that create the tables of core/database/fetches.h, in
 * SQLite's dialect, and the column for the network that a report was posted from, with which the
 * fetches are compared.
 */

/* One statement per element: */
/* clang-format off */
#define MTA_STS_FETCH_TABLES                                                                       \
    /* One row for each policy domain, hour, client network, outcome and policy id. hour is the    \
     * number of hours since 1970. domain and network are '' for "other"; address is '' unless     \
     * full addresses are recorded. */                                                             \
    "CREATE TABLE mta_sts_fetch ("                                                                 \
    " domain TEXT NOT NULL, hour INTEGER NOT NULL, network TEXT NOT NULL, address TEXT NOT NULL,"  \
    " outcome INTEGER NOT NULL, id TEXT NOT NULL, agent TEXT NOT NULL, requests INTEGER NOT NULL," \
    " first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,"                                        \
    " PRIMARY KEY (domain, hour, network, address, outcome, id)) WITHOUT ROWID",                   \
    "CREATE INDEX mta_sts_fetch_hour ON mta_sts_fetch (hour)",                                     \
    "CREATE INDEX mta_sts_fetch_address ON mta_sts_fetch (hour) WHERE address <> ''",              \
    /* From when to when a machine recorded, without interruption. The row with host '' has the    \
     * time before which requests were deleted because of their age. */                            \
    "CREATE TABLE mta_sts_fetch_span ("                                                            \
    " host TEXT NOT NULL, began INTEGER NOT NULL, noted INTEGER NOT NULL,"                         \
    " PRIMARY KEY (host, began)) WITHOUT ROWID",                                                   \
    /* The requests of an hour that a machine did not record. */                                   \
    "CREATE TABLE mta_sts_fetch_loss ("                                                            \
    " host TEXT NOT NULL, hour INTEGER NOT NULL, requests INTEGER NOT NULL,"                       \
    " PRIMARY KEY (host, hour)) WITHOUT ROWID",                                                    \
    /* How many rows a day has in the first table, which limits them. */                           \
    "CREATE TABLE mta_sts_fetch_day ("                                                             \
    " day INTEGER NOT NULL PRIMARY KEY, entries INTEGER NOT NULL) WITHOUT ROWID",                  \
    "ALTER TABLE tlsrpt_report ADD COLUMN peer TEXT NOT NULL DEFAULT ''",                          \
    /* All reports are read again. */                                                              \
    "UPDATE tlsrpt_report SET file = -1",                                                          \
    "DELETE FROM tlsrpt_directory"

/* Of the rows of a day, those of requests that were not served; and how many days were deleted on
 * that day to make room (core/database/fetch_room.h). */
#define MTA_STS_FETCH_DAY_COLUMNS                                                                  \
    "ALTER TABLE mta_sts_fetch_day ADD COLUMN refused INTEGER NOT NULL DEFAULT 0",                 \
    "ALTER TABLE mta_sts_fetch_day ADD COLUMN removals INTEGER NOT NULL DEFAULT 0",                \
    "UPDATE mta_sts_fetch_day SET refused = (SELECT count(*) FROM mta_sts_fetch"                   \
    " WHERE outcome <> 0 AND domain <> '' AND hour >= mta_sts_fetch_day.day * 24"                  \
    " AND hour < mta_sts_fetch_day.day * 24 + 24)"
/* clang-format on */

#endif
