/* SPDX-License-Identifier: Apache-2.0 */
#include "core/database/schema.h"

#include <string.h>

#include <apr_strings.h>

#include "core/database/fetch_tables.h"
#include "core/database/machine_tables.h"
#include "core/database/network_tables.h"
#include "core/database/internal.h"

/*
 * The statements that lead from one version to the next, in SQLite's dialect. PostgreSQL has no
 * "WITHOUT ROWID", its INTEGER has only 32 bits, and it sorts strings by locale.
 */

/* Strings that many rows share are stored once, in the first three tables of the index, and
 * referred to by number. 0 means none; in column `domain` of the two sums, all domains together. */
static const char *const version_1[] = {
    /* One row for each time that a machine began to serve a policy; last_served is NULL as long as
     * it does. The last confirmation of a machine is stored in a table of its own. */
    "CREATE TABLE mta_sts_history ("
    " domain TEXT NOT NULL, host TEXT NOT NULL, first_served INTEGER NOT NULL,"
    " last_served INTEGER, id TEXT NOT NULL, max_age INTEGER NOT NULL, text TEXT NOT NULL,"
    " PRIMARY KEY (domain, host, first_served)) WITHOUT ROWID",
    "CREATE INDEX mta_sts_history_open ON mta_sts_history (host, domain)"
    " WHERE last_served IS NULL",
    "CREATE TABLE mta_sts_history_host ("
    " host TEXT NOT NULL PRIMARY KEY, noted INTEGER NOT NULL) WITHOUT ROWID",

    /* text is the key; for a long string it is a digest, and whole has the string itself. folded:
     * in lower case, only for organizations. */
    "CREATE TABLE tlsrpt_word ("
    " id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, whole TEXT, folded TEXT)",
    "CREATE TABLE tlsrpt_domain ("
    " id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, whole TEXT, folded TEXT)",
    "CREATE TABLE tlsrpt_organization ("
    " id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, whole TEXT, folded TEXT)",
    "CREATE INDEX tlsrpt_organization_folded ON tlsrpt_organization (folded)",

    /* One row for each file in the spool of each host; file is its inode. state: 0 it counts, 1 a
     * report with the same bytes is there, 2 another report counts under its identity, 3 it cannot
     * be read. */
    "CREATE TABLE tlsrpt_report ("
    " id INTEGER PRIMARY KEY, host INTEGER NOT NULL, digest TEXT NOT NULL,"
    " file INTEGER NOT NULL, received INTEGER NOT NULL, channel INTEGER NOT NULL,"
    " verified INTEGER NOT NULL, state INTEGER NOT NULL, identity TEXT NOT NULL,"
    " organization INTEGER NOT NULL, report_id TEXT NOT NULL,"
    " range_begin INTEGER NOT NULL, range_end INTEGER NOT NULL)",
    "CREATE UNIQUE INDEX tlsrpt_report_digest ON tlsrpt_report (digest, host)",
    "CREATE INDEX tlsrpt_report_identity ON tlsrpt_report (identity, verified DESC, received)",
    "CREATE INDEX tlsrpt_report_received ON tlsrpt_report (received)",
    "CREATE INDEX tlsrpt_report_state ON tlsrpt_report (state, range_end) WHERE state <> 0",

    /* What a report says about each policy; n counts from 0. is_first: whether it is the first
     * policy of its domain. */
    "CREATE TABLE tlsrpt_policy ("
    " report INTEGER NOT NULL, n INTEGER NOT NULL, domain INTEGER NOT NULL,"
    " is_first INTEGER NOT NULL, received INTEGER NOT NULL,"
    " type INTEGER NOT NULL, seen INTEGER NOT NULL,"
    " successful INTEGER NOT NULL, failed INTEGER NOT NULL,"
    " PRIMARY KEY (report, n)) WITHOUT ROWID",
    "CREATE INDEX tlsrpt_policy_domain ON tlsrpt_policy (domain, received) WHERE is_first = 1",

    /* The failures of a policy, summed up by kind. */
    "CREATE TABLE tlsrpt_failure ("
    " report INTEGER NOT NULL, n INTEGER NOT NULL, k INTEGER NOT NULL,"
    " type INTEGER NOT NULL, mx INTEGER NOT NULL, reason INTEGER NOT NULL,"
    " receiving_ip INTEGER NOT NULL, sending_ip INTEGER NOT NULL, sessions INTEGER NOT NULL,"
    " PRIMARY KEY (report, n, k)) WITHOUT ROWID",

    /* Sums of the reports that count. day is the first day of the range, last_day its last. reports
     * counts a report once, in the row of its first policy of the domain. parts is the number of
     * policies in a sum: the row is deleted when it reaches 0. */
    "CREATE TABLE tlsrpt_sum ("
    " domain INTEGER NOT NULL, last_day INTEGER NOT NULL, day INTEGER NOT NULL,"
    " organization INTEGER NOT NULL, type INTEGER NOT NULL, seen INTEGER NOT NULL,"
    " parts INTEGER NOT NULL, reports INTEGER NOT NULL, verified INTEGER NOT NULL,"
    " successful INTEGER NOT NULL, failed INTEGER NOT NULL,"
    " range_begin INTEGER NOT NULL, range_end INTEGER NOT NULL,"
    " PRIMARY KEY (domain, last_day, day, organization, type, seen)) WITHOUT ROWID",
    "CREATE INDEX tlsrpt_sum_failed ON tlsrpt_sum (last_day, domain, organization, failed)"
    " WHERE failed > 0",

    "CREATE TABLE tlsrpt_cause ("
    " domain INTEGER NOT NULL, last_day INTEGER NOT NULL, organization INTEGER NOT NULL,"
    " type INTEGER NOT NULL, mx INTEGER NOT NULL, reason INTEGER NOT NULL,"
    " receiving_ip INTEGER NOT NULL, sending_ip INTEGER NOT NULL,"
    " parts INTEGER NOT NULL, sessions INTEGER NOT NULL,"
    " range_begin INTEGER NOT NULL, range_end INTEGER NOT NULL,"
    " PRIMARY KEY (domain, last_day, organization, type, mx, reason, receiving_ip, sending_ip))"
    " WITHOUT ROWID",
    "CREATE INDEX tlsrpt_cause_day ON tlsrpt_cause (last_day)",

    /* The directories of the spool, and the time of the last change that is completely in the
     * index. */
    "CREATE TABLE tlsrpt_folder ("
    " host INTEGER NOT NULL, folder INTEGER NOT NULL, changed INTEGER NOT NULL,"
    " PRIMARY KEY (host, folder)) WITHOUT ROWID",
    NULL,
};

