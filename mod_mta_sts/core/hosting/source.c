/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/source.h"

#include <apr_strings.h>

#define HOUR 3600
#define DAY (24 * HOUR)

/* Seconds since 1970 by the clock of the database. */
#define PGSQL_NOW "(extract(epoch from now())::bigint)"
#define SQLITE_NOW "CAST(strftime('%%s', 'now') AS INTEGER)"

#define CHANGES(position)                                                                          \
    "(SELECT count(*) AS changes, max(n) AS newest, count(CASE WHEN domain IS NULL THEN 1 END)"    \
    " AS for_all FROM mta_sts_policy_change WHERE " position " >= %lld) c"
#define PGSQL_POLL                                                                                 \
    "SELECT s.id || '.' || (SELECT oid FROM pg_database WHERE datname = current_database()) ||"    \
    " '.' || CAST(CAST('mta_sts_policy' AS regclass) AS oid) || '.' ||"                            \
    " CAST(extract(epoch from pg_postmaster_start_time()) AS bigint),"                             \
    " txid_snapshot_xmin(txid_current_snapshot()), s.pruned, c.changes, c.newest, c.for_all"       \
    " FROM mta_sts_policy_source s, " CHANGES("xid")
#define SQLITE_POLL                                                                                \
    "SELECT s.id, 1 + coalesce((SELECT seq FROM sqlite_sequence WHERE name ="                      \
    " 'mta_sts_policy_change'), 0), s.pruned, c.changes, c.newest, c.for_all"                      \
    " FROM mta_sts_policy_source s, " CHANGES("n")

/* A value of the row itself, or of the row that it is an alias of. */
#define VALUE(column, max)                                                                         \
    "substr(CASE WHEN p.alias_of IS NULL THEN p." column " ELSE t." column " END, 1, " max ")"
#define COLUMNS                                                                                    \
    "p.domain, " VALUE("mode", "100") ", " VALUE("mx", "10300") ", " VALUE(                        \
        "max_age", "100") ", substr(p.alias_of, 1, 1000), t.domain, t.alias_of"
#define TARGET " LEFT JOIN mta_sts_policy t ON t.domain = p.alias_of"
#define READ_ALL                                                                                   \
    "SELECT p.domain, " COLUMNS " FROM mta_sts_policy p" TARGET                                    \
    " WHERE p.domain > %s ORDER BY p.domain LIMIT %d"
#define READ_CHANGED(position)                                                                     \
    "SELECT c.domain, " COLUMNS " FROM (SELECT DISTINCT domain FROM mta_sts_policy_change"         \
    " WHERE " position " >= %lld AND domain > %s ORDER BY domain LIMIT %d) c"                      \
    " LEFT JOIN mta_sts_policy p ON p.domain = c.domain" TARGET " ORDER BY c.domain"

#define IS_CONFIRMED(now)                                                                          \
    "SELECT count(*) FROM mta_sts_policy_change WHERE domain = '' AND noted > " now " - %d"

#define NOTE_MACHINE(now)                                                                          \
    "INSERT INTO mta_sts_policy_machine (machine, host, position, noted, served, wrong)"           \
    " VALUES (%s, %s, %lld, " now ", %lld, %lld) ON CONFLICT (machine) DO UPDATE SET"              \
    " host = excluded.host, position = excluded.position, noted = excluded.noted,"                 \
    " served = excluded.served, wrong = excluded.wrong"
#define MACHINES(now)                                                                              \
    "SELECT machine, host, position, " now " - noted, served, wrong FROM mta_sts_policy_machine"   \
    " ORDER BY host, machine"

#define NOTE_PRUNED(position, now)                                                                 \
    "UPDATE mta_sts_policy_source SET pruned = coalesce((SELECT max(" position ")"                 \
    " FROM mta_sts_policy_change WHERE noted < " now " - %d), pruned)"
#define PRUNE(table, column, now) "DELETE FROM " table " WHERE " column " < " now " - %d"

/* --- polling --- */

typedef struct state_reader {
    apr_pool_t *p;
    mta_sts_source_state *state;
} state_reader;

static int take_state(void *baton, const char *const *columns)
{
    const state_reader *r = baton;

    r->state->id = apr_pstrdup(r->p, columns[0]);
    r->state->next = mta_sts_database_number(columns[1]);
    r->state->pruned = mta_sts_database_number(columns[2]);
    r->state->count = mta_sts_database_number(columns[3]);
    r->state->newest = mta_sts_database_number(columns[4]);
    r->state->for_all = mta_sts_database_number(columns[5]);
    return 0;
}

const char *mta_sts_source_poll(mta_sts_database *db, apr_int64_t position, apr_pool_t *p,
                                mta_sts_source_state *state)
{
    state_reader r = {p, state};
    long long since = position;
    const char *error = mta_sts_database_is_shared(db)
                            ? mta_sts_database_rows(db, PGSQL_POLL, take_state, &r, since)
                            : mta_sts_database_rows(db, SQLITE_POLL, take_state, &r, since);

    if (!error && !state->id) {
        return "the table mta_sts_policy_source is empty: restore the database from a backup";
    }
    return error;
}

/* --- rows --- */

/* Columns: the domain; then those of COLUMNS, NULL if there is no such row. */
static int take_row(void *baton, const char *const *columns)
{
    mta_sts_database_list *r = baton;
    mta_sts_source_row *row = apr_array_push(r->rows);

    *row =
        (mta_sts_source_row){.row = {.domain = apr_pstrdup(r->p, columns[0]),
                                     .mode = apr_pstrdup(r->p, columns[2]),
                                     .mx = apr_pstrdup(r->p, columns[3]),
                                     .max_age = apr_pstrdup(r->p, columns[4]),
                                     .alias_of = apr_pstrdup(r->p, columns[5]),
                                     .is_alias_broken = columns[5] && (!columns[6] || columns[7])},
                             .is_deleted = !columns[1]};
    return 1;
}

