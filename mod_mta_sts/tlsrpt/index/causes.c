/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/query.h"

#include <stddef.h>
#include <string.h>

#include "tlsrpt/report/result_type.h"

/* The numbers of a cause, by which its reasons and policies are found. */
typedef struct cause_key {
    long long domain, kind[4]; /* verified, type of policy, result type, MX */
} cause_key;

typedef struct causes {
    apr_array_header_t *list; /* of tlsrpt_index_cause */
    apr_array_header_t *keys; /* of cause_key, in the same order */
    long long domain;         /* the domain whose strings are being read */
    apr_size_t texts;         /* offset of the member of tlsrpt_cause to which strings are added */
} causes;

static long long number_in(const char *column)
{
    return (long long)mta_sts_database_number(column);
}

static int push_cause(void *baton, const char *const *columns)
{
    causes *found = baton;
    apr_pool_t *p = found->list->pool;
    tlsrpt_index_cause *of_domain = apr_array_push(found->list);
    tlsrpt_cause *cause = &of_domain->cause;
    cause_key *key = apr_array_push(found->keys);
    int i;

    of_domain->domain = tlsrpt_query_text(p, columns[0]);
    cause->result_type = tlsrpt_query_text(p, columns[1]);
    cause->receiving_mx = columns[2] ? apr_pstrdup(p, columns[2]) : NULL;
    cause->policy_type = tlsrpt_query_text(p, columns[3]);
    cause->sessions = tlsrpt_query_sum(columns + 4);
    cause->first = mta_sts_database_number(columns[6]);
    cause->last = mta_sts_database_number(columns[7]);
    cause->is_verified = (int)mta_sts_database_number(columns[8]);
    cause->reasons = apr_array_make(p, 1, sizeof(const char *));
    cause->senders = apr_array_make(p, 1, sizeof(const char *));
    cause->receiving_ips = cause->sending_ips = cause->senders;
    cause->policies = apr_array_make(p, 1, sizeof(const char *));
    for (i = 0; i < 4; i++) {
        key->kind[i] = number_in(columns[8 + i]);
    }
    key->domain = number_in(columns[12]);
    return 1;
}

/* The causes with most sessions are found with the covering index tlsrpt_cause_kind; then their
 * details are joined. */
#define CAUSES(which)                                                                              \
    "SELECT coalesce(d.whole, d.text), coalesce(t.whole, t.text), coalesce(m.whole, m.text),"      \
    " coalesce(p.whole, p.text), high, low, first, last, is_verified, policy_type_id, type_id,"    \
    " mx_id, domain_id FROM (SELECT domain_id, type_id, mx_id, policy_type_id, is_verified,"       \
    " max(total) AS total, sum(sessions / 1073741824) AS high,"                                    \
    " sum(sessions %% 1073741824) AS low, min(nullif(range_begin, 0)) AS first,"                   \
    " max(range_end) AS last FROM (SELECT domain AS domain_id, type AS type_id, mx AS mx_id,"      \
    " policy_type AS policy_type_id, verified AS is_verified, sum(sessions * 1.0) AS total"        \
    " FROM tlsrpt_cause WHERE " which " AND" FILTER_WHERE                                          \
    " GROUP BY domain, type, mx, policy_type, verified ORDER BY 5 DESC, 6 DESC LIMIT %d) k"        \
    " JOIN tlsrpt_cause ON domain = domain_id AND type = type_id AND mx = mx_id"                   \
    " AND policy_type = policy_type_id AND verified = is_verified AND domain > 0 AND" FILTER_WHERE \
    " GROUP BY domain_id, type_id, mx_id, policy_type_id, is_verified) c"                          \
    " JOIN tlsrpt_domain d ON d.id = domain_id JOIN tlsrpt_string t ON t.id = type_id"             \
    " JOIN tlsrpt_string p ON p.id = policy_type_id LEFT JOIN tlsrpt_string m ON m.id = mx_id"     \
    " ORDER BY is_verified DESC, total DESC, 1, 2, 3, 4"

static const char *find_causes(const tlsrpt_query *query, int max, causes *found)
{
    return query->has_domain
               ? mta_sts_database_rows(query->db, CAUSES("domain = %lld AND domain > 0"),
                                       push_cause, found, query->domain, FILTER_VALUES(query), max,
                                       FILTER_VALUES(query))
               : mta_sts_database_rows(query->db, CAUSES("domain > 0"), push_cause, found,
                                       FILTER_VALUES(query), max, FILTER_VALUES(query));
}

/* Adds a string to a cause of a domain; ignores causes that are not listed. */
static int push_text(void *baton, const char *const *columns)
{
    const causes *found = baton;
    int i, k;

    for (i = 0; i < found->keys->nelts; i++) {
        const cause_key *key = &APR_ARRAY_IDX(found->keys, i, cause_key);

        for (k = 0; k < 4 && key->kind[k] == number_in(columns[k]); k++) {
        }
        if (k == 4 && key->domain == found->domain) {
            char *cause = (char *)&APR_ARRAY_IDX(found->list, i, tlsrpt_index_cause).cause;

            APR_ARRAY_PUSH(*(apr_array_header_t **)(cause + found->texts), const char *) =
                tlsrpt_query_text(found->list->pool, columns[4]);
            return 1;
        }
    }
    return 1;
}

/* Whether a domain has a failure at a known MX host that a policy may explain, because the result
 * type is general or a reason may point to the policy. */
static int needs_policies(const causes *found, long long domain)
{
    int i;

    for (i = 0; i < found->keys->nelts; i++) {
        const tlsrpt_cause *cause = &APR_ARRAY_IDX(found->list, i, tlsrpt_index_cause).cause;

        if (APR_ARRAY_IDX(found->keys, i, cause_key).domain == domain && cause->receiving_mx &&
            (cause->reasons->nelts ||
             tlsrpt_result_type_is_general(tlsrpt_result_type_of(cause->result_type)))) {
            return 1;
        }
    }
    return 0;
}

static const char *find_texts_of(const tlsrpt_query *query, causes *found, long long domain)
{
    const char *error;

    found->domain = domain;
    found->texts = offsetof(tlsrpt_cause, reasons);
    error = tlsrpt_query_reasons(query, domain, push_text, found);
    if (!error && needs_policies(found, domain)) {
        found->texts = offsetof(tlsrpt_cause, policies);
        error = tlsrpt_query_applied(query, domain, push_text, found);
    }
    return error;
}

/* Reads the strings of all causes, domain by domain. */
static const char *find_texts(const tlsrpt_query *query, causes *found)
{
    const char *error = NULL;
    int i, k;

    for (i = 0; i < found->keys->nelts && !error; i++) {
        long long domain = APR_ARRAY_IDX(found->keys, i, cause_key).domain;

        for (k = 0; k < i && APR_ARRAY_IDX(found->keys, k, cause_key).domain != domain; k++) {
        }
        if (k == i) {
            error = find_texts_of(query, found, domain);
        }
    }
    return error;
}

const char *tlsrpt_index_causes(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                                int has_reasons, apr_pool_t *p, apr_array_header_t **list)
{
    causes found = {.list = apr_array_make(p, 16, sizeof(tlsrpt_index_cause)),
                    .keys = apr_array_make(p, 16, sizeof(cause_key))};
    tlsrpt_query query;
    const char *error = tlsrpt_query_begin(&query, db, filter, p);

    *list = found.list;
    error = error ? error : find_causes(&query, max, &found);
    if (!error && has_reasons) {
        error = find_texts(&query, &found);
    }
    return tlsrpt_query_end(&query, error);
}