#define ADDED_TO_CAUSE                                                                             \
    "INSERT INTO tlsrpt_cause (domain, last_day, organization, policy_type, type, mx, reason,"     \
    " receiving_ip, sending_ip, parts, sessions, range_begin, range_end)"
/* The day computed by tlsrpt_last_day_of: before 1970 for an unspecified time. */
#define LAST_DAY "CASE WHEN r.range_end > 0 THEN (r.range_end - 1) / 86400000000 ELSE -1 END"
/* The recorded failures of reports that count; a sum is capped at 2^63-1. */
#define SUMS_OF_FAILURES                                                                           \
    " count(*), CASE WHEN sum(f.sessions / 1073741824) + sum(f.sessions % 1073741824) / "          \
    "1073741824"                                                                                   \
    " >= 8589934592 THEN 9223372036854775807 ELSE"                                                 \
    " sum(f.sessions / 1073741824) * 1073741824 + sum(f.sessions % 1073741824) END,"               \
    " coalesce(min(CASE WHEN r.range_begin > 0 THEN r.range_begin END), 0), max(r.range_end)"      \
    " FROM tlsrpt_failure f JOIN tlsrpt_policy p ON p.report = f.report AND p.n = f.n"             \
    " JOIN tlsrpt_report r ON r.id = f.report WHERE r.state = 0"

/* Failures are added up separately by policy_type, because they mean something else for DANE. */
static const char *const version_2[] = {
    "DROP TABLE tlsrpt_cause",
    "CREATE TABLE tlsrpt_cause ("
    " domain INTEGER NOT NULL, last_day INTEGER NOT NULL, organization INTEGER NOT NULL,"
    " policy_type INTEGER NOT NULL, type INTEGER NOT NULL, mx INTEGER NOT NULL,"
    " reason INTEGER NOT NULL, receiving_ip INTEGER NOT NULL, sending_ip INTEGER NOT NULL,"
    " parts INTEGER NOT NULL, sessions INTEGER NOT NULL,"
    " range_begin INTEGER NOT NULL, range_end INTEGER NOT NULL,"
    " PRIMARY KEY (domain, last_day, organization, policy_type, type, mx, reason, receiving_ip,"
    " sending_ip)) WITHOUT ROWID",
    ADDED_TO_CAUSE " SELECT p.domain, " LAST_DAY ", r.organization, p.type, f.type, f.mx, f.reason,"
                   " f.receiving_ip, f.sending_ip," SUMS_OF_FAILURES
                   " GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9",
    ADDED_TO_CAUSE " SELECT 0, " LAST_DAY
                   ", r.organization, p.type, f.type, f.mx, 0, 0, 0," SUMS_OF_FAILURES
                   " GROUP BY 2, 3, 4, 5, 6",
    "CREATE INDEX tlsrpt_cause_day ON tlsrpt_cause (last_day)",
    NULL,
};

