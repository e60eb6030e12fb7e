/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/query.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#define SAMPLES_MAX 5 /* reasons and addresses of one cause */
/* Maximum number of all names, reasons and addresses in the lists of one domain. */
#define NAMES_MAX 20000

#define NUMBERS 4 /* that identify a row; a seen policy has three, and 0 as the last one */

/* Rows that can be looked up by the numbers that identify them. */
typedef struct rows {
    const tlsrpt_query *query;
    apr_array_header_t *list;
    apr_hash_t *by_key; /* row_key -> index in the list */
} rows;

typedef struct row_key {
    long long numbers[NUMBERS];
} row_key;

/* The first columns identify a row. */
static row_key key_of(const char *const *columns)
{
    row_key key;
    int i;

    for (i = 0; i < NUMBERS; i++) {
        key.numbers[i] = (long long)mta_sts_database_number(columns[i]);
    }
    return key;
}

static void remember(rows *table, const char *const *columns, int index)
{
    const row_key key = key_of(columns);

    apr_hash_set(table->by_key, apr_pmemdup(table->query->p, &key, sizeof(key)), sizeof(key),
                 apr_pmemdup(table->query->p, &index, sizeof(index)));
}

/* Returns NULL if the row is not in the list. */
static void *recall(const rows *table, const char *const *columns)
{
    const row_key key = key_of(columns);
    const int *index = apr_hash_get(table->by_key, &key, sizeof(key));

    return index ? table->list->elts + *index * table->list->elt_size : NULL;
}

static rows make_rows(const tlsrpt_query *query, apr_array_header_t *list)
{
    rows table = {query, list, apr_hash_make(query->p)};

    return table;
}

static void sort(apr_array_header_t *list, int (*order)(const void *, const void *))
{
    qsort(list->elts, (size_t)list->nelts, (size_t)list->elt_size, order);
}

#define BY_VALUE(type, names)                                                                      \
    static int order_##names(const void *a, const void *b)                                         \
    {                                                                                              \
        return tlsrpt_order_##names((const tlsrpt_##type *)a, (const tlsrpt_##type *)b);           \
    }

BY_VALUE(day, days)
BY_VALUE(sender, senders)
BY_VALUE(cause, causes)
BY_VALUE(seen_policy, seen_policies)

/* --- days and senders --- */

static int take_day(void *baton, const char *const *columns)
{
    tlsrpt_day *day = apr_array_push(baton);

    day->day = mta_sts_database_number(columns[0]) * TLSRPT_DAY;
    day->successful = tlsrpt_query_sum(columns + 1);
    day->failed = tlsrpt_query_sum(columns + 3);
    day->verified_successful = tlsrpt_query_sum(columns + 5);
    day->verified_failed = tlsrpt_query_sum(columns + 7);
    return 1;
}

static const char *find_days(const tlsrpt_query *query, long long id, tlsrpt_domain *domain)
{
    const char *error = mta_sts_database_rows(
        query->db,
        "SELECT day, " SUM("successful") ", " SUM("failed") ", " SUM_VERIFIED(
            "successful") ", " SUM_VERIFIED("failed") " FROM tlsrpt_sum WHERE domain = %lld "
                                                      "AND" PARTS_OF_SUMS
                                                      " GROUP BY day ORDER BY day DESC LIMIT %d",
        take_day, domain->days, id, PARTS_OF_SUMS_VALUES(query), TLSRPT_INDEX_LIST_MAX);

    sort(domain->days, order_days);
    return error;
}

static int take_sender(void *baton, const char *const *columns)
{
    apr_array_header_t *list = baton;
    tlsrpt_sender *sender = apr_array_push(list);

    sender->organization = tlsrpt_query_text(list->pool, columns[0]);
    sender->reports = mta_sts_database_number(columns[1]);
    sender->is_verified = (int)mta_sts_database_number(columns[2]);
    sender->last = mta_sts_database_number(columns[3]);
    sender->successful = tlsrpt_query_sum(columns + 4);
    sender->failed = tlsrpt_query_sum(columns + 6);
    return 1;
}

