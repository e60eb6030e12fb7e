/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/internal.h"

#include <string.h>

#include <apr_strings.h>
#define NEED(call)                                                                                 \
    do {                                                                                           \
        const char *error_of_call = (call);                                                        \
        if (error_of_call) {                                                                       \
            return error_of_call;                                                                  \
        }                                                                                          \
    } while (0)

static const char *number_text(tlsrpt_batch *batch, const char *text, long long *number)
{
    return tlsrpt_string_number(batch, TLSRPT_STRING, text, number);
}

static const char *make_failures(tlsrpt_batch *batch, const apr_array_header_t *failures,
                                 apr_array_header_t *facts)
{
    int i;

    for (i = 0; i < failures->nelts; i++) {
        const tlsrpt_failure *failure = &APR_ARRAY_IDX(failures, i, tlsrpt_failure);
        tlsrpt_fact_failure *fact = apr_array_push(facts);

        fact->sessions = failure->sessions;
        NEED(number_text(batch, failure->result_type, &fact->type));
        NEED(number_text(batch, failure->receiving_mx, &fact->mx));
        NEED(number_text(batch, failure->reason, &fact->reason));
        NEED(number_text(batch, failure->receiving_ip, &fact->receiving_ip));
        NEED(number_text(batch, failure->sending_ip, &fact->sending_ip));
    }
    return NULL;
}

static const char *make_policy(tlsrpt_batch *batch, const tlsrpt_policy *policy,
                               apr_hash_t *domains, tlsrpt_fact_policy *fact)
{
    const char *domain = policy->domain ? policy->domain : "";
    const char *seen =
        policy->policy->nelts ? apr_array_pstrcat(batch->ptemp, policy->policy, '\n') : "";

    fact->is_first = !apr_hash_get(domains, domain, APR_HASH_KEY_STRING);
    apr_hash_set(domains, domain, APR_HASH_KEY_STRING, domain);
    fact->successful = policy->successful;
    fact->failed = policy->failed;
    fact->failures = apr_array_make(batch->ptemp, 4, sizeof(tlsrpt_fact_failure));
    NEED(tlsrpt_string_number(batch, TLSRPT_STRING_DOMAIN, domain, &fact->domain));
    NEED(number_text(batch, policy->type, &fact->type));
    NEED(number_text(batch, seen, &fact->seen));
    return make_failures(batch, policy->failures, fact->failures);
}

const char *tlsrpt_facts_of(tlsrpt_batch *batch, const tlsrpt_report *report, int verified,
                            tlsrpt_facts *facts)
{
    apr_hash_t *domains = apr_hash_make(batch->ptemp);
    int i;

    facts->begin = report->begin;
    facts->end = report->end;
    facts->verified = verified;
    facts->policies =
        apr_array_make(batch->ptemp, report->policies->nelts, sizeof(tlsrpt_fact_policy));
    NEED(tlsrpt_string_number(batch, TLSRPT_STRING_ORGANIZATION, report->organization,
                              &facts->organization));
    for (i = 0; i < report->policies->nelts; i++) {
        NEED(make_policy(batch, &APR_ARRAY_IDX(report->policies, i, tlsrpt_policy), domains,
                         apr_array_push(facts->policies)));
    }
    return NULL;
}

/* --- to the database --- */

static const char *insert_failures(tlsrpt_batch *batch, long long report, int n,
                                   const apr_array_header_t *failures)
{
    const char *error = NULL;
    int k;

    for (k = 0; k < failures->nelts && !error; k++) {
        const tlsrpt_fact_failure *failure = &APR_ARRAY_IDX(failures, k, tlsrpt_fact_failure);

        error = mta_sts_database_run(
            batch->db,
            "INSERT INTO tlsrpt_failure (report, n, k, type, mx, reason, receiving_ip,"
            " sending_ip, sessions)"
            " VALUES (%lld, %d, %d, %lld, %lld, %lld, %lld, %lld, %lld)",
            report, n, k, failure->type, failure->mx, failure->reason, failure->receiving_ip,
            failure->sending_ip, (long long)failure->sessions);
    }
    return error;
}

const char *tlsrpt_facts_store(tlsrpt_batch *batch, long long report, long long received,
                               const tlsrpt_facts *facts)
{
    const char *error = NULL;
    int n;

    for (n = 0; n < facts->policies->nelts && !error; n++) {
        const tlsrpt_fact_policy *policy = &APR_ARRAY_IDX(facts->policies, n, tlsrpt_fact_policy);

        error = mta_sts_database_run(
            batch->db,
            "INSERT INTO tlsrpt_policy (report, n, domain, is_first, received, type, seen,"
            " successful, failed)"
            " VALUES (%lld, %d, %lld, %d, %lld, %lld, %lld, %lld, %lld)",
            report, n, policy->domain, policy->is_first, received, policy->type, policy->seen,
            (long long)policy->successful, (long long)policy->failed);
        if (!error) {
            error = insert_failures(batch, report, n, policy->failures);
        }
    }
    return error;
}

/* --- from the database --- */

static long long number(const char *column)
{
    return (long long)mta_sts_database_number(column);
}

static int take_report(void *baton, const char *const *columns)
{
    tlsrpt_facts *facts = baton;

    facts->organization = number(columns[0]);
    facts->verified = (int)number(columns[1]);
    facts->begin = number(columns[2]);
    facts->end = number(columns[3]);
    return 0;
}

static int take_policy(void *baton, const char *const *columns)
{
    tlsrpt_facts *facts = baton;
    tlsrpt_fact_policy *fact = apr_array_push(facts->policies);

    fact->domain = number(columns[0]);
    fact->is_first = (int)number(columns[1]);
    fact->type = number(columns[2]);
    fact->seen = number(columns[3]);
    fact->successful = number(columns[4]);
    fact->failed = number(columns[5]);
    fact->failures = apr_array_make(facts->policies->pool, 1, sizeof(tlsrpt_fact_failure));
    return 1;
}

/* n counts the policies from 0, in order and without gaps. */
static int take_failure(void *baton, const char *const *columns)
{
    tlsrpt_facts *facts = baton;
    int n = (int)number(columns[0]);
    tlsrpt_fact_failure *fact;

    if (n < 0 || n >= facts->policies->nelts) {
        return 1;
    }
    fact = apr_array_push(APR_ARRAY_IDX(facts->policies, n, tlsrpt_fact_policy).failures);
    fact->type = number(columns[1]);
    fact->mx = number(columns[2]);
    fact->reason = number(columns[3]);
    fact->receiving_ip = number(columns[4]);
    fact->sending_ip = number(columns[5]);
    fact->sessions = number(columns[6]);
    return 1;
}

const char *tlsrpt_facts_load(tlsrpt_batch *batch, long long report, tlsrpt_facts *facts)
{
    mta_sts_database *db = batch->db;

    memset(facts, 0, sizeof(*facts));
    facts->policies = apr_array_make(batch->ptemp, 1, sizeof(tlsrpt_fact_policy));
    NEED(mta_sts_database_rows(db,
                               "SELECT organization, verified, range_begin, range_end"
                               " FROM tlsrpt_report WHERE id = %lld",
                               take_report, facts, report));
    NEED(mta_sts_database_rows(db,
                               "SELECT domain, is_first, type, seen, successful, failed"
                               " FROM tlsrpt_policy WHERE report = %lld ORDER BY n",
                               take_policy, facts, report));
    return mta_sts_database_rows(db,
                                 "SELECT n, type, mx, reason, receiving_ip, sending_ip, sessions"
                                 " FROM tlsrpt_failure WHERE report = %lld ORDER BY n, k",
                                 take_failure, facts, report);
}