/* Renames tables to the terms that the code uses: strings, directories. */
static const char *const version_3[] = {
    "ALTER TABLE tlsrpt_word RENAME TO tlsrpt_string",
    "ALTER TABLE tlsrpt_folder RENAME TO tlsrpt_directory",
    "ALTER TABLE tlsrpt_directory RENAME COLUMN folder TO directory",
    NULL,
};

/* The day computed by tlsrpt_day_of. */
#define FIRST_DAY "CASE WHEN r.range_begin >= 0 THEN r.range_begin / 86400000000 ELSE -1 END"
/* A sum capped at 2^63-1, computed from the sums of the high and low halves. */
#define CAPPED(high, low)                                                                          \
    " CASE WHEN " high " + (" low ") / 1073741824 >= 8589934592 THEN 9223372036854775807"          \
    " ELSE (" high ") * 1073741824 + " low " END"
#define HIGH(column) "coalesce(sum(" column " / 1073741824), 0)"
#define LOW(column) "coalesce(sum(" column " % 1073741824), 0)"
#define SUM_OF(column) CAPPED(HIGH(column), LOW(column))
#define ADDED_TO_SUM                                                                               \
    "INSERT INTO tlsrpt_sum (domain, last_day, day, organization, type, seen, verified, parts,"    \
    " reports, successful, failed, range_begin, range_end)"
#define SUMS_OF_SESSIONS                                                                           \
    SUM_OF("p.successful")                                                                         \
    "," SUM_OF("p.failed") ","                                                                     \
                           " coalesce(min(CASE WHEN r.range_begin > 0 THEN r.range_begin END), "   \
                           "0), max(r.range_end)"
#define ADDED_TO_CAUSE_VERIFIED                                                                    \
    "INSERT INTO tlsrpt_cause (domain, last_day, organization, policy_type, type, mx, reason,"     \
    " receiving_ip, sending_ip, verified, parts, sessions, range_begin, range_end)"

/* Verified and unverified reports are summed up separately, because anyone can submit a report
 * under any name. */
