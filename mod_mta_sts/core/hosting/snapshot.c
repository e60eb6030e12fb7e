/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/snapshot.h"

#include <string.h>

#include <apr_strings.h>

/* A snapshot in another format is deleted and rebuilt. */
#define FORMAT 1

struct mta_sts_snapshot {
    mta_sts_database *db;
    apr_int64_t next_text; /* number of the next text to be stored; 0: not known */
    apr_int64_t text;      /* number of the text that was stored last; 0: not known */
    char last[MTA_STS_POLICY_TEXT_MAX + 1]; /* that text */
};

static const char *const tables[] = {
    "CREATE TABLE state (format INTEGER NOT NULL, source TEXT NOT NULL, position INTEGER NOT NULL,"
    " count INTEGER NOT NULL, newest INTEGER NOT NULL, served INTEGER NOT NULL,"
    " wrong INTEGER NOT NULL, held INTEGER NOT NULL, synced INTEGER NOT NULL,"
    " whole INTEGER NOT NULL)",
    /* Domains share texts: most customers of a provider have the same MX hosts. */
    "CREATE TABLE texts (n INTEGER PRIMARY KEY, id TEXT NOT NULL, text TEXT NOT NULL)",
    "CREATE INDEX texts_id ON texts (id)",
    "CREATE TABLE mx (name TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (name, n))"
    " WITHOUT ROWID",
    /* All rows of the source; n: its text, NULL: nothing is served. */
    "CREATE TABLE served (domain TEXT NOT NULL PRIMARY KEY, n INTEGER, digest INTEGER NOT NULL)"
    " WITHOUT ROWID",
    "CREATE TABLE wrong (domain TEXT NOT NULL PRIMARY KEY, message TEXT NOT NULL,"
    " fix TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE gone (domain TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID",
    "INSERT INTO state VALUES (1, '', 0, 0, 0, 0, 0, 0, 0, 0)",
    NULL,
};

#define READ_FORMAT "SELECT count(*) FROM sqlite_master WHERE name = 'state'"
#define READ_STATE                                                                                 \
    "SELECT format, source, position, count, newest, served, wrong, held, synced, whole FROM "     \
    "state"
#define WRITE_STATE                                                                                \
    "UPDATE state SET source = %s, position = %lld, count = %lld, newest = %lld, served = %lld,"   \
    " wrong = %lld, held = %lld, synced = %lld, whole = %lld"
#define READ_ROW                                                                                   \
    "SELECT s.domain, s.digest, s.n IS NOT NULL, w.domain IS NOT NULL FROM served s"               \
    " LEFT JOIN wrong w ON w.domain = s.domain WHERE s.domain "
#define READ_ROWS READ_ROW "> %s"
#define IN_ORDER " ORDER BY s.domain LIMIT %d"
#define NEXT_TEXT "SELECT coalesce(max(n), 0) + 1 FROM texts"
#define FIND_TEXT "SELECT n FROM texts WHERE id = %s AND text = %s"
#define ADD_TEXT "INSERT INTO texts (n, id, text) VALUES (%lld, %s, %s)"
#define ADD_MX "INSERT OR IGNORE INTO mx (name, n) VALUES (%s, %lld)"
#define SERVE                                                                                      \
    "INSERT INTO served (domain, n, digest) VALUES (%s, %lld, %lld)"                               \
    " ON CONFLICT (domain) DO UPDATE SET n = excluded.n, digest = excluded.digest"
#define REFUSE                                                                                     \
    "INSERT INTO served (domain, n, digest) VALUES (%s, NULL, %lld)"                               \
    " ON CONFLICT (domain) DO UPDATE SET digest = excluded.digest"
#define ADD_WRONG "INSERT OR REPLACE INTO wrong (domain, message, fix) VALUES (%s, %s, %s)"
#define LIST_WRONG                                                                                 \
    "SELECT w.domain, w.message, w.fix, s.n FROM wrong w LEFT JOIN served s"                       \
    " ON s.domain = w.domain WHERE w.domain > %s ORDER BY w.domain LIMIT %d"

