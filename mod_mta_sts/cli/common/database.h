/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_DATABASE_H
#define CLI_COMMON_DATABASE_H

#include <apr_pools.h>

#include "cli/common/option.h"
#include "core/database/database.h"

/* The module's database: the value of --database, or else SQLite's file in the state directory. */
typedef struct cli_database {
    const char *driver, *where; /* as for mta_sts_database_open */
} cli_database;

/* The row of --database; `at` is the offset of a const char * in the call. */
#define CLI_DATABASE_OPTION(at)                                                                    \
    {                                                                                              \
        "database", 0, "DATABASE",                                                                 \
            "The module's MTASTSDatabase as one argument: \"sqlite3 FILE\" or "                    \
            "\"pgsql CONNINFO\". Default: SQLite's " MTA_STS_DATABASE_FILE                         \
            " in the state directory.",                                                            \
            cli_take_text, at, 0, 0                                                                \
    }

/*
 * Determines driver and location without opening anything.
 *
 * @param p         pool of the texts
 * @param value     of --database: "sqlite3 FILE" or "pgsql CONNINFO"; NULL: not given
 * @param state_dir of --state-dir, or NULL
 * @return NULL, or what is wrong with the value
 */
const char *cli_database_find(apr_pool_t *p, const char *value, const char *state_dir,
                              cli_database *database);

/*
 * Checks the two options without opening anything: a command that does not need the database must
 * not mistake a mistyped path for "nothing recorded".
 *
 * @param p         pool of the error text
 * @param value     of --database, or NULL
 * @param state_dir of --state-dir, or NULL
 * @return NULL, or what is wrong: it is not a state directory, or the directory or SQLite file that
 *         was named does not exist
 */
const char *cli_database_check(apr_pool_t *p, const char *value, const char *state_dir);

/*
 * Determines the database and opens it. A missing SQLite file is not created; if it was named, this
 * is an error.
 *
 * @param p         pool of the database and of the error text
 * @param value     of --database, or NULL
 * @param state_dir of --state-dir, or NULL
 * @param db        out: NULL after an error, or if there is no such file
 * @return NULL, or why it cannot be opened
 */
const char *cli_database_open(apr_pool_t *p, const char *value, const char *state_dir,
                              mta_sts_database **db);

/* The same, but creates the SQLite file if it was named. */
const char *cli_database_make(apr_pool_t *p, const char *value, const char *state_dir,
                              mta_sts_database **db);

#endif
