/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_DATABASE_NETWORK_TABLES_H
#define CORE_DATABASE_NETWORK_TABLES_H

/*
 * The statements of core/database/schema.c for what is known about networks: the table of
 * core/database/network_names.h, and the domain that signed a report (tlsrpt/index/origin.h), in
 * SQLite's dialect.
 */

/* One statement per element: */
/* clang-format off */
#define MTA_STS_NETWORK_TABLES                                                                     \
    /* A name that DNS has confirmed for an address of a network. The row with the name '' has the \
     * time until which the network is not looked up again. */                                     \
    "CREATE TABLE mta_sts_network_name ("                                                          \
    " network TEXT NOT NULL, name TEXT NOT NULL, confirmed INTEGER NOT NULL,"                      \
    " until INTEGER NOT NULL, PRIMARY KEY (network, name)) WITHOUT ROWID",                         \
    "CREATE INDEX mta_sts_network_name_name ON mta_sts_network_name (name)",                       \
    "CREATE INDEX mta_sts_network_name_until ON mta_sts_network_name (until)",                     \
    /* The domain whose DKIM signature was verified; '' for an unverified report. */               \
    "ALTER TABLE tlsrpt_report ADD COLUMN signer TEXT NOT NULL DEFAULT ''",                        \
    "CREATE INDEX tlsrpt_report_signer ON tlsrpt_report (received) WHERE signer <> ''",            \
    /* All reports are read again. */                                                              \
    "UPDATE tlsrpt_report SET file = -1",                                                          \
    "DELETE FROM tlsrpt_directory"
/* clang-format on */

#endif
