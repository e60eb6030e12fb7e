/* SPDX-License-Identifier: Apache-2.0 */
#include "core/database/guard.h"
#include "core/database/internal.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

/* Writers on all machines take this advisory lock of PostgreSQL: "mtasts" in ASCII. */
#define PGSQL_WRITERS "SELECT pg_advisory_xact_lock(%lld)"
#define PGSQL_LOCK 0x6d7461737473LL

#define SCHEMA_CHANGED "schema has changed"
#define CLOSED "the database is closed: open it again"

#define VALUES_MAX 32

typedef enum value_kind { VALUE_TEXT, VALUE_INT, VALUE_LONG, VALUE_LONG_LONG } value_kind;

typedef struct statement {
    apr_dbd_prepared_t *prepared;
    int count;
    value_kind kinds[VALUES_MAX];
} statement;

/* Values as apr_dbd expects them: pointers to strings or numbers. If numbers were bound as strings,
 * as apr_dbd_pquery does, SQLite would not compare them as equal to numbers. */
typedef struct values {
    const void *pointers[VALUES_MAX];
    apr_int64_t numbers[VALUES_MAX];
} values;

static const struct {
    const char *written;
    value_kind kind;
    const char *bound; /* apr_dbd's name of the type */
} placeholders[] = {
    {"%s", VALUE_TEXT, "%s"},
    {"%d", VALUE_INT, "%lld"},
    {"%ld", VALUE_LONG, "%lld"},
    {"%lld", VALUE_LONG_LONG, "%lld"},
};
#define PLACEHOLDER_COUNT (sizeof(placeholders) / sizeof(placeholders[0]))

/* --- statements --- */

/* The type of the placeholder at the beginning of a text; PLACEHOLDER_COUNT if there is none. */
static apr_size_t find_placeholder(const char *text)
{
    apr_size_t i;

    for (i = 0; i < PLACEHOLDER_COUNT; i++) {
        if (strncmp(text, placeholders[i].written, strlen(placeholders[i].written)) == 0) {
            break;
        }
    }
    return i;
}

/* Translates a statement to the syntax of apr_dbd_prepare and stores the types of its values. */
static const char *translate(apr_pool_t *p, const char *sql, statement *made)
{
    /* A placeholder grows by at most 2 bytes. */
    char *text = apr_palloc(p, strlen(sql) + 2 * VALUES_MAX + 1), *out = text;

    while (*sql) {
        apr_size_t i = *sql == '%' ? find_placeholder(sql) : PLACEHOLDER_COUNT;

        if (i < PLACEHOLDER_COUNT && made->count < VALUES_MAX) {
            made->kinds[made->count++] = placeholders[i].kind;
            out = stpcpy(out, placeholders[i].bound);
            sql += strlen(placeholders[i].written);
            continue;
        }
        if (*sql == '%' && sql[1] == '%') {
            *out++ = *sql++;
        }
        *out++ = *sql++;
    }
    *out = '\0';
    return text;
}

static const char *prepare(mta_sts_database *db, const char *sql, const statement **found)
{
    statement *made = apr_hash_get(db->statements, sql, APR_HASH_KEY_STRING);
    const char *label;
    int code;

    if (!db->handle) {
        return CLOSED;
    }
    if (!made) {
        made = apr_pcalloc(db->pool, sizeof(*made));
        label = apr_psprintf(db->pool, "mta_sts_%u", apr_hash_count(db->statements));
        mta_sts_guard_begin(db);
        code = apr_dbd_prepare(db->driver, db->pool, db->handle, translate(db->scratch, sql, made),
                               label, &made->prepared);
        mta_sts_guard_end(db);
        if (code != 0) {
            return mta_sts_database_error(db, "use", code);
        }
        apr_hash_set(db->statements, apr_pstrdup(db->pool, sql), APR_HASH_KEY_STRING, made);
    }
    *found = made;
    return NULL;
}

/* Whether an SQLite statement failed because another process created or changed tables, or rewrote
 * the file (mta_sts_database_shrink), after the statement was prepared. The driver returns the same
 * code for other errors, and may have cleared the error text. */
