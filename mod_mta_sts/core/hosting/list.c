/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/list.h"

#include <apr_strings.h>

#define COLUMNS "SELECT s.domain, t.text, t.id, w.message, w.fix FROM "
#define TEXTS " LEFT JOIN texts t ON t.n = s.n"
#define ALL "served s LEFT JOIN wrong w ON w.domain = s.domain" TEXTS
#define WRONG "wrong w JOIN served s ON s.domain = w.domain" TEXTS
#define PAGE " WHERE instr(s.domain, %s) > 0 ORDER BY s.domain LIMIT %d OFFSET %lld"
#define COUNT_ALL "SELECT count(*) FROM served WHERE instr(domain, %s) > 0"
#define COUNT_WRONG "SELECT count(*) FROM wrong WHERE instr(domain, %s) > 0"
#define FIND COLUMNS ALL " WHERE s.domain = %s"

static int take_row(void *baton, const char *const *columns)
{
    mta_sts_database_list *r = baton;
    mta_sts_list_row *row = apr_array_push(r->rows);

    row->domain = apr_pstrdup(r->p, columns[0]);
    row->text = apr_pstrdup(r->p, columns[1]);
    row->id = apr_pstrdup(r->p, columns[2]);
    row->wrong = apr_pstrdup(r->p, columns[3]);
    row->fix = apr_pstrdup(r->p, columns[4]);
    return 1;
}

const char *mta_sts_list_page(mta_sts_lookup *lookup, const mta_sts_list_query *query,
                              apr_int64_t skip, int limit, apr_pool_t *p, apr_array_header_t **rows)
{
    mta_sts_database_list r = {p, apr_array_make(p, 16, sizeof(mta_sts_list_row))};
    const char *part = query->part ? query->part : "";
    long long offset = skip;
    mta_sts_database *db;
    const char *error = mta_sts_lookup_database(lookup, &db);

    *rows = r.rows;
    if (error) {
        return error;
    }
    return query->only_wrong
               ? mta_sts_database_rows(db, COLUMNS WRONG PAGE, take_row, &r, part, limit, offset)
               : mta_sts_database_rows(db, COLUMNS ALL PAGE, take_row, &r, part, limit, offset);
}

const char *mta_sts_list_count(mta_sts_lookup *lookup, const mta_sts_list_query *query,
                               apr_int64_t *count)
{
    const char *part = query->part ? query->part : "";
    mta_sts_database *db;
    const char *error = mta_sts_lookup_database(lookup, &db);

    *count = 0;
    if (error) {
        return error;
    }
    return query->only_wrong
               ? mta_sts_database_rows(db, COUNT_WRONG, mta_sts_database_take_number, count, part)
               : mta_sts_database_rows(db, COUNT_ALL, mta_sts_database_take_number, count, part);
}

const char *mta_sts_list_find(mta_sts_lookup *lookup, const char *domain, apr_pool_t *p,
                              mta_sts_list_row *row)
{
    mta_sts_database_list r = {p, apr_array_make(p, 1, sizeof(mta_sts_list_row))};
    mta_sts_database *db;
    const char *error = mta_sts_lookup_database(lookup, &db);

    error = error ? error : mta_sts_database_rows(db, FIND, take_row, &r, domain);
    *row = r.rows->nelts ? APR_ARRAY_IDX(r.rows, 0, mta_sts_list_row) : (mta_sts_list_row){0};
    return error;
}
