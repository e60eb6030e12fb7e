/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/tables.h"

#define VERSION 1

/* A change to the tables needs a new version, with statements that migrate the older one. */
#define READ_VERSION "SELECT version FROM mta_sts_policy_source"

/* --- SQLite --- */

#define IS_TEXT(column)                                                                            \
    " CHECK (" column " IS NULL OR (typeof(" column ") = 'text' AND instr(" column                 \
    ", char(0)) = 0))"
#define NOTE(domain)                                                                               \
    "INSERT INTO mta_sts_policy_change (noted, domain) VALUES (strftime('%s', 'now'), " domain ")" \
    ";"
#define NOTE_ALIASES(domain)                                                                       \
    "INSERT INTO mta_sts_policy_change (noted, domain)"                                            \
    " SELECT strftime('%s', 'now'), domain FROM mta_sts_policy WHERE alias_of = " domain ";"
#define KEEP                                                                                       \
    "INSERT INTO mta_sts_policy_past (domain, ended, mode, mx, max_age, alias_of)"                 \
    " VALUES (OLD.domain, strftime('%s', 'now'), OLD.mode, OLD.mx, OLD.max_age, OLD.alias_of);"

static const char *const sqlite_tables[] = {
    "CREATE TABLE mta_sts_policy ("
    " domain TEXT NOT NULL PRIMARY KEY"
    " CHECK (typeof(domain) = 'text' AND length(domain) BETWEEN 1 AND 1000"
    " AND instr(domain, char(0)) = 0),"
    " mode TEXT DEFAULT 'testing'" IS_TEXT(
        "mode") ","
                " mx TEXT" IS_TEXT("mx") ","
                                         " max_age TEXT DEFAULT '604800'" IS_TEXT(
                                             "max_age") ","
                                                        " alias_of TEXT" IS_TEXT("alias_of") ")",
    "CREATE INDEX mta_sts_policy_alias ON mta_sts_policy (alias_of) WHERE alias_of IS NOT NULL",
    /* domain: NULL when all rows may have changed; '' confirms that many rows were deleted. */
    "CREATE TABLE mta_sts_policy_change ("
    " n INTEGER PRIMARY KEY AUTOINCREMENT, noted INTEGER NOT NULL, domain TEXT)",
    "CREATE TABLE mta_sts_policy_past ("
    " n INTEGER PRIMARY KEY AUTOINCREMENT, domain TEXT NOT NULL, ended INTEGER NOT NULL,"
    " mode TEXT, mx TEXT, max_age TEXT, alias_of TEXT)",
    "CREATE INDEX mta_sts_policy_past_domain ON mta_sts_policy_past (domain)",
    "CREATE TRIGGER mta_sts_policy_insert AFTER INSERT ON mta_sts_policy BEGIN " NOTE("NEW.domain")
        NOTE_ALIASES("NEW.domain") " END",
    "CREATE TRIGGER mta_sts_policy_delete AFTER DELETE ON mta_sts_policy BEGIN " NOTE("OLD.domain")
        NOTE_ALIASES("OLD.domain") KEEP " END",
    "CREATE TRIGGER mta_sts_policy_update AFTER UPDATE ON mta_sts_policy"
    " WHEN OLD.domain IS NOT NEW.domain OR OLD.mode IS NOT NEW.mode OR OLD.mx IS NOT NEW.mx"
    " OR OLD.max_age IS NOT NEW.max_age OR OLD.alias_of IS NOT NEW.alias_of BEGIN " NOTE(
        "OLD.domain") NOTE("NEW.domain") NOTE_ALIASES("OLD.domain") NOTE_ALIASES("NEW.domain") KEEP
    " END",
    /* position: of the first change that the machine has not read. */
    "CREATE TABLE mta_sts_policy_machine ("
    " machine TEXT NOT NULL PRIMARY KEY, host TEXT NOT NULL, position INTEGER NOT NULL,"
    " noted INTEGER NOT NULL, served INTEGER NOT NULL, wrong INTEGER NOT NULL)",
    /* pruned: number of the last change that was deleted. */
    "CREATE TABLE mta_sts_policy_source ("
    " id TEXT NOT NULL, version INTEGER NOT NULL, pruned INTEGER NOT NULL)",
    "INSERT INTO mta_sts_policy_source VALUES (lower(hex(randomblob(16))), 1, 0)",
    NULL,
};