static int is_outdated(const mta_sts_database *db, int code)
{
    const char *error = code && db->is_sqlite ? apr_dbd_error(db->driver, db->handle, code) : NULL;

    return error && (strcmp(error, "not an error") == 0 || strstr(error, SCHEMA_CHANGED));
}

static const char *prepare_again(mta_sts_database *db, const char *sql, const statement **found)
{
    apr_hash_set(db->statements, sql, APR_HASH_KEY_STRING, NULL);
    return prepare(db, sql, found);
}

static void collect(const statement *prepared, values *bound, va_list args)
{
    int i;

    for (i = 0; i < prepared->count; i++) {
        bound->pointers[i] = &bound->numbers[i];
        switch (prepared->kinds[i]) {
        case VALUE_TEXT:
            bound->pointers[i] = va_arg(args, const char *);
            break;
        case VALUE_INT:
            bound->numbers[i] = va_arg(args, int);
            break;
        case VALUE_LONG:
            bound->numbers[i] = va_arg(args, long);
            break;
        case VALUE_LONG_LONG:
            bound->numbers[i] = va_arg(args, long long);
            break;
        }
    }
}

/* Runs a statement without values; PostgreSQL cannot prepare CREATE or DROP. */
static const char *run_plain(mta_sts_database *db, const char *sql)
{
    int code = mta_sts_database_execute(db, sql);

    return code == 0 ? NULL : mta_sts_database_error(db, "write to", code);
}

static const char *run_prepared(mta_sts_database *db, const char *sql, va_list args)
{
    const statement *prepared;
    const char *error;
    int rows, code;
    values bound;

    if (db->handle && !strchr(sql, '%')) {
        return run_plain(db, sql);
    }
    error = prepare(db, sql, &prepared);
    if (error) {
        return error;
    }
    collect(prepared, &bound, args);
    mta_sts_guard_begin(db);
    code = apr_dbd_pbquery(db->driver, db->scratch, db->handle, &rows, prepared->prepared,
                           bound.pointers);
    if (is_outdated(db, code) && !prepare_again(db, sql, &prepared)) {
        code = apr_dbd_pbquery(db->driver, db->scratch, db->handle, &rows, prepared->prepared,
                               bound.pointers);
    }
    mta_sts_guard_end(db);
    return code == 0 ? NULL : mta_sts_database_error(db, "write to", code);
}

const char *mta_sts_database_run(mta_sts_database *db, const char *sql, ...)
{
    const char *error;
    va_list args;

    va_start(args, sql);
    error = run_prepared(db, sql, args);
    va_end(args);
    apr_pool_clear(db->scratch);
    db->has_failed |= error != NULL;
    return error;
}

const char *mta_sts_database_run_all(mta_sts_database *db, const char *const *statements)
{
    const char *error = db->handle ? NULL : CLOSED;

    for (; *statements && !error; statements++) {
        error = run_plain(db, *statements);
    }
    db->has_failed |= error != NULL;
    return error;
}

/* --- rows --- */

static void take_rows(mta_sts_database *db, apr_dbd_results_t *results, mta_sts_database_row *take,
                      void *baton)
{
    int i, count = apr_dbd_num_cols(db->driver, results);
    const char **columns = apr_pcalloc(db->scratch, sizeof(*columns) * (apr_size_t)(count + 1));
    apr_dbd_row_t *row = NULL;
    int go_on = 1;

    while (apr_dbd_get_row(db->driver, db->scratch, results, &row, -1) == 0) {
        for (i = 0; go_on && i < count; i++) {
            /* apr_dbd_get_entry would return "" for NULL with PostgreSQL. */
            if (apr_dbd_datum_get(db->driver, row, i, APR_DBD_TYPE_STRING, &columns[i]) !=
                APR_SUCCESS) {
                columns[i] = NULL;
            }
        }
        /* All rows are fetched even if the callback stops, because the driver finishes the
         * statement only after the last row. */
        go_on = go_on && take(baton, columns);
    }
}