/* --- opening --- */

static const char *make_tables(mta_sts_database *db)
{
    apr_int64_t format = 0, exists = 0;
    const char *error = mta_sts_database_begin(db);

    error = error ? error
                  : mta_sts_database_rows(db, READ_FORMAT, mta_sts_database_take_number, &exists);
    if (!error && exists) {
        error = mta_sts_database_rows(db, READ_STATE, mta_sts_database_take_number, &format);
    }
    if (!error && !exists) {
        error = mta_sts_database_run_all(db, tables);
        format = FORMAT;
    }
    error = error ? error : mta_sts_database_commit(db);
    mta_sts_database_rollback(db);
    return error ? error : format == FORMAT ? NULL : "it has another format";
}

static const char *try_to_open(apr_pool_t *p, const char *file, mta_sts_database **db)
{
    const char *error = mta_sts_database_open_derived(p, file, 0, db);

    if (error) {
        return error;
    }
    error = make_tables(*db);
    if (error) {
        error = apr_pstrdup(p, error);
        mta_sts_database_close(*db);
    }
    return error;
}

mta_sts_snapshot *mta_sts_snapshot_reading(apr_pool_t *p, mta_sts_database *db)
{
    mta_sts_snapshot *made = apr_pcalloc(p, sizeof(*made));

    made->db = db;
    return made;
}

const char *mta_sts_snapshot_open(apr_pool_t *p, const char *file, mta_sts_snapshot **snapshot)
{
    mta_sts_database *db;
    const char *error = try_to_open(p, file, &db);

    if (error && !mta_sts_database_is_locked(error) && !mta_sts_database_is_out_of_room(error)) {
        error = mta_sts_database_move_damaged(p, file);
        error = error ? error : try_to_open(p, file, &db);
    }
    if (error) {
        return error;
    }
    *snapshot = mta_sts_snapshot_reading(p, db);
    return NULL;
}

void mta_sts_snapshot_close(mta_sts_snapshot *snapshot)
{
    mta_sts_database_close(snapshot->db);
}

int mta_sts_snapshot_is_same_file(const mta_sts_snapshot *snapshot)
{
    return mta_sts_database_is_same_file(snapshot->db);
}

/* --- the state --- */

typedef struct state_reader {
    apr_pool_t *p;
    mta_sts_snapshot_state *state;
} state_reader;

static int take_state(void *baton, const char *const *columns)
{
    const state_reader *r = baton;
    mta_sts_snapshot_state *state = r->state;

    state->source = apr_pstrdup(r->p, columns[1]);
    state->position = mta_sts_database_number(columns[2]);
    state->count = mta_sts_database_number(columns[3]);
    state->newest = mta_sts_database_number(columns[4]);
    state->served = mta_sts_database_number(columns[5]);
    state->wrong = mta_sts_database_number(columns[6]);
    state->held = mta_sts_database_number(columns[7]);
    state->synced = mta_sts_database_number(columns[8]);
    state->full = mta_sts_database_number(columns[9]);
    return 0;
}

const char *mta_sts_snapshot_read_state(mta_sts_snapshot *snapshot, apr_pool_t *p,
                                        mta_sts_snapshot_state *state)
{
    state_reader r = {p, state};

    *state = (mta_sts_snapshot_state){.source = ""};
    return mta_sts_database_rows(snapshot->db, READ_STATE, take_state, &r);
}

const char *mta_sts_snapshot_begin(mta_sts_snapshot *snapshot, apr_pool_t *p,
                                   mta_sts_snapshot_state *state)
{
    const char *error = mta_sts_database_begin(snapshot->db);

    snapshot->next_text = 0;
    snapshot->text = 0;
    return error ? error : mta_sts_snapshot_read_state(snapshot, p, state);
}