static const char *find_senders(const tlsrpt_query *query, long long id, tlsrpt_domain *domain)
{
    const char *error = mta_sts_database_rows(
        query->db,
        "SELECT coalesce(w.whole, w.text), reports, verified, last, high, low, failed_high,"
        " failed_low FROM (SELECT organization, verified, sum(reports) AS reports,"
        " max(range_end) AS last,"
        " sum(successful / 1073741824) AS high, sum(successful %% 1073741824) AS low,"
        " sum(failed / 1073741824) AS failed_high, sum(failed %% 1073741824) AS failed_low,"
        " sum(successful * 1.0 + failed * 1.0) AS sessions"
        " FROM tlsrpt_sum WHERE domain = %lld AND" PARTS_OF_SUMS
        " GROUP BY organization, verified) s"
        " JOIN tlsrpt_organization w ON w.id = s.organization"
        " ORDER BY verified DESC, sessions DESC LIMIT %d",
        take_sender, domain->senders, id, PARTS_OF_SUMS_VALUES(query), TLSRPT_INDEX_LIST_MAX);

    sort(domain->senders, order_senders);
    return error;
}

/* --- causes --- */

static int take_cause(void *baton, const char *const *columns)
{
    rows *table = baton;
    apr_pool_t *p = table->query->p;
    tlsrpt_cause *cause = apr_array_push(table->list);

    remember(table, columns, table->list->nelts - 1);
    cause->is_verified = (int)mta_sts_database_number(columns[0]);
    cause->policy_type = tlsrpt_query_text(p, columns[NUMBERS]);
    cause->result_type = tlsrpt_query_text(p, columns[NUMBERS + 1]);
    cause->receiving_mx = columns[NUMBERS + 2] ? apr_pstrdup(p, columns[NUMBERS + 2]) : NULL;
    cause->sessions = tlsrpt_query_sum(columns + NUMBERS + 3);
    cause->first = mta_sts_database_number(columns[NUMBERS + 5]);
    cause->last = mta_sts_database_number(columns[NUMBERS + 6]);
    cause->senders = apr_array_make(p, 1, sizeof(const char *));
    cause->reasons = apr_array_make(p, 1, sizeof(const char *));
    cause->receiving_ips = apr_array_make(p, 1, sizeof(const char *));
    cause->sending_ips = apr_array_make(p, 1, sizeof(const char *));
    return 1;
}

/* Strings of causes or seen policies: the list of a row to which they are added, and their
 * query. */
typedef struct texts {
    const rows *table;
    apr_size_t list; /* offset of the list in a row */
} texts;

static int take_text(void *baton, const char *const *columns)
{
    const texts *which = baton;
    char *row = recall(which->table, columns);

    if (row) {
        apr_array_header_t *list = *(apr_array_header_t **)(row + which->list);

        APR_ARRAY_PUSH(list, const char *) =
            tlsrpt_query_text(which->table->query->p, columns[NUMBERS]);
    }
    return 1;
}

/* The first strings of each cause, sorted. */
#define SAMPLES(column, table)                                                                     \
    "SELECT verified, policy_type, type, mx, text FROM"                                            \
    " (SELECT verified, policy_type, type, mx, coalesce(w.whole, w.text) AS text,"                 \
    " row_number() OVER (PARTITION BY verified, policy_type, type, mx ORDER BY w.text) AS k FROM"  \
    " (SELECT DISTINCT verified, policy_type, type, mx, " column " AS word FROM tlsrpt_cause"      \
    " WHERE domain = %lld AND" PARTS_OF_CAUSES ") d JOIN " table " w ON w.id = d.word) t"          \
    " WHERE k <= %d ORDER BY verified DESC, policy_type, type, mx, k LIMIT %d"

static const struct {
    const char *sql;
    apr_size_t list;
    int max;
    int for_all; /* whether they are also stored for all domains together */
} samples[] = {
    {SAMPLES("organization", "tlsrpt_organization"), offsetof(tlsrpt_cause, senders),
     TLSRPT_INDEX_LIST_MAX, 1},
    {SAMPLES("reason", "tlsrpt_string"), offsetof(tlsrpt_cause, reasons), SAMPLES_MAX, 0},
    {SAMPLES("receiving_ip", "tlsrpt_string"), offsetof(tlsrpt_cause, receiving_ips), SAMPLES_MAX,
     0},
    {SAMPLES("sending_ip", "tlsrpt_string"), offsetof(tlsrpt_cause, sending_ips), SAMPLES_MAX, 0},
};

