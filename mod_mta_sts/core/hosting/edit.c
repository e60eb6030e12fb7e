/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/edit.h"

#include <apr_strings.h>

#define HOLD "SELECT domain FROM mta_sts_policy WHERE domain = %s FOR UPDATE"
#define INSERT                                                                                     \
    "INSERT INTO mta_sts_policy (domain, mode, mx, max_age, alias_of)"                             \
    " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (domain) DO "
#define ADD INSERT "NOTHING"
#define SET                                                                                        \
    INSERT "UPDATE SET mode = excluded.mode, mx = excluded.mx, max_age = excluded.max_age,"        \
           " alias_of = excluded.alias_of"
#define FIND                                                                                       \
    "SELECT p.domain, coalesce(t.mode, p.mode), coalesce(t.mx, p.mx),"                             \
    " coalesce(t.max_age, p.max_age), p.alias_of, t.domain, t.alias_of FROM mta_sts_policy p"      \
    " LEFT JOIN mta_sts_policy t ON t.domain = p.alias_of WHERE p.domain = %s"
#define FIND_ALIAS "SELECT min(domain) FROM mta_sts_policy WHERE alias_of = %s"
#define LIST_ALIASES                                                                               \
    "SELECT domain FROM mta_sts_policy WHERE alias_of = %s ORDER BY domain LIMIT %d"
#define POSITION(column) "SELECT max(" column ") + 1 FROM mta_sts_policy_change WHERE domain = %s"

const char *mta_sts_edit_begin(mta_sts_database *db)
{
    return mta_sts_database_begin(db);
}

const char *mta_sts_edit_position(mta_sts_database *db, const char *domain, apr_int64_t *position)
{
    *position = 0;
    return mta_sts_database_is_shared(db)
               ? mta_sts_database_rows(db, POSITION("xid"), mta_sts_database_take_number, position,
                                       domain)
               : mta_sts_database_rows(db, POSITION("n"), mta_sts_database_take_number, position,
                                       domain);
}

static int take_nothing(void *baton, const char *const *columns)
{
    (void)baton;
    (void)columns;
    return 0;
}

/* With SQLite, a write transaction already locks out all other writers. */
const char *mta_sts_edit_hold(mta_sts_database *db, const char *domain)
{
    return mta_sts_database_is_shared(db)
               ? mta_sts_database_rows(db, HOLD, take_nothing, NULL, domain)
               : NULL;
}

const char *mta_sts_edit_add(mta_sts_database *db, const mta_sts_hosted_row *row)
{
    return mta_sts_database_run(db, ADD, row->domain, row->mode, row->mx, row->max_age,
                                row->alias_of);
}

const char *mta_sts_edit_set(mta_sts_database *db, const mta_sts_hosted_row *row)
{
    return mta_sts_database_run(db, SET, row->domain, row->mode, row->mx, row->max_age,
                                row->alias_of);
}

const char *mta_sts_edit_delete(mta_sts_database *db, const char *domain)
{
    return mta_sts_database_run(db, "DELETE FROM mta_sts_policy WHERE domain = %s", domain);
}

typedef struct row_reader {
    apr_pool_t *p;
    mta_sts_hosted_row *row;
} row_reader;

static int take_row(void *baton, const char *const *columns)
{
    const row_reader *r = baton;

    *r->row = (mta_sts_hosted_row){.domain = apr_pstrdup(r->p, columns[0]),
                                   .mode = apr_pstrdup(r->p, columns[1]),
                                   .mx = apr_pstrdup(r->p, columns[2]),
                                   .max_age = apr_pstrdup(r->p, columns[3]),
                                   .alias_of = apr_pstrdup(r->p, columns[4]),
                                   .is_alias_broken = columns[4] && (!columns[5] || columns[6])};
    return 0;
}

const char *mta_sts_edit_find(mta_sts_database *db, const char *domain, apr_pool_t *p,
                              mta_sts_hosted_row *row)
{
    row_reader r = {p, row};

    *row = (mta_sts_hosted_row){0};
    return mta_sts_database_rows(db, FIND, take_row, &r, domain);
}

typedef struct text_reader {
    apr_pool_t *p;
    const char **text;
} text_reader;

static int take_text(void *baton, const char *const *columns)
{
    const text_reader *r = baton;

    *r->text = apr_pstrdup(r->p, columns[0]);
    return 0;
}

static int push_alias(void *baton, const char *const *columns)
{
    mta_sts_database_list *r = baton;

    APR_ARRAY_PUSH(r->rows, const char *) = mta_sts_database_text(r->p, columns[0]);
    return 1;
}

const char *mta_sts_edit_list_aliases(mta_sts_database *db, const char *domain, int max,
                                      apr_pool_t *p, apr_array_header_t **aliases)
{
    mta_sts_database_list r = {p, apr_array_make(p, 4, sizeof(const char *))};

    *aliases = r.rows;
    return mta_sts_database_rows(db, LIST_ALIASES, push_alias, &r, domain, max);
}

const char *mta_sts_edit_find_alias(mta_sts_database *db, const char *domain, apr_pool_t *p,
                                    const char **alias)
{
    text_reader r = {p, alias};

    *alias = NULL;
    return mta_sts_database_rows(db, FIND_ALIAS, take_text, &r, domain);
}