/* --- PostgreSQL --- */

/* SECURITY DEFINER: the functions run with the privileges of the role that created the tables, so
 * their search path is fixed: that schema first, and temporary tables last. */
#define FUNCTION(name, body)                                                                       \
    "DO $make$ BEGIN EXECUTE format('CREATE FUNCTION %I." name "() RETURNS trigger"                \
    " LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, %I, pg_temp"                 \
    " AS $body$ BEGIN " body " RETURN NULL; END $body$', current_schema(), current_schema());"     \
    " END $make$"
#define PGSQL_NOTE(domain)                                                                         \
    "INSERT INTO mta_sts_policy_change (domain) VALUES (" domain ");"                              \
    " INSERT INTO mta_sts_policy_change (domain)"                                                  \
    " SELECT p.domain FROM mta_sts_policy p WHERE p.alias_of = " domain "; "
#define TEXT_C "TEXT COLLATE \"C\""
#define NOW "(extract(epoch from now())::bigint)"

static const char *const pgsql_tables[] = {
    "CREATE TABLE mta_sts_policy ("
    " domain " TEXT_C " PRIMARY KEY CHECK (length(domain) BETWEEN 1 AND 1000),"
    " mode TEXT DEFAULT 'testing', mx TEXT, max_age TEXT DEFAULT '604800', alias_of " TEXT_C ")",
    "CREATE INDEX mta_sts_policy_alias ON mta_sts_policy (alias_of) WHERE alias_of IS NOT NULL",
    "CREATE TABLE mta_sts_policy_change ("
    " n BIGSERIAL PRIMARY KEY, xid BIGINT NOT NULL DEFAULT txid_current(),"
    " noted BIGINT NOT NULL DEFAULT " NOW ", domain " TEXT_C ")",
    "CREATE INDEX mta_sts_policy_change_xid ON mta_sts_policy_change (xid, domain)",
    "CREATE TABLE mta_sts_policy_past ("
    " n BIGSERIAL PRIMARY KEY, domain " TEXT_C " NOT NULL, ended BIGINT NOT NULL DEFAULT " NOW ","
    " mode TEXT, mx TEXT, max_age TEXT, alias_of TEXT)",
    "CREATE INDEX mta_sts_policy_past_domain ON mta_sts_policy_past (domain)",
    FUNCTION(
        "mta_sts_policy_note",
        "IF TG_OP <> ''INSERT'' THEN " PGSQL_NOTE(
            "OLD.domain") "INSERT INTO mta_sts_policy_past (domain, mode, mx, max_age, alias_of)"
                          " VALUES (OLD.domain, OLD.mode, OLD.mx, OLD.max_age, OLD.alias_of); END "
                          "IF;"
                          " IF TG_OP <> ''DELETE'' THEN " PGSQL_NOTE("NEW.domain") "END IF;"),
    FUNCTION("mta_sts_policy_note_all",
             "INSERT INTO mta_sts_policy_change (domain) VALUES (NULL);"
             " INSERT INTO mta_sts_policy_past (domain, mode, mx, max_age, alias_of)"
             " SELECT p.domain, p.mode, p.mx, p.max_age, p.alias_of FROM mta_sts_policy p;"),
    "CREATE TRIGGER mta_sts_policy_row AFTER INSERT OR DELETE ON mta_sts_policy"
    " FOR EACH ROW EXECUTE PROCEDURE mta_sts_policy_note()",
    "CREATE TRIGGER mta_sts_policy_update AFTER UPDATE ON mta_sts_policy"
    " FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE PROCEDURE mta_sts_policy_note()",
    "CREATE TRIGGER mta_sts_policy_truncate BEFORE TRUNCATE ON mta_sts_policy"
    " FOR EACH STATEMENT EXECUTE PROCEDURE mta_sts_policy_note_all()",
    "CREATE TABLE mta_sts_policy_machine ("
    " machine TEXT PRIMARY KEY, host TEXT NOT NULL, position BIGINT NOT NULL,"
    " noted BIGINT NOT NULL, served BIGINT NOT NULL, wrong BIGINT NOT NULL)",
    "CREATE TABLE mta_sts_policy_source ("
    " id TEXT NOT NULL, version BIGINT NOT NULL, pruned BIGINT NOT NULL)",
    "INSERT INTO mta_sts_policy_source VALUES (md5(random()::text || clock_timestamp()::text), 1,"
    " 0)",
    NULL,
};

