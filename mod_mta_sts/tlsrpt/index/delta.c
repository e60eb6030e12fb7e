/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/internal.h"

#include <string.h>

#include <apr_strings.h>

/*
 * The changes that a batch makes to the sums. They are collected in memory, so that a row that many
 * reports of the batch change is written only once. Additions and subtractions are separate,
 * because a sum that has reached its cap of 2^63-1 cannot be decreased by a difference.
 */

#define KEY_MAX 10

typedef struct amount {
    apr_int64_t parts, reports, successful, failed; /* for a cause only parts, and failed, which
                                                       contains its sessions */
} amount;

/* A row of tlsrpt_sum or tlsrpt_cause. */
typedef struct delta {
    long long key[KEY_MAX]; /* in the order of its primary key */
    amount plus, minus;
    apr_time_t begin, end; /* the time range of the reports that are added */
} delta;

/* The rows of a domain (0: of all domains together), a day and an organization. */
typedef struct group {
    long long domain, last_day, organization, third; /* third: the third column of the key; the day
                                                        of a sum */
} group;

#define MAX "9223372036854775807"
/* A sum that is capped at the largest number. */
#define ADD(column)                                                                                \
    column " = CASE WHEN s." column " > " MAX " - excluded." column " THEN " MAX " ELSE s." column \
           " + excluded." column " END"
/* A time of 0 is not specified. */
#define WIDEN                                                                                      \
    "range_begin = CASE WHEN s.range_begin = 0 OR (excluded.range_begin > 0 AND"                   \
    " excluded.range_begin < s.range_begin) THEN excluded.range_begin ELSE s.range_begin END,"     \
    " range_end = CASE WHEN excluded.range_end > s.range_end THEN excluded.range_end"              \
    " ELSE s.range_end END"
/* A sum that has reached its cap stays there; the same value is bound twice. */
#define TAKE(column)                                                                               \
    column " = CASE WHEN " column " = " MAX " THEN " column " WHEN " column                        \
           " < %lld THEN 0 ELSE " column " - %lld END"

#define SUM_KEY "domain, last_day, day, organization, type, seen, verified"
#define SUM_IS                                                                                     \
    " WHERE domain = %lld AND last_day = %lld AND day = %lld AND organization = %lld"              \
    " AND type = %lld AND seen = %lld AND verified = %lld"
#define CAUSE_KEY                                                                                  \
    "domain, last_day, organization, policy_type, type, mx, reason, receiving_ip, sending_ip,"     \
    " verified"
#define CAUSE_IS                                                                                   \
    " WHERE domain = %lld AND last_day = %lld AND organization = %lld AND policy_type = %lld"      \
    " AND type = %lld AND mx = %lld AND reason = %lld AND receiving_ip = %lld"                     \
    " AND sending_ip = %lld AND verified = %lld"

/* --- collecting --- */

static delta *find_delta(tlsrpt_batch *batch, apr_hash_t *table, const long long key[KEY_MAX])
{
    delta *row = apr_hash_get(table, key, sizeof(row->key));

    if (!row) {
        row = apr_pcalloc(batch->p, sizeof(*row));
        memcpy(row->key, key, sizeof(row->key));
        apr_hash_set(table, row->key, sizeof(row->key), row);
    }
    return row;
}

static void add_amount(amount *sum, const amount *more)
{
    sum->parts += more->parts;
    sum->reports += more->reports;
    sum->successful = tlsrpt_count_add(sum->successful, more->successful);
    sum->failed = tlsrpt_count_add(sum->failed, more->failed);
}

static void change(delta *row, const tlsrpt_facts *facts, const amount *by, int is_more)
{
    add_amount(is_more ? &row->plus : &row->minus, by);
    if (!is_more) {
        return;
    }
    if (facts->begin > 0 && (row->begin == 0 || facts->begin < row->begin)) {
        row->begin = facts->begin;
    }
    if (facts->end > row->end) {
        row->end = facts->end;
    }
}

/* In the sums of all domains, a report counts once, and seen policies are not recorded. */
static void change_sums(tlsrpt_batch *batch, const tlsrpt_facts *facts,
                        const tlsrpt_fact_policy *policy, int is_first, int is_more)
{
    const long long last_day = tlsrpt_last_day_of(facts->end), day = tlsrpt_day_of(facts->begin);
    const long long of_domain[KEY_MAX] = {policy->domain,      last_day,     day,
                                          facts->organization, policy->type, policy->seen,
                                          facts->verified};
    const long long of_all[KEY_MAX] = {0, last_day,       day, facts->organization, 0,
                                       0, facts->verified};
    amount by = {1, policy->is_first, policy->successful, policy->failed};

    change(find_delta(batch, batch->sums, of_domain), facts, &by, is_more);
    by.reports = is_first;
    change(find_delta(batch, batch->sums, of_all), facts, &by, is_more);
}

