/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_INDEX_QUERY_H
#define TLSRPT_INDEX_QUERY_H

#include <apr_strings.h>

#include "tlsrpt/index/internal.h"

/*
 * Shared by the files that read the index: sum.c computes sums, detail.c adds the details of one
 * domain, list.c lists domains and reports, causes.c lists causes.
 */

/* A filter as the values that all statements bind: FILTER_WHERE and FILTER_VALUES. */
typedef struct tlsrpt_query {
    mta_sts_database *db;
    apr_pool_t *p; /* of the results */
    long long since;
    long long last_day;
    int has_organization;
    const char *organization; /* in lower case; "" if has_organization is 0 */
    int is_verified;          /* only verified reports */
    tlsrpt_parts parts;
    int has_domain;
    long long domain; /* number of the domain; 0: all domains together, or not in the index */
} tlsrpt_query;

#define FILTER_ORGANIZATION                                                                        \
    "(%d = 0 OR organization IN (SELECT id FROM tlsrpt_organization WHERE folded = %s))"
#define FILTER_WHERE " last_day >= %lld AND verified >= %d AND " FILTER_ORGANIZATION
#define FILTER_VALUES(query)                                                                       \
    (query)->last_day, (query)->is_verified, (query)->has_organization, (query)->organization

/* The same, restricted to the parts that are added up: for tlsrpt_sum, and for tlsrpt_cause, where
 * every row is a failure. */
#define PARTS_DANE "(SELECT id FROM tlsrpt_string WHERE text = 'tlsa')"
#define PARTS_STS "(SELECT id FROM tlsrpt_string WHERE text = 'sts')"
#define PARTS_OF_SUMS                                                                              \
    FILTER_WHERE " AND (%d = 0 OR type NOT IN " PARTS_DANE ") AND (%d < 2 OR failed > 0"           \
                 " OR type IN " PARTS_STS ")"
#define PARTS_OF_SUMS_VALUES(query) FILTER_VALUES(query), (int)(query)->parts, (int)(query)->parts
#define PARTS_OF_CAUSES FILTER_WHERE " AND (%d = 0 OR policy_type NOT IN " PARTS_DANE ")"
#define PARTS_OF_CAUSES_VALUES(query) FILTER_VALUES(query), (int)(query)->parts

/* A sum that may exceed 63 bits, as two columns, because sum() would overflow. */
#define SUM(column) "sum(" column " / 1073741824), sum(" column " %% 1073741824)"
/* The same for verified reports only. */
#define SUM_VERIFIED(column) SUM(column " * verified")

/* Combines those two columns; the result is capped at 2^63-1. */
apr_int64_t tlsrpt_query_sum(const char *const *columns);

/* Begins a read transaction with a single snapshot of the database, until tlsrpt_query_end. filter
 * may be NULL. */
const char *tlsrpt_query_begin(tlsrpt_query *query, mta_sts_database *db,
                               const tlsrpt_filter *filter, apr_pool_t *p);
const char *tlsrpt_query_end(tlsrpt_query *query, const char *error);

/* Reads the totals of one domain, or with id 0 of all domains; the lists are empty.
 *
 * @param domain out; domain->domain is not set
 */
const char *tlsrpt_query_totals(const tlsrpt_query *query, long long id, tlsrpt_domain *domain);

/* Adds days, senders, causes and seen policies. With id 0, lists that are not stored for all
 * domains together remain empty. */
const char *tlsrpt_query_details(const tlsrpt_query *query, long long id, tlsrpt_domain *domain);

/* Reads the first reasons of each cause of a domain, sorted.
 *
 * @param visit called for each with the numbers of the cause (verified, type of policy, result
 * type, MX) and the reason, as core/database/database.h calls it
 */
const char *tlsrpt_query_reasons(const tlsrpt_query *query, long long id,
                                 mta_sts_database_row *visit, void *baton);

/* The MTA-STS policies that the senders of each cause of a domain applied (tlsrpt_cause.policies);
 * visit is called in the same way. */
const char *tlsrpt_query_applied(const tlsrpt_query *query, long long id,
                                 mta_sts_database_row *visit, void *baton);

/* A domain with its number. */
typedef struct tlsrpt_query_domain {
    long long id;
    const char *name;
} tlsrpt_query_domain;

/* Domains in the order of tlsrpt_summary.
 *
 * @param list out: array of tlsrpt_query_domain
 */
const char *tlsrpt_query_domains(const tlsrpt_query *query, int max, apr_array_header_t **list);

/* The text in a column, "" for NULL, allocated from p. */
static inline const char *tlsrpt_query_text(apr_pool_t *p, const char *column)
{
    return mta_sts_database_text(p, column);
}

#endif