/* The tables of the index and of the history (core/database/schema.c) belong to the role that
 * connected first, which may be the one that ran init. */
#define INDEX_TABLES                                                                               \
    "mta_sts_fetch, mta_sts_fetch_day, mta_sts_fetch_loss, mta_sts_fetch_span, mta_sts_history,"   \
    " mta_sts_history_host, mta_sts_machine, mta_sts_network_name, tlsrpt_cause, tlsrpt_day_cost," \
    " tlsrpt_directory, tlsrpt_domain, tlsrpt_failure, tlsrpt_organization, tlsrpt_policy,"        \
    " tlsrpt_report, tlsrpt_string, tlsrpt_sum"

static const char pgsql_grants[] =
    "GRANT SELECT, INSERT, UPDATE, DELETE ON mta_sts_policy TO PANEL;\n"
    "GRANT SELECT ON mta_sts_policy TO HTTPD;\n"
    "GRANT SELECT, DELETE ON mta_sts_policy_change, mta_sts_policy_past TO HTTPD;\n"
    "GRANT SELECT, INSERT, UPDATE, DELETE ON mta_sts_policy_machine TO HTTPD;\n"
    "GRANT SELECT, UPDATE ON mta_sts_policy_source TO HTTPD;\n"
    "GRANT SELECT ON mta_sts_schema TO HTTPD;\n"
    "GRANT SELECT, INSERT, UPDATE, DELETE ON " INDEX_TABLES " TO HTTPD;\n";

/* --- both --- */

static const char *judge(apr_int64_t version)
{
    if (version == VERSION) {
        return NULL;
    }
    return version ? "the tables of hosted domains were created by a newer mod_mta_sts: install "
                     "that version on this machine, too"
                   : "the table mta_sts_policy_source is empty: restore the database from a backup";
}

static int take_existence(void *baton, const char *const *columns)
{
    *(int *)baton = columns[0] != NULL;
    return 0;
}

static const char *find(mta_sts_database *db, int *exist)
{
    *exist = 0;
    return mta_sts_database_rows(db,
                                 mta_sts_database_is_shared(db)
                                     ? "SELECT to_regclass(%s)"
                                     : "SELECT name FROM sqlite_master WHERE name = %s",
                                 take_existence, exist, "mta_sts_policy_source");
}

const char *mta_sts_hosting_tables_check(mta_sts_database *db, const char **problem)
{
    apr_int64_t version = 0;
    int exist;
    const char *error = find(db, &exist);

    *problem = "the database has no table of hosted domains: run mta-sts policy init";
    if (error || !exist) {
        return error;
    }
    error = mta_sts_database_rows(db, READ_VERSION, mta_sts_database_take_number, &version);
    *problem = judge(version);
    return error;
}

const char *mta_sts_hosting_tables_make(mta_sts_database *db)
{
    const char *error = mta_sts_database_begin(db);
    int exist = 0;

    error = error ? error : find(db, &exist);
    if (!error && !exist) {
        error = mta_sts_database_run_all(db, mta_sts_database_is_shared(db) ? pgsql_tables
                                                                            : sqlite_tables);
    }
    if (error) {
        mta_sts_database_rollback(db);
        return error;
    }
    return mta_sts_database_commit(db);
}

const char *mta_sts_hosting_tables_grants(const mta_sts_database *db)
{
    return mta_sts_database_is_shared(db) ? pgsql_grants : "";
}