const char *mta_sts_snapshot_commit(mta_sts_snapshot *snapshot, const mta_sts_snapshot_state *state)
{
    const char *error = mta_sts_database_run(snapshot->db, WRITE_STATE, state->source,
                                             (long long)state->position, (long long)state->count,
                                             (long long)state->newest, (long long)state->served,
                                             (long long)state->wrong, (long long)state->held,
                                             (long long)state->synced, (long long)state->full);

    return error ? error : mta_sts_database_commit(snapshot->db);
}

void mta_sts_snapshot_rollback(mta_sts_snapshot *snapshot)
{
    mta_sts_database_rollback(snapshot->db);
}

/* --- rows --- */

static int take_row(void *baton, const char *const *columns)
{
    mta_sts_database_list *r = baton;
    mta_sts_snapshot_row *row = apr_array_push(r->rows);

    row->domain = apr_pstrdup(r->p, columns[0]);
    row->digest = mta_sts_database_number(columns[1]);
    row->is_served = columns[2][0] == '1';
    row->is_wrong = columns[3][0] == '1';
    return 1;
}

const char *mta_sts_snapshot_rows(mta_sts_snapshot *snapshot, const char *after, const char *last,
                                  int limit, apr_pool_t *p, apr_array_header_t **rows)
{
    mta_sts_database_list r = {p, apr_array_make(p, 64, sizeof(mta_sts_snapshot_row))};

    *rows = r.rows;
    return last ? mta_sts_database_rows(snapshot->db, READ_ROWS " AND s.domain <= %s" IN_ORDER,
                                        take_row, &r, after, last, limit)
                : mta_sts_database_rows(snapshot->db, READ_ROWS IN_ORDER, take_row, &r, after,
                                        limit);
}

const char *mta_sts_snapshot_find(mta_sts_snapshot *snapshot, const char *domain, apr_pool_t *p,
                                  apr_array_header_t **rows)
{
    mta_sts_database_list r = {p, apr_array_make(p, 1, sizeof(mta_sts_snapshot_row))};

    *rows = r.rows;
    return mta_sts_database_rows(snapshot->db, READ_ROW "= %s", take_row, &r, domain);
}

/* --- texts --- */

/* Some reports name an MX host instead of the domain, so hosts must be found by name. */
static const char *add_mx(mta_sts_snapshot *snapshot, const mta_sts_policy *policy)
{
    const char *error = NULL;
    int i;

    for (i = 0; i < policy->mx->nelts && !error; i++) {
        error =
            mta_sts_database_run(snapshot->db, ADD_MX, APR_ARRAY_IDX(policy->mx, i, const char *),
                                 (long long)snapshot->next_text);
    }
    return error;
}

static const char *add_text(mta_sts_snapshot *snapshot, const mta_sts_hosted_policy *policy)
{
    const char *error = NULL;

    if (!snapshot->next_text) {
        error = mta_sts_database_rows(snapshot->db, NEXT_TEXT, mta_sts_database_take_number,
                                      &snapshot->next_text);
    }
    error = error ? error
                  : mta_sts_database_run(snapshot->db, ADD_TEXT, (long long)snapshot->next_text,
                                         policy->id, policy->text);
    error = error ? error : add_mx(snapshot, &policy->policy);
    snapshot->text = snapshot->next_text++;
    return error;
}

/* Stores a policy text; afterwards its number is in snapshot->text. */
static const char *store_text(mta_sts_snapshot *snapshot, const mta_sts_hosted_policy *policy)
{
    apr_int64_t found = 0;
    const char *error;

    if (snapshot->text && strcmp(snapshot->last, policy->text) == 0) {
        return NULL;
    }
    error = mta_sts_database_rows(snapshot->db, FIND_TEXT, mta_sts_database_take_number, &found,
                                  policy->id, policy->text);
    snapshot->text = found;
    if (!error && !found) {
        error = add_text(snapshot, policy);
    }
    apr_cpystrn(snapshot->last, policy->text, sizeof(snapshot->last));
    snapshot->text = error ? 0 : snapshot->text;
    return error;
}