static void change_causes(tlsrpt_batch *batch, const tlsrpt_facts *facts,
                          const tlsrpt_fact_policy *policy, const tlsrpt_fact_failure *failure,
                          int is_more)
{
    const long long last_day = tlsrpt_last_day_of(facts->end);
    const long long of_domain[KEY_MAX] = {
        policy->domain,      last_day,       facts->organization, policy->type,
        failure->type,       failure->mx,    failure->reason,     failure->receiving_ip,
        failure->sending_ip, facts->verified};
    const long long of_all[KEY_MAX] = {
        0, last_day, facts->organization, policy->type, failure->type, failure->mx, 0,
        0, 0,        facts->verified};
    const amount by = {1, 0, 0, failure->sessions};

    change(find_delta(batch, batch->causes, of_domain), facts, &by, is_more);
    change(find_delta(batch, batch->causes, of_all), facts, &by, is_more);
}

/* A report without policies counts only in the sums of all domains. */
static void change_empty(tlsrpt_batch *batch, const tlsrpt_facts *facts, int is_more)
{
    const long long key[KEY_MAX] = {0,
                                    tlsrpt_last_day_of(facts->end),
                                    tlsrpt_day_of(facts->begin),
                                    facts->organization,
                                    0,
                                    0,
                                    facts->verified};
    const amount by = {1, 1, 0, 0};

    change(find_delta(batch, batch->sums, key), facts, &by, is_more);
}

static void change_all(tlsrpt_batch *batch, const tlsrpt_facts *facts, int is_more)
{
    int i, k;

    for (i = 0; i < facts->policies->nelts; i++) {
        const tlsrpt_fact_policy *policy = &APR_ARRAY_IDX(facts->policies, i, tlsrpt_fact_policy);

        change_sums(batch, facts, policy, i == 0, is_more);
        for (k = 0; k < policy->failures->nelts; k++) {
            change_causes(batch, facts, policy,
                          &APR_ARRAY_IDX(policy->failures, k, tlsrpt_fact_failure), is_more);
        }
    }
    if (facts->policies->nelts == 0) {
        change_empty(batch, facts, is_more);
    }
}

void tlsrpt_delta_add(tlsrpt_batch *batch, const tlsrpt_facts *facts)
{
    change_all(batch, facts, 1);
}

void tlsrpt_delta_subtract(tlsrpt_batch *batch, const tlsrpt_facts *facts)
{
    change_all(batch, facts, 0);
}

/* --- writing --- */

#define LL(number) ((long long)(number))
#define TWICE(number) LL(number), LL(number)

static const char *add_to_sum(mta_sts_database *db, const delta *row)
{
    const long long *key = row->key;
    const amount *by = &row->plus;

    return mta_sts_database_run(
        db,
        "INSERT INTO tlsrpt_sum AS s (" SUM_KEY ", parts, reports, successful, failed,"
        " range_begin, range_end) VALUES (%lld, %lld, %lld, %lld, %lld, %lld,"
        " %lld, %lld, %lld, %lld, %lld, %lld, %lld)"
        " ON CONFLICT (" SUM_KEY ") DO UPDATE SET parts = s.parts + excluded.parts,"
        " reports = s.reports + excluded.reports, " ADD("successful") ", " ADD("failed") ", " WIDEN,
        key[0], key[1], key[2], key[3], key[4], key[5], key[6], LL(by->parts), LL(by->reports),
        LL(by->successful), LL(by->failed), LL(row->begin), LL(row->end));
}

static const char *take_from_sum(mta_sts_database *db, const delta *row)
{
    const long long *key = row->key;
    const amount *by = &row->minus;

    return mta_sts_database_run(
        db,
        "UPDATE tlsrpt_sum SET parts = parts - %lld, reports = reports - %lld, " TAKE(
            "successful") ", " TAKE("failed") SUM_IS,
        LL(by->parts), LL(by->reports), TWICE(by->successful), TWICE(by->failed), key[0], key[1],
        key[2], key[3], key[4], key[5], key[6]);
}

