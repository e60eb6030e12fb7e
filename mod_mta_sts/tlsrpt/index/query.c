/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/query.h"

#include <string.h>

#include <apr_strings.h>

apr_int64_t tlsrpt_query_sum(const char *const *columns)
{
    apr_int64_t high = mta_sts_database_number(columns[0]);
    apr_int64_t low = mta_sts_database_number(columns[1]);

    high = tlsrpt_count_add(high, low >> 30);
    return high > APR_INT64_MAX >> 30 ? APR_INT64_MAX : (high << 30) + (low & ((1 << 30) - 1));
}

static int take_id(void *baton, const char *const *columns)
{
    *(long long *)baton = (long long)mta_sts_database_number(columns[0]);
    return 0;
}

const char *tlsrpt_query_begin(tlsrpt_query *query, mta_sts_database *db,
                               const tlsrpt_filter *filter, apr_pool_t *p)
{
    static const tlsrpt_filter everything = {.since = 0};
    const char *error;

    filter = filter ? filter : &everything;
    memset(query, 0, sizeof(*query));
    query->db = db;
    query->p = p;
    query->since = (long long)filter->since;
    query->last_day = filter->since ? (long long)tlsrpt_day_of(filter->since) : -1;
    query->has_organization = filter->organization != NULL;
    query->organization = filter->organization ? tlsrpt_string_fold(p, filter->organization) : "";
    query->is_verified = filter->is_verified;
    query->has_domain = filter->domain != NULL;
    error = mta_sts_database_begin_reading(db);
    if (!error && filter->domain) {
        error = mta_sts_database_rows(db, "SELECT id FROM tlsrpt_domain WHERE text = %s", take_id,
                                      &query->domain, tlsrpt_string_key(p, filter->domain));
    }
    return error;
}

const char *tlsrpt_query_end(tlsrpt_query *query, const char *error)
{
    if (!error) {
        return mta_sts_database_commit(query->db);
    }
    mta_sts_database_rollback(query->db);
    return error;
}

/* --- totals --- */

static int take_totals(void *baton, const char *const *columns)
{
    tlsrpt_domain *domain = baton;

    domain->reports = mta_sts_database_number(columns[0]);
    domain->verified = mta_sts_database_number(columns[1]);
    domain->successful = tlsrpt_query_sum(columns + 2);
    domain->failed = tlsrpt_query_sum(columns + 4);
    domain->verified_successful = tlsrpt_query_sum(columns + 6);
    domain->verified_failed = tlsrpt_query_sum(columns + 8);
    domain->begin = mta_sts_database_number(columns[10]);
    domain->end = mta_sts_database_number(columns[11]);
    return 0;
}

static void make_lists(apr_pool_t *p, tlsrpt_domain *domain)
{
    domain->days = apr_array_make(p, 1, sizeof(tlsrpt_day));
    domain->senders = apr_array_make(p, 1, sizeof(tlsrpt_sender));
    domain->causes = apr_array_make(p, 1, sizeof(tlsrpt_cause));
    domain->seen = apr_array_make(p, 1, sizeof(tlsrpt_seen_policy));
}

#define SUMS_OF_ALL SUM("successful") ", " SUM("failed")
#define SUMS_OF_VERIFIED SUM_VERIFIED("successful") ", " SUM_VERIFIED("failed")

const char *tlsrpt_query_totals(const tlsrpt_query *query, long long id, tlsrpt_domain *domain)
{
    make_lists(query->p, domain);
    return mta_sts_database_rows(
        query->db,
        "SELECT sum(CASE WHEN %d = 0 THEN reports ELSE parts END),"
        " sum(CASE WHEN %d = 0 THEN reports ELSE parts END * verified), " SUMS_OF_ALL
        ", " SUMS_OF_VERIFIED
        ", min(nullif(range_begin, 0)), max(range_end) FROM tlsrpt_sum WHERE domain = %lld"
        " AND" PARTS_OF_SUMS,
        take_totals, domain, (int)query->parts, (int)query->parts, id, PARTS_OF_SUMS_VALUES(query));
}