const char *mta_sts_snapshot_serve(mta_sts_snapshot *snapshot, const char *domain,
                                   apr_int64_t digest, const mta_sts_hosted_policy *policy,
                                   const mta_sts_snapshot_row *before)
{
    const char *error = store_text(snapshot, policy);

    error = error ? error
                  : mta_sts_database_run(snapshot->db, SERVE, domain, (long long)snapshot->text,
                                         (long long)digest);
    if (!error && before && before->is_wrong) {
        error = mta_sts_database_run(snapshot->db, "DELETE FROM wrong WHERE domain = %s", domain);
    }
    return error;
}

const char *mta_sts_snapshot_refuse(mta_sts_snapshot *snapshot, const char *domain,
                                    apr_int64_t digest, const mta_sts_finding *finding)
{
    const char *error = mta_sts_database_run(snapshot->db, REFUSE, domain, (long long)digest);

    return error ? error
                 : mta_sts_database_run(snapshot->db, ADD_WRONG, domain, finding->message,
                                        finding->fix ? finding->fix : "");
}

const char *mta_sts_snapshot_sweep(mta_sts_snapshot *snapshot)
{
    static const char *const statements[] = {
        "DELETE FROM texts WHERE n NOT IN (SELECT n FROM served WHERE n IS NOT NULL)",
        "DELETE FROM mx WHERE n NOT IN (SELECT n FROM texts)",
        NULL,
    };

    snapshot->text = 0;
    return mta_sts_database_run_all(snapshot->db, statements);
}

/* --- deleted domains --- */

const char *mta_sts_snapshot_mark_gone(mta_sts_snapshot *snapshot, const char *domain)
{
    return mta_sts_database_run(snapshot->db, "INSERT OR IGNORE INTO gone (domain) VALUES (%s)",
                                domain);
}

const char *mta_sts_snapshot_forget_gone(mta_sts_snapshot *snapshot)
{
    return mta_sts_database_run(snapshot->db, "DELETE FROM gone");
}

const char *mta_sts_snapshot_count_gone(mta_sts_snapshot *snapshot, apr_int64_t *count)
{
    return mta_sts_database_rows(
        snapshot->db, "SELECT count(s.n) FROM gone g JOIN served s ON s.domain = g.domain",
        mta_sts_database_take_number, count);
}

const char *mta_sts_snapshot_delete_gone(mta_sts_snapshot *snapshot)
{
    static const char *const statements[] = {
        "DELETE FROM served WHERE domain IN (SELECT domain FROM gone)",
        "DELETE FROM wrong WHERE domain IN (SELECT domain FROM gone)",
        "DELETE FROM gone",
        NULL,
    };

    return mta_sts_database_run_all(snapshot->db, statements);
}

const char *mta_sts_snapshot_count(mta_sts_snapshot *snapshot, mta_sts_snapshot_state *state)
{
    const char *error = mta_sts_database_rows(snapshot->db, "SELECT count(n) FROM served",
                                              mta_sts_database_take_number, &state->served);

    return error ? error
                 : mta_sts_database_rows(snapshot->db, "SELECT count(*) FROM wrong",
                                         mta_sts_database_take_number, &state->wrong);
}

/* --- wrong rows --- */

static int take_wrong(void *baton, const char *const *columns)
{
    mta_sts_database_list *r = baton;
    mta_sts_snapshot_wrong *wrong = apr_array_push(r->rows);

    wrong->domain = apr_pstrdup(r->p, columns[0]);
    wrong->message = apr_pstrdup(r->p, columns[1]);
    wrong->fix = apr_pstrdup(r->p, columns[2]);
    wrong->is_served = columns[3] != NULL;
    return 1;
}

const char *mta_sts_snapshot_list_wrong(mta_sts_snapshot *snapshot, const char *after, int limit,
                                        apr_pool_t *p, apr_array_header_t **wrong)
{
    mta_sts_database_list r = {p, apr_array_make(p, 16, sizeof(mta_sts_snapshot_wrong))};

    *wrong = r.rows;
    return mta_sts_database_rows(snapshot->db, LIST_WRONG, take_wrong, &r, after, limit);
}