static const char *const version_4[] = {
    "DROP TABLE tlsrpt_sum",
    "CREATE TABLE tlsrpt_sum ("
    " domain INTEGER NOT NULL, last_day INTEGER NOT NULL, day INTEGER NOT NULL,"
    " organization INTEGER NOT NULL, type INTEGER NOT NULL, seen INTEGER NOT NULL,"
    " verified INTEGER NOT NULL, parts INTEGER NOT NULL, reports INTEGER NOT NULL,"
    " successful INTEGER NOT NULL, failed INTEGER NOT NULL,"
    " range_begin INTEGER NOT NULL, range_end INTEGER NOT NULL,"
    " PRIMARY KEY (domain, last_day, day, organization, type, seen, verified)) WITHOUT ROWID",
    ADDED_TO_SUM
    " SELECT p.domain, " LAST_DAY ", " FIRST_DAY
    ", r.organization, p.type, p.seen, r.verified, count(*), sum(p.is_first)," SUMS_OF_SESSIONS
    " FROM tlsrpt_policy p JOIN tlsrpt_report r ON r.id = p.report WHERE r.state = 0"
    " GROUP BY 1, 2, 3, 4, 5, 6, 7",
    /* A report without a policy counts only for all domains together. */
    ADDED_TO_SUM
    " SELECT 0, " LAST_DAY ", " FIRST_DAY ", r.organization, 0, 0, r.verified,"
    " count(*), sum(CASE WHEN coalesce(p.n, 0) = 0 THEN 1 ELSE 0 END)," SUMS_OF_SESSIONS
    " FROM tlsrpt_report r LEFT JOIN tlsrpt_policy p ON p.report = r.id"
    " WHERE r.state = 0 GROUP BY 2, 3, 4, 7",
    "CREATE INDEX tlsrpt_sum_failing ON tlsrpt_sum"
    " (domain, last_day, organization, failed, verified) WHERE failed > 0",
    /* Indexes for sums that are not plausible and sums that have to be compared; verified is -1 for
     * sums that are set apart. */
    "CREATE INDEX tlsrpt_sum_large ON tlsrpt_sum (domain, last_day)"
    " WHERE verified < 0 OR (verified = 0 AND (successful >= 10000 OR failed >= 10000))",
    "DROP TABLE tlsrpt_cause",
    "CREATE TABLE tlsrpt_cause ("
    " domain INTEGER NOT NULL, last_day INTEGER NOT NULL, organization INTEGER NOT NULL,"
    " policy_type INTEGER NOT NULL, type INTEGER NOT NULL, mx INTEGER NOT NULL,"
    " reason INTEGER NOT NULL, receiving_ip INTEGER NOT NULL, sending_ip INTEGER NOT NULL,"
    " verified INTEGER NOT NULL, parts INTEGER NOT NULL, sessions INTEGER NOT NULL,"
    " range_begin INTEGER NOT NULL, range_end INTEGER NOT NULL,"
    " PRIMARY KEY (domain, last_day, organization, policy_type, type, mx, reason, receiving_ip,"
    " sending_ip, verified)) WITHOUT ROWID",
    ADDED_TO_CAUSE_VERIFIED " SELECT p.domain, " LAST_DAY
                            ", r.organization, p.type, f.type, f.mx, f.reason,"
                            " f.receiving_ip, f.sending_ip, r.verified," SUMS_OF_FAILURES
                            " GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
    ADDED_TO_CAUSE_VERIFIED
    " SELECT 0, " LAST_DAY
    ", r.organization, p.type, f.type, f.mx, 0, 0, 0, r.verified," SUMS_OF_FAILURES
    " GROUP BY 2, 3, 4, 5, 6, 10",
    "CREATE INDEX tlsrpt_cause_day ON tlsrpt_cause (last_day)",
    "CREATE INDEX tlsrpt_cause_kind ON tlsrpt_cause"
    " (domain, type, mx, policy_type, verified, last_day, organization, sessions)"
    " WHERE domain > 0",
    "CREATE INDEX tlsrpt_cause_large ON tlsrpt_cause (domain)"
    " WHERE verified <= 0 AND sessions >= 10000",
    /* Sets apart sums that cannot be added exactly; all others are decided when the next report
     * about the domain arrives. */
    "UPDATE tlsrpt_sum SET verified = -1 WHERE verified = 0 AND (domain, last_day, organization) IN"
    " (SELECT domain, last_day, organization FROM tlsrpt_sum WHERE verified = 0"
    " AND (successful > 9007199254740992 OR failed > 9007199254740992))",
    "UPDATE tlsrpt_cause SET verified = -1 WHERE verified = 0"
    " AND (domain, last_day, organization) IN"
    " (SELECT domain, last_day, organization FROM tlsrpt_sum WHERE verified < 0)",
    NULL,
};

/* What unverified reports have added on the day on which they were received, so that it can be
 * limited. */
static const char *const version_5[] = {
    "CREATE TABLE tlsrpt_day_cost ("
    " day INTEGER PRIMARY KEY, reports INTEGER NOT NULL, cost INTEGER NOT NULL)",
    /* Identities now distinguish variants; files that seem to have changed are read again. */
    "UPDATE tlsrpt_report SET identity = identity || 'v'"
    " WHERE verified = 1 AND length(identity) = 32",
    "UPDATE tlsrpt_report SET file = -1",
    "DELETE FROM tlsrpt_directory",
    NULL,
};

/* The fetch log, and the networks of reporters. */
static const char *const version_6[] = {MTA_STS_FETCH_TABLES, NULL};

/* The names of networks, and who signed a report; the machines. */
static const char *const version_7[] = {MTA_STS_NETWORK_TABLES, MTA_STS_MACHINE_TABLES, NULL};

static const char *const version_8[] = {MTA_STS_FETCH_DAY_COLUMNS, MTA_STS_MACHINE_COLUMNS, NULL};

static const char *const *const versions[] = {version_1, version_2, version_3, version_4,
                                              version_5, version_6, version_7, version_8};

#define NEWEST ((int)(sizeof(versions) / sizeof(versions[0])))

/* With "NOT IN", PostgreSQL would scan a long list once for each row. */
#define UNUSED(table, used)                                                                        \
    "DELETE FROM " table " WHERE id IN (SELECT id FROM " table " EXCEPT SELECT * FROM (" used      \
    ") used)"