static const char *find_samples(const tlsrpt_query *query, long long id, const rows *table)
{
    const char *error = NULL;
    apr_size_t i;

    for (i = 0; i < sizeof(samples) / sizeof(samples[0]) && !error; i++) {
        texts which = {table, samples[i].list};

        if (id || samples[i].for_all) {
            error = mta_sts_database_rows(query->db, samples[i].sql, take_text, &which, id,
                                          PARTS_OF_CAUSES_VALUES(query), samples[i].max, NAMES_MAX);
        }
    }
    return error;
}

const char *tlsrpt_query_reasons(const tlsrpt_query *query, long long id,
                                 mta_sts_database_row *visit, void *baton)
{
    return mta_sts_database_rows(query->db, SAMPLES("reason", "tlsrpt_string"), visit, baton, id,
                                 PARTS_OF_CAUSES_VALUES(query), SAMPLES_MAX, NAMES_MAX);
}

/* The MTA-STS policies that the senders of each cause applied, the latest first: the same ones that
 * tlsrpt_domain_join_policies finds when the details of a domain are read. */
#define OF_STS                                                                                     \
    " FROM tlsrpt_sum WHERE domain = %lld AND type = (SELECT id FROM tlsrpt_string WHERE text ="   \
    " 'sts') AND" FILTER_WHERE
#define APPLIED                                                                                    \
    "SELECT verified, policy_type, type, mx, text FROM"                                            \
    " (SELECT c.verified, c.policy_type, c.type, c.mx, coalesce(w.whole, w.text) AS text,"         \
    " row_number() OVER (PARTITION BY c.verified, c.policy_type, c.type, c.mx"                     \
    " ORDER BY s.last DESC, s.sessions DESC, w.text) AS k FROM"                                    \
    " (SELECT DISTINCT a.verified, a.policy_type, a.type, a.mx, b.seen FROM"                       \
    " (SELECT DISTINCT verified, policy_type, type, mx, organization FROM tlsrpt_cause"            \
    " WHERE domain = %lld AND" FILTER_WHERE ") a JOIN (SELECT DISTINCT verified, organization,"    \
    " seen" OF_STS ") b ON b.verified = a.verified AND b.organization = a.organization) c"         \
    " JOIN (SELECT verified, seen, max(range_end) AS last,"                                        \
    " sum(successful * 1.0 + failed * 1.0) AS sessions" OF_STS " GROUP BY verified, seen) s"       \
    " ON s.verified = c.verified AND s.seen = c.seen"                                              \
    " JOIN tlsrpt_string w ON w.id = c.seen WHERE w.text <> '') t"                                 \
    " WHERE k <= %d ORDER BY verified DESC, policy_type, type, mx, k LIMIT %d"

const char *tlsrpt_query_applied(const tlsrpt_query *query, long long id,
                                 mta_sts_database_row *visit, void *baton)
{
    return mta_sts_database_rows(query->db, APPLIED, visit, baton, id, FILTER_VALUES(query), id,
                                 FILTER_VALUES(query), id, FILTER_VALUES(query),
                                 TLSRPT_CAUSE_POLICIES_MAX, NAMES_MAX);
}