const char *mta_sts_source_read_all(mta_sts_database *db, const char *after, int limit,
                                    apr_pool_t *p, apr_array_header_t **rows)
{
    mta_sts_database_list r = {p, apr_array_make(p, 64, sizeof(mta_sts_source_row))};

    *rows = r.rows;
    return mta_sts_database_rows(db, READ_ALL, take_row, &r, after, limit);
}

const char *mta_sts_source_read_changed(mta_sts_database *db, apr_int64_t position,
                                        const char *after, int limit, apr_pool_t *p,
                                        apr_array_header_t **rows)
{
    mta_sts_database_list r = {p, apr_array_make(p, 64, sizeof(mta_sts_source_row))};
    long long since = position;

    *rows = r.rows;
    return mta_sts_database_is_shared(db)
               ? mta_sts_database_rows(db, READ_CHANGED("xid"), take_row, &r, since, after, limit)
               : mta_sts_database_rows(db, READ_CHANGED("n"), take_row, &r, since, after, limit);
}

/* --- confirmed deletions --- */

const char *mta_sts_source_is_confirmed(mta_sts_database *db, int *is_confirmed)
{
    apr_int64_t count = 0;
    const char *error = mta_sts_database_is_shared(db)
                            ? mta_sts_database_rows(db, IS_CONFIRMED(PGSQL_NOW),
                                                    mta_sts_database_take_number, &count, HOUR)
                            : mta_sts_database_rows(db, IS_CONFIRMED(SQLITE_NOW),
                                                    mta_sts_database_take_number, &count, HOUR);

    *is_confirmed = count > 0;
    return error;
}

const char *mta_sts_source_confirm(mta_sts_database *db)
{
    static const char *const statements[][2] = {
        {"INSERT INTO mta_sts_policy_change (noted, domain) VALUES (strftime('%s', 'now'), '')",
         NULL},
        {"INSERT INTO mta_sts_policy_change (domain) VALUES ('')", NULL}};

    return mta_sts_database_run_all(db, statements[mta_sts_database_is_shared(db) != 0]);
}

/* --- what is no longer needed --- */

static const char *prune_pgsql(mta_sts_database *db)
{
    const char *error = mta_sts_database_run(db, NOTE_PRUNED("xid", PGSQL_NOW), DAY);

    error = error
                ? error
                : mta_sts_database_run(db, PRUNE("mta_sts_policy_change", "noted", PGSQL_NOW), DAY);
    error = error ? error
                  : mta_sts_database_run(db, PRUNE("mta_sts_policy_past", "ended", PGSQL_NOW),
                                         400 * DAY);
    return error ? error
                 : mta_sts_database_run(db, PRUNE("mta_sts_policy_machine", "noted", PGSQL_NOW),
                                        7 * DAY);
}

static const char *prune_sqlite(mta_sts_database *db)
{
    const char *error = mta_sts_database_run(db, NOTE_PRUNED("n", SQLITE_NOW), DAY);

    error =
        error ? error
              : mta_sts_database_run(db, PRUNE("mta_sts_policy_change", "noted", SQLITE_NOW), DAY);
    error = error ? error
                  : mta_sts_database_run(db, PRUNE("mta_sts_policy_past", "ended", SQLITE_NOW),
                                         400 * DAY);
    return error ? error
                 : mta_sts_database_run(db, PRUNE("mta_sts_policy_machine", "noted", SQLITE_NOW),
                                        7 * DAY);
}

const char *mta_sts_source_prune(mta_sts_database *db)
{
    const char *error = mta_sts_database_begin(db);

    if (error) {
        return error;
    }
    error = mta_sts_database_is_shared(db) ? prune_pgsql(db) : prune_sqlite(db);
    error = error ? error : mta_sts_database_commit(db);
    mta_sts_database_rollback(db);
    return error;
}

/* --- machines --- */

const char *mta_sts_source_note_machine(mta_sts_database *db, const mta_sts_source_machine *machine)
{
    long long position = machine->position, served = machine->served, wrong = machine->wrong;

    return mta_sts_database_is_shared(db)
               ? mta_sts_database_run(db, NOTE_MACHINE(PGSQL_NOW), machine->machine, machine->host,
                                      position, served, wrong)
               : mta_sts_database_run(db, NOTE_MACHINE(SQLITE_NOW), machine->machine, machine->host,
                                      position, served, wrong);
}

typedef struct machine_reader {
    apr_pool_t *p;
    apr_array_header_t *machines;
} machine_reader;

static int take_machine(void *baton, const char *const *columns)
{
    machine_reader *r = baton;
    mta_sts_source_machine *machine = apr_array_push(r->machines);

    machine->machine = apr_pstrdup(r->p, columns[0]);
    machine->host = apr_pstrdup(r->p, columns[1]);
    machine->position = mta_sts_database_number(columns[2]);
    machine->seen = mta_sts_database_number(columns[3]);
    machine->served = mta_sts_database_number(columns[4]);
    machine->wrong = mta_sts_database_number(columns[5]);
    return 1;
}

const char *mta_sts_source_machines(mta_sts_database *db, apr_pool_t *p,
                                    apr_array_header_t **machines)
{
    machine_reader r = {p, apr_array_make(p, 4, sizeof(mta_sts_source_machine))};

    *machines = r.machines;
    return mta_sts_database_is_shared(db)
               ? mta_sts_database_rows(db, MACHINES(PGSQL_NOW), take_machine, &r)
               : mta_sts_database_rows(db, MACHINES(SQLITE_NOW), take_machine, &r);
}
