/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_DATABASE_H
#define CLI_COMMON_DATABASE_H

#include <apr_pools.h>

/* Which database the module has: what --database tells, else the embedded one in the state
 * directory. */
typedef struct cli_database {
    const char *driver, *where; /* as mta_sts_database_open takes them */
} cli_database;

/*
 * Finds it; nothing is opened.
 *
 * @param p         pool of the texts
 * @param told      the words of MTASTSDatabase in one: "sqlite3 FILE" or "pgsql CONNINFO"; NULL:
 * not told
 * @param state_dir --state-dir, or NULL
 * @return NULL, or what is wrong with what was told
 */
const char *cli_database_find(apr_pool_t *p, const char *told, const char *state_dir,
                              cli_database *database);

#endif