static const char *find_causes(const tlsrpt_query *query, long long id, tlsrpt_domain *domain)
{
    rows table = make_rows(query, domain->causes);
    const char *error = mta_sts_database_rows(
        query->db,
        "SELECT c.verified, c.policy_type, c.type, c.mx, coalesce(p.whole, p.text), "
        "coalesce(t.whole, t.text),"
        " coalesce(m.whole, m.text), high, low, first, last"
        " FROM (SELECT verified, policy_type, type, mx, sum(sessions / 1073741824) AS high,"
        " sum(sessions %% 1073741824) AS low, min(nullif(range_begin, 0)) AS first,"
        " max(range_end) AS last, sum(sessions * 1.0) AS sessions"
        " FROM tlsrpt_cause WHERE domain = %lld AND" PARTS_OF_CAUSES
        " GROUP BY verified, policy_type, type, mx) c"
        " JOIN tlsrpt_string p ON p.id = c.policy_type JOIN tlsrpt_string t ON t.id = c.type LEFT "
        "JOIN "
        "tlsrpt_string m ON m.id = c.mx"
        " ORDER BY c.verified DESC, c.sessions DESC LIMIT %d",
        take_cause, &table, id, PARTS_OF_CAUSES_VALUES(query), TLSRPT_INDEX_CAUSES_MAX);

    if (!error && domain->causes->nelts) {
        error = find_samples(query, id, &table);
    }
    sort(domain->causes, order_causes);
    return error;
}

/* --- seen policies --- */

static int take_seen(void *baton, const char *const *columns)
{
    rows *table = baton;
    apr_pool_t *p = table->query->p;
    tlsrpt_seen_policy *seen = apr_array_push(table->list);

    remember(table, columns, table->list->nelts - 1);
    seen->is_verified = (int)mta_sts_database_number(columns[0]);
    seen->type = tlsrpt_query_text(p, columns[NUMBERS]);
    seen->policy = tlsrpt_query_text(p, columns[NUMBERS + 1]);
    seen->sessions = tlsrpt_count_add(tlsrpt_query_sum(columns + NUMBERS + 2),
                                      tlsrpt_query_sum(columns + NUMBERS + 4));
    seen->last = mta_sts_database_number(columns[NUMBERS + 6]);
    seen->senders = apr_array_make(p, 1, sizeof(const char *));
    return 1;
}

static const char *find_seen_by(const tlsrpt_query *query, long long id, const rows *table)
{
    texts which = {table, offsetof(tlsrpt_seen_policy, senders)};

    return mta_sts_database_rows(
        query->db,
        "SELECT verified, type, seen, 0, coalesce(w.whole, w.text)"
        " FROM (SELECT DISTINCT verified, type, seen, organization FROM tlsrpt_sum WHERE domain = "
        "%lld AND" PARTS_OF_SUMS ") d"
        " JOIN tlsrpt_organization w ON w.id = d.organization ORDER BY w.text LIMIT %d",
        take_text, &which, id, PARTS_OF_SUMS_VALUES(query), NAMES_MAX);
}

static const char *find_seen(const tlsrpt_query *query, long long id, tlsrpt_domain *domain)
{
    rows table = make_rows(query, domain->seen);
    const char *error = mta_sts_database_rows(
        query->db,
        "SELECT s.verified, s.type, s.seen, 0, coalesce(t.whole, t.text), coalesce(p.whole, "
        "p.text), high, low,"
        " failed_high, failed_low, last FROM (SELECT verified, type, seen,"
        " sum(successful / 1073741824) AS high, sum(successful %% 1073741824) AS low,"
        " sum(failed / 1073741824) AS failed_high, sum(failed %% 1073741824) AS failed_low,"
        " max(range_end) AS last FROM tlsrpt_sum WHERE domain = %lld AND" PARTS_OF_SUMS
        " GROUP BY verified, type, seen) s JOIN tlsrpt_string t ON t.id = s.type"
        " JOIN tlsrpt_string p ON p.id = s.seen"
        " ORDER BY verified DESC, last DESC LIMIT %d",
        take_seen, &table, id, PARTS_OF_SUMS_VALUES(query), TLSRPT_INDEX_LIST_MAX);

    if (!error && domain->seen->nelts) {
        error = find_seen_by(query, id, &table);
    }
    sort(domain->seen, order_seen_policies);
    return error;
}

const char *tlsrpt_query_details(const tlsrpt_query *query, long long id, tlsrpt_domain *domain)
{
    const char *error = find_days(query, id, domain);

    if (!error) {
        error = find_senders(query, id, domain);
    }
    if (!error) {
        error = find_causes(query, id, domain);
    }
    if (!error && id) {
        error = find_seen(query, id, domain);
        tlsrpt_domain_join_policies(query->p, domain);
    }
    return error;
}