/* Sums refer only to strings to which reports refer as well. */
const char *const mta_sts_database_schema_sweep[] = {
    UNUSED("tlsrpt_string", "SELECT host FROM tlsrpt_report UNION SELECT channel FROM tlsrpt_report"
                            " UNION SELECT host FROM tlsrpt_directory"
                            " UNION SELECT type FROM tlsrpt_policy"
                            " UNION SELECT seen FROM tlsrpt_policy"
                            " UNION SELECT type FROM tlsrpt_failure"
                            " UNION SELECT mx FROM tlsrpt_failure"
                            " UNION SELECT reason FROM tlsrpt_failure"
                            " UNION SELECT receiving_ip FROM tlsrpt_failure"
                            " UNION SELECT sending_ip FROM tlsrpt_failure"),
    UNUSED("tlsrpt_domain", "SELECT domain FROM tlsrpt_policy"),
    UNUSED("tlsrpt_organization", "SELECT organization FROM tlsrpt_report"),
    NULL,
};

static const char *replace(apr_pool_t *p, const char *text, const char *old, const char *with)
{
    const char *made = "", *found;

    while ((found = strstr(text, old)) != NULL) {
        made =
            apr_pstrcat(p, made, apr_pstrmemdup(p, text, (apr_size_t)(found - text)), with, NULL);
        text = found + strlen(old);
    }
    return apr_pstrcat(p, made, text, NULL);
}

static const char *run(mta_sts_database *db, const char *sql)
{
    apr_pool_t *p = db->scratch;
    int code;

    if (!db->is_sqlite) {
        sql = replace(p, replace(p, sql, " WITHOUT ROWID", ""), "INTEGER", "BIGINT");
        sql = replace(p, sql, " TEXT", " TEXT COLLATE \"C\"");
    }
    code = mta_sts_database_execute(db, sql);
    return code == 0 ? NULL : mta_sts_database_error(db, "make the tables of", code);
}

static const char *read_version(mta_sts_database *db, apr_int64_t *version)
{
    *version = 0;
    return mta_sts_database_rows(db, "SELECT version FROM mta_sts_schema",
                                 mta_sts_database_take_number, version);
}

static const char *judge(mta_sts_database *db, apr_int64_t version)
{
    if (version >= 0 && version <= NEWEST) {
        return NULL;
    }
    if (version < 0) {
        apr_snprintf(db->error, sizeof(db->error),
                     "%s is damaged: its table mta_sts_schema has the version %" APR_INT64_T_FMT
                     "; restore a backup, or move it away and run mta-sts reindex",
                     db->name, version);
        return db->error;
    }
    apr_snprintf(
        db->error, sizeof(db->error),
        "%s was created by a newer mod_mta_sts (its tables have version %" APR_INT64_T_FMT
        ", this one supports %d): install the newer version again, or configure another database",
        db->name, version, NEWEST);
    return db->error;
}

/* Raises the statement timeout for this transaction only: computing the sums of a large index takes
 * longer than a statement normally may, so the update would never succeed. */
static const char *take_time(mta_sts_database *db)
{
    db->until = 0;
    db->patience = apr_time_from_sec(3600 + 10);
    return db->is_sqlite ? NULL : run(db, "SET LOCAL statement_timeout='1h'");
}

/* version: 0..NEWEST */
static const char *run_from(mta_sts_database *db, apr_int64_t version)
{
    const char *error = take_time(db);
    const char *const *sql;

    for (; version < NEWEST && !error; version++) {
        for (sql = versions[version]; *sql && !error; sql++) {
            error = run(db, *sql);
        }
    }
    return error ? error : run(db, "DELETE FROM mta_sts_schema");
}

static const char *migrate(mta_sts_database *db)
{
    apr_int64_t version = 0;
    const char *error =
        run(db, "CREATE TABLE IF NOT EXISTS mta_sts_schema (version INTEGER NOT NULL)");

    if (!error) {
        error = read_version(db, &version);
    }
    if (error || version == NEWEST) {
        return error; /* another process has updated the schema */
    }
    error = judge(db, version);
    if (!error) {
        error = run_from(db, version);
    }
    return error ? error
                 : mta_sts_database_run(db, "INSERT INTO mta_sts_schema (version) VALUES (%d)",
                                        NEWEST);
}

int mta_sts_database_schema_version(void)
{
    return NEWEST;
}

const char *mta_sts_database_schema_prepare(mta_sts_database *db)
{
    const apr_interval_time_t patience = db->patience;
    apr_int64_t version;
    const char *error = read_version(db, &version);

    if (!error && version == NEWEST) {
        return NULL;
    }
    error = mta_sts_database_begin(db);
    if (error) {
        return error;
    }
    error = migrate(db);
    if (error) {
        mta_sts_database_rollback(db);
        return error;
    }
    error = mta_sts_database_commit(db);
    db->patience = patience;
    return error;
}
