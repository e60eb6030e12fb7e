/* SPDX-License-Identifier: Apache-2.0 */
#include "core/database/internal.h"

#include "core/base/monotonic.h"
#include "core/database/schema.h"

/* Settings of a session: those that return a row (an SQLite PRAGMA that returns its value), then
 * the others. SQLite's driver retries 16 times, 0.1 s apart, each time after what is set here. */
#define SQLITE_WAIT "PRAGMA busy_timeout=500"
#define SQLITE_WAIT_BRIEF "PRAGMA busy_timeout=0"
static const char *const sqlite_settings[] = {
    "PRAGMA journal_mode=WAL",
    "PRAGMA journal_size_limit=16777216",
    "PRAGMA secure_delete=OFF", /* Debian's default is ON; a full disk has no space for zeros */
    NULL,
};
static const char *const sqlite_preamble[] = {
    "PRAGMA synchronous=FULL",
    "PRAGMA cache_size=-8000",
    "PRAGMA temp_store=MEMORY",
    NULL,
};
/* A derived file can be rebuilt, so commits need not be durable. */
static const char *const derived_preamble[] = {
    "PRAGMA synchronous=NORMAL",
    "PRAGMA cache_size=-8000",
    "PRAGMA temp_store=MEMORY",
    NULL,
};
/* A reader that opens the file while the last writer closes it waits for a few milliseconds. */
static const char *const reader_settings[] = {"PRAGMA busy_timeout=100", NULL};
static const char *const reader_preamble[] = {
    "PRAGMA query_only=ON",
    "PRAGMA cache_size=-256",
    NULL,
};
/* In one request: a server that is far away takes as long for each as for one. */
#define PGSQL_SETTINGS                                                                             \
    "SET client_min_messages=error; SET client_encoding=UTF8;"                                     \
    " SET idle_in_transaction_session_timeout='60s';"
static const char *const pgsql_preamble[] = {
    PGSQL_SETTINGS " SET lock_timeout='10s'; SET statement_timeout='60s'", NULL};
static const char *const pgsql_preamble_brief[] = {
    PGSQL_SETTINGS " SET lock_timeout='1s'; SET statement_timeout='7s'", NULL};

/* How long a statement waits for PostgreSQL: longer than statement_timeout; or, while a session is
 * set up and for callers that soon retry, less time than a child process has for stopping. */
#define PATIENCE apr_time_from_sec(70)
#define PATIENCE_SHORT apr_time_from_sec(7)

/* Applies a setting that returns a row. */
static int ask(mta_sts_database *db, const char *sql)
{
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    int code = apr_dbd_select(db->driver, db->scratch, db->handle, &results, sql, 1);

    while (code == 0 && results &&
           apr_dbd_get_row(db->driver, db->scratch, results, &row, -1) == 0) {
    }
    apr_pool_clear(db->scratch);
    return code;
}

void mta_sts_database_limit(mta_sts_database *db, apr_interval_time_t limit)
{
    db->until = limit ? mta_sts_monotonic_now() + limit : 0;
}

const char *mta_sts_database_shrink(mta_sts_database *db)
{
    int code = db->is_sqlite ? mta_sts_database_execute(db, "VACUUM") : 0;

    if (code == 0 && db->is_sqlite) {
        code = ask(db, "PRAGMA wal_checkpoint(TRUNCATE)");
    }
    return code == 0 ? NULL : mta_sts_database_error(db, "shrink", code);
}

/* The settings that return a row. */
static int ask_all(mta_sts_database *db)
{
    static const char *const *const settings[] = {sqlite_settings, sqlite_settings,
                                                  reader_settings};
    const char *const *line = settings[db->use];
    int code = ask(db, db->is_brief ? SQLITE_WAIT_BRIEF : SQLITE_WAIT);

    for (; *line && code == 0; line++) {
        code = ask(db, *line);
    }
    return code;
}

static const char *const *preamble_of(const mta_sts_database *db)
{
    static const char *const *const preambles[] = {sqlite_preamble, derived_preamble,
                                                   reader_preamble};

    return db->is_sqlite  ? preambles[db->use]
           : db->is_brief ? pgsql_preamble_brief
                          : pgsql_preamble;
}

const char *mta_sts_database_settle(mta_sts_database *db)
{
    int code = db->is_sqlite ? ask_all(db) : 0;
    const char *const *line;

    db->patience = PATIENCE_SHORT;
    for (line = preamble_of(db); *line && code == 0; line++) {
        code = mta_sts_database_execute(db, *line);
    }
    if (code != 0) {
        return mta_sts_database_error(db, "open", code);
    }
    db->patience = db->is_brief ? PATIENCE_SHORT : PATIENCE;
    return db->use == MTA_STS_DATABASE_WITH_SCHEMA ? mta_sts_database_schema_prepare(db) : NULL;
}