static const char *delete_sums(mta_sts_database *db, const group *emptied)
{
    return mta_sts_database_run(db,
                                "DELETE FROM tlsrpt_sum WHERE domain = %lld AND last_day = %lld"
                                " AND day = %lld AND organization = %lld AND parts <= 0",
                                emptied->domain, emptied->last_day, emptied->third,
                                emptied->organization);
}

static const char *add_to_cause(mta_sts_database *db, const delta *row)
{
    const long long *key = row->key;

    return mta_sts_database_run(
        db,
        "INSERT INTO tlsrpt_cause AS s (" CAUSE_KEY ", parts, sessions, range_begin, range_end)"
        " VALUES (%lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld, %lld,"
        " %lld)"
        " ON CONFLICT (" CAUSE_KEY
        ") DO UPDATE SET parts = s.parts + excluded.parts, " ADD("sessions") ", " WIDEN,
        key[0], key[1], key[2], key[3], key[4], key[5], key[6], key[7], key[8], key[9],
        LL(row->plus.parts), LL(row->plus.failed), LL(row->begin), LL(row->end));
}

static const char *take_from_cause(mta_sts_database *db, const delta *row)
{
    const long long *key = row->key;

    return mta_sts_database_run(
        db, "UPDATE tlsrpt_cause SET parts = parts - %lld, " TAKE("sessions") CAUSE_IS,
        LL(row->minus.parts), TWICE(row->minus.failed), key[0], key[1], key[2], key[3], key[4],
        key[5], key[6], key[7], key[8], key[9]);
}

static const char *delete_causes(mta_sts_database *db, const group *emptied)
{
    return mta_sts_database_run(db,
                                "DELETE FROM tlsrpt_cause WHERE domain = %lld AND last_day = %lld"
                                " AND organization = %lld AND parts <= 0",
                                emptied->domain, emptied->last_day, emptied->organization);
}

typedef const char *writer(mta_sts_database *db, const delta *row);
typedef const char *deleter(mta_sts_database *db, const group *emptied);

/* How the rows of a table are written. organization, verified: their positions in the key, which
 * begins with domain and day. */
typedef struct written_table {
    writer *add, *take;
    deleter *delete_empty;
    int organization, verified;
} written_table;

static const written_table sum_table = {add_to_sum, take_from_sum, delete_sums, 3, 6};
static const written_table cause_table = {add_to_cause, take_from_cause, delete_causes, 2, 9};

static const char *write_row(tlsrpt_batch *batch, const written_table *table, delta *row)
{
    long long *key = row->key;
    const char *error = NULL;

    apr_hash_set(batch->domains, &key[0], sizeof(key[0]), row);
    key[table->verified] = tlsrpt_apart_verified(batch, key[0], key[1], key[table->organization],
                                                 key[table->verified]);
    if (row->plus.parts) {
        error = table->add(batch->db, row);
    }
    if (!error && row->minus.parts) {
        error = table->take(batch->db, row);
    }
    return error;
}

static void note_emptied(tlsrpt_batch *batch, const written_table *table, const delta *row,
                         apr_hash_t *emptied)
{
    const group of = {row->key[0], row->key[1], row->key[table->organization], row->key[2]};

    if (row->minus.parts && !apr_hash_get(emptied, &of, sizeof(of))) {
        apr_hash_set(emptied, apr_pmemdup(batch->p, &of, sizeof(of)), sizeof(of), row);
    }
}

/* Rows that have become empty are deleted at the end, by one statement for thousands of them. */
static const char *write_table(tlsrpt_batch *batch, apr_hash_t *rows, const written_table *table)
{
    apr_hash_t *emptied = apr_hash_make(batch->p);
    apr_hash_index_t *at;
    const char *error = NULL;

    for (at = apr_hash_first(batch->p, rows); at && !error; at = apr_hash_next(at)) {
        delta *row = apr_hash_this_val(at);

        error = write_row(batch, table, row);
        note_emptied(batch, table, row, emptied);
    }
    for (at = apr_hash_first(batch->p, emptied); at && !error; at = apr_hash_next(at)) {
        error = table->delete_empty(batch->db, apr_hash_this_key(at));
    }
    return error;
}

const char *tlsrpt_delta_write(tlsrpt_batch *batch)
{
    const char *error = tlsrpt_apart_load(batch);

    error = error ? error : write_table(batch, batch->sums, &sum_table);
    return error ? error : write_table(batch, batch->causes, &cause_table);
}