static const char *select_prepared(mta_sts_database *db, const char *sql,
                                   mta_sts_database_row *take, void *baton, va_list args)
{
    apr_dbd_results_t *results = NULL;
    const statement *prepared;
    const char *error = prepare(db, sql, &prepared);
    values bound;
    int code;

    if (error) {
        return error;
    }
    collect(prepared, &bound, args);
    mta_sts_guard_begin(db);
    code = apr_dbd_pbselect(db->driver, db->scratch, db->handle, &results, prepared->prepared, 1,
                            bound.pointers);
    if (is_outdated(db, code) && !prepare_again(db, sql, &prepared)) {
        code = apr_dbd_pbselect(db->driver, db->scratch, db->handle, &results, prepared->prepared,
                                1, bound.pointers);
    }
    mta_sts_guard_end(db);
    if (code != 0 || !results) {
        return mta_sts_database_error(db, "read", code);
    }
    take_rows(db, results, take, baton);
    return NULL;
}

const char *mta_sts_database_rows(mta_sts_database *db, const char *sql, mta_sts_database_row *take,
                                  void *baton, ...)
{
    const char *error;
    va_list args;

    va_start(args, baton);
    error = select_prepared(db, sql, take, baton, args);
    va_end(args);
    apr_pool_clear(db->scratch);
    db->has_failed |= error != NULL;
    return error;
}

const char *mta_sts_database_text(apr_pool_t *p, const char *column)
{
    return apr_pstrdup(p, column ? column : "");
}

apr_int64_t mta_sts_database_number(const char *column)
{
    return column ? apr_strtoi64(column, NULL, 10) : 0;
}

int mta_sts_database_take_number(void *baton, const char *const *columns)
{
    *(apr_int64_t *)baton = mta_sts_database_number(columns[0]);
    return 0;
}

/* --- transactions --- */

int mta_sts_database_execute(mta_sts_database *db, const char *sql)
{
    int rows, code;

    mta_sts_guard_begin(db);
    code = apr_dbd_query(db->driver, db->handle, &rows, sql);
    if (is_outdated(db, code)) { /* now SQLite knows about the change */
        code = apr_dbd_query(db->driver, db->handle, &rows, sql);
    }
    mta_sts_guard_end(db);
    return code;
}

int mta_sts_database_is_same_file(const mta_sts_database *db)
{
    struct stat info;

    return !db->is_sqlite ||
           (lstat(db->file, &info) == 0 && info.st_dev == db->device && info.st_ino == db->inode);
}

static const char *begin(mta_sts_database *db, const char *sql, const char *doing)
{
    int code;

    if (!db->handle) {
        return CLOSED;
    }
    if (!mta_sts_database_is_same_file(db)) {
        apr_snprintf(db->error, sizeof(db->error),
                     "%s was removed or replaced: it is opened again, and filled from the reports",
                     db->name);
        return db->error;
    }
    code = mta_sts_database_execute(db, sql);
    if (code != 0) {
        return mta_sts_database_error(db, doing, code);
    }
    db->in_transaction = 1;
    db->has_failed = 0;
    return NULL;
}

static int take_none(void *baton, const char *const *columns)
{
    (void)baton;
    (void)columns;
    return 0;
}

const char *mta_sts_database_begin(mta_sts_database *db)
{
    const char *error = begin(db, db->is_sqlite ? "BEGIN IMMEDIATE" : "BEGIN", "write to");

    if (!error && !db->is_sqlite) {
        error = mta_sts_database_rows(db, PGSQL_WRITERS, take_none, NULL, PGSQL_LOCK);
        error = error || !db->check ? error : db->check(db);
        if (error) {
            mta_sts_database_rollback(db);
        }
    }
    return error;
}

const char *mta_sts_database_begin_reading(mta_sts_database *db)
{
    return begin(db, db->is_sqlite ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
                 "read");
}

const char *mta_sts_database_commit(mta_sts_database *db)
{
    const char *error = NULL;
    int code;

    if (!db->in_transaction) {
        return NULL;
    }
    if (db->has_failed) {
        mta_sts_database_rollback(db);
        return "part of the transaction failed, so nothing was written";
    }
    code = mta_sts_database_execute(db, "COMMIT");
    if (code != 0) {
        error = mta_sts_database_error(db, "write to", code);
        mta_sts_database_rollback(db);
    }
    db->in_transaction = 0;
    return error;
}

void mta_sts_database_rollback(mta_sts_database *db)
{
    if (db->in_transaction && db->handle) {
        mta_sts_database_execute(db, "ROLLBACK");
    }
    db->in_transaction = 0;
}
