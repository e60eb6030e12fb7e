/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/internal.h"

#include <stdlib.h>
#include <string.h>

#include "tlsrpt/summary/plausible.h"

/*
 * Rows of the sums that are set apart (tlsrpt/summary/plausible.h) have -1 in the column verified,
 * so that queries with `verified >= 0` do not find them. All rows of a domain, a day and an
 * organization are set apart together; this is decided again whenever a row of the domain changes.
 */

#define CANDIDATES_MAX 10000 /* of one domain; all others keep their state */

/* Must be the same as the condition of the partial indexes. */
#define LARGE_SUM "verified < 0 OR (verified = 0 AND (successful >= 10000 OR failed >= 10000))"
#define LARGE_CAUSE "verified <= 0 AND sessions >= 10000"

/* What one sender reports about one domain and day. */
typedef struct candidate {
    long long last_day, organization, verified;
    apr_int64_t size;
} candidate;

typedef struct key {
    long long domain, last_day, organization;
} key;

/* --- the sums that are set apart so far --- */

static int take_key(void *baton, const char *const *columns)
{
    apr_hash_t *known = baton;
    key *one = apr_palloc(apr_hash_pool_get(known), sizeof(*one));

    one->domain = (long long)mta_sts_database_number(columns[0]);
    one->last_day = (long long)mta_sts_database_number(columns[1]);
    one->organization = (long long)mta_sts_database_number(columns[2]);
    apr_hash_set(known, one, sizeof(*one), one);
    return 1;
}

const char *tlsrpt_apart_load(tlsrpt_batch *batch)
{
    batch->apart = apr_hash_make(batch->p);
    return mta_sts_database_rows(batch->db,
                                 "SELECT DISTINCT domain, last_day, organization FROM tlsrpt_sum"
                                 " WHERE (" LARGE_SUM ") AND verified < 0",
                                 take_key, batch->apart);
}

long long tlsrpt_apart_verified(const tlsrpt_batch *batch, long long domain, long long last_day,
                                long long organization, long long verified)
{
    const key one = {domain, last_day, organization};

    return !verified && apr_hash_get(batch->apart, &one, sizeof(one)) ? -1 : verified;
}

/* --- judging a domain --- */

static int take_candidate(void *baton, const char *const *columns)
{
    candidate *one = apr_array_push(baton);

    one->last_day = (long long)mta_sts_database_number(columns[0]);
    one->organization = (long long)mta_sts_database_number(columns[1]);
    one->verified = (long long)mta_sts_database_number(columns[2]);
    one->size = mta_sts_database_number(columns[3]);
    return 1;
}

static const char *find_candidates(tlsrpt_batch *batch, long long domain, apr_array_header_t *list)
{
    return mta_sts_database_rows(
        batch->db,
        "SELECT last_day, organization, min(verified), max(size) FROM (SELECT last_day,"
        " organization, verified, CASE WHEN successful > failed THEN successful ELSE failed END AS"
        " size FROM tlsrpt_sum WHERE domain = %lld AND (" LARGE_SUM ") UNION ALL SELECT last_day,"
        " organization, verified, sessions FROM tlsrpt_cause WHERE domain = %lld"
        " AND " LARGE_CAUSE ") s GROUP BY last_day, organization ORDER BY 4 DESC LIMIT %d",
        take_candidate, list, domain, domain, CANDIDATES_MAX);
}

static int take_base(void *baton, const char *const *columns)
{
    apr_int64_t *base = baton;
    int i;

    for (i = 0; i < 2 && columns[0]; i++) {
        apr_int64_t size = mta_sts_database_number(columns[i]);

        *base = size > *base ? size : *base;
    }
    return 0;
}

/* Finds the largest number that is plausible in any case. */
static const char *find_base(tlsrpt_batch *batch, long long domain, apr_int64_t *base)
{
    *base = -1;
    return mta_sts_database_rows(batch->db,
                                 "SELECT max(successful), max(failed) FROM tlsrpt_sum WHERE"
                                 " domain = %lld AND (verified = 1 OR (verified = 0 AND"
                                 " successful < 10000 AND failed < 10000))",
                                 take_base, base, domain);
}

static int by_size(const void *a, const void *b)
{
    const candidate *x = a, *y = b;

    return x->size < y->size ? -1 : x->size > y->size;
}

/* Finds the limit. Candidates that have fallen below TLSRPT_PLAUSIBLE_MIN, because some of their
 * reports were removed, are plausible. */
static apr_int64_t limit_of(tlsrpt_batch *batch, apr_array_header_t *list, apr_int64_t base)
{
    apr_int64_t *sizes =
        apr_palloc(batch->ptemp, sizeof(*sizes) * (apr_size_t)(list->nelts ? list->nelts : 1));
    int i;

    qsort(list->elts, (size_t)list->nelts, sizeof(candidate), by_size);
    for (i = 0; i < list->nelts; i++) {
        sizes[i] = APR_ARRAY_IDX(list, i, candidate).size;
    }
    return tlsrpt_plausible_limit(base, sizes, list->nelts);
}

#define SET_VERIFIED(table)                                                                        \
    "UPDATE " table " SET verified = %lld WHERE domain = %lld AND last_day = %lld"                 \
    " AND organization = %lld AND verified = %lld"

static const char *set_verified(tlsrpt_batch *batch, long long domain, const candidate *of,
                                long long verified)
{
    const char *error = mta_sts_database_run(batch->db, SET_VERIFIED("tlsrpt_sum"), verified,
                                             domain, of->last_day, of->organization, of->verified);

    return error ? error
                 : mta_sts_database_run(batch->db, SET_VERIFIED("tlsrpt_cause"), verified, domain,
                                        of->last_day, of->organization, of->verified);
}

static const char *judge(tlsrpt_batch *batch, long long domain)
{
    apr_array_header_t *list = apr_array_make(batch->ptemp, 4, sizeof(candidate));
    const char *error = find_candidates(batch, domain, list);
    apr_int64_t base, limit;
    int i;

    if (error || list->nelts == 0) {
        return error;
    }
    error = find_base(batch, domain, &base);
    limit = limit_of(batch, list, base);
    for (i = 0; i < list->nelts && !error; i++) {
        const candidate *one = &APR_ARRAY_IDX(list, i, candidate);
        long long verified = one->size > limit ? -1 : 0;

        error = verified != one->verified ? set_verified(batch, domain, one, verified) : NULL;
    }
    return error;
}

static int take_any(void *baton, const char *const *columns)
{
    (void)columns;
    *(int *)baton = 1;
    return 0;
}

/* Determines whether there is anything to judge; usually there is not. */
static const char *has_candidates(tlsrpt_batch *batch, int *has)
{
    const char *error = mta_sts_database_rows(
        batch->db, "SELECT 1 FROM tlsrpt_sum WHERE " LARGE_SUM " LIMIT 1", take_any, has);

    return error || *has
               ? error
               : mta_sts_database_rows(batch->db,
                                       "SELECT 1 FROM tlsrpt_cause WHERE " LARGE_CAUSE " LIMIT 1",
                                       take_any, has);
}

const char *tlsrpt_apart_judge(tlsrpt_batch *batch)
{
    apr_hash_index_t *at;
    int has = 0;
    const char *error = has_candidates(batch, &has);

    for (at = has ? apr_hash_first(batch->p, batch->domains) : NULL; at && !error;
         at = apr_hash_next(at)) {
        apr_pool_clear(batch->ptemp);
        error = judge(batch, *(const long long *)apr_hash_this_key(at));
    }
    return error;
}
