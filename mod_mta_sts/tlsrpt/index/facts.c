/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/internal.h"

#include <string.h>

#include <apr_strings.h>
#include <openssl/evp.h>

/* The number of rows that any report may have, and how many of its bytes allow one more. */
#define ROWS_MIN 64
#define BYTES_A_ROW 16

/* Texts up to TEXT_SHORT bytes are stored unchanged. Longer ones share TEXT_MIN bytes, plus some
 * for each byte of the report: those of reports that are not compressed always fit. */
#define TEXT_SHORT 64
#define TEXT_MIN 4096
#define TEXT_AN_BYTE 8
#define CUT "\xe2\x80\xa6" /* an ellipsis */

#define KIND_SIZE 32 /* of SHA-256 */

/* How much of a failure is stored. */
typedef enum detail { DETAIL_ALL, DETAIL_MX, DETAIL_TYPE } detail;

typedef struct making {
    tlsrpt_batch *batch;
    apr_pool_t *p;
    EVP_MD_CTX *digest;
    detail detail;
    apr_size_t room;      /* rows that are left */
    apr_size_t text_room; /* bytes of long texts that are left */
    apr_hash_t *texts;    /* long texts of the report -> as stored */
} making;

#define NEED(call)                                                                                 \
    do {                                                                                           \
        const char *error_of_call = (call);                                                        \
        if (error_of_call) {                                                                       \
            return error_of_call;                                                                  \
        }                                                                                          \
    } while (0)

/* A text, shortened if there is no room for it; each time in the same way. */
static const char *shorten(making *m, const char *text)
{
    apr_size_t len = text ? strlen(text) : 0;
    const char *stored;

    if (len <= TEXT_SHORT) {
        return text;
    }
    stored = apr_hash_get(m->texts, text, (apr_ssize_t)len);
    if (!stored) {
        stored = len <= m->text_room
                     ? text
                     : apr_pstrcat(m->p, tlsrpt_string_shorten(m->p, text, TEXT_SHORT), CUT, NULL);
        m->text_room -= stored == text ? len : 0;
        apr_hash_set(m->texts, text, (apr_ssize_t)len, stored);
    }
    return stored;
}

static const char *number_text(making *m, const char *text, long long *number)
{
    return tlsrpt_string_number(m->batch, TLSRPT_STRING, shorten(m, text), number);
}

static const char *number_failure(making *m, const tlsrpt_failure *failure,
                                  tlsrpt_fact_failure *fact)
{
    memset(fact, 0, sizeof(*fact));
    fact->sessions = failure->sessions;
    NEED(number_text(m, failure->result_type, &fact->type));
    if (m->detail <= DETAIL_MX) {
        NEED(number_text(m, failure->receiving_mx, &fact->mx));
    }
    if (m->detail <= DETAIL_ALL) {
        NEED(number_text(m, failure->reason, &fact->reason));
        NEED(number_text(m, failure->receiving_ip, &fact->receiving_ip));
        NEED(number_text(m, failure->sending_ip, &fact->sending_ip));
    }
    return NULL;
}

/* NULL and "" must differ, and NUL ends each part. */
static void add_part(EVP_MD_CTX *digest, const char *part, int is_set)
{
    EVP_DigestUpdate(digest, part && is_set ? "=" : "-", 1);
    if (part && is_set) {
        EVP_DigestUpdate(digest, part, strlen(part) + 1);
    }
}

/* Identifies the kind of a failure: KIND_SIZE bytes, however long the texts are. */
static const unsigned char *kind_of(making *m, const tlsrpt_failure *failure)
{
    unsigned char *kind = apr_palloc(m->p, KIND_SIZE);

    EVP_DigestInit_ex(m->digest, EVP_sha256(), NULL);
    add_part(m->digest, failure->result_type, 1);
    add_part(m->digest, failure->receiving_mx, m->detail <= DETAIL_MX);
    add_part(m->digest, failure->reason, m->detail <= DETAIL_ALL);
    add_part(m->digest, failure->receiving_ip, m->detail <= DETAIL_ALL);
    add_part(m->digest, failure->sending_ip, m->detail <= DETAIL_ALL);
    EVP_DigestFinal_ex(m->digest, kind, NULL);
    return kind;
}

/* The number of kinds in all policies; counting stops just above max. */
static apr_size_t count_kinds(making *m, const tlsrpt_report *report, apr_size_t max)
{
    apr_size_t count = 0;
    int i, k;

    for (i = 0; i < report->policies->nelts && count <= max; i++) {
        const apr_array_header_t *failures =
            APR_ARRAY_IDX(report->policies, i, tlsrpt_policy).failures;
        apr_hash_t *kinds = apr_hash_make(m->p);

        for (k = 0; k < failures->nelts && count <= max; k++) {
            const unsigned char *kind = kind_of(m, &APR_ARRAY_IDX(failures, k, tlsrpt_failure));

            count += !apr_hash_get(kinds, kind, KIND_SIZE);
            apr_hash_set(kinds, kind, KIND_SIZE, kind);
        }
    }
    return count;
}

/* Chooses as much detail as there is room for; most reports have few failures and need no
 * counting. */
static void choose_detail(making *m, const tlsrpt_report *report)
{
    apr_size_t failures = 0;
    int i;

    for (i = 0; i < report->policies->nelts; i++) {
        failures += (apr_size_t)APR_ARRAY_IDX(report->policies, i, tlsrpt_policy).failures->nelts;
    }
    for (m->detail = DETAIL_ALL; failures > m->room && m->detail < DETAIL_TYPE; m->detail++) {
        if (count_kinds(m, report, m->room) <= m->room) {
            break;
        }
    }
}

static const char *make_failures(making *m, const tlsrpt_policy *policy, tlsrpt_fact_policy *fact)
{
    apr_hash_t *kinds = apr_hash_make(m->p);
    int i;

    fact->failures = apr_array_make(m->p, 4, sizeof(tlsrpt_fact_failure));
    for (i = 0; i < policy->failures->nelts; i++) {
        const tlsrpt_failure *failure = &APR_ARRAY_IDX(policy->failures, i, tlsrpt_failure);
        const unsigned char *kind = kind_of(m, failure);
        const int *known = apr_hash_get(kinds, kind, KIND_SIZE);
        int at = known ? *known : fact->failures->nelts;
        tlsrpt_fact_failure *row;

        if (!known && m->room == 0 && at > 0) {
            at--; /* the last row gets the rest */
        }
        else if (!known) {
            NEED(number_failure(m, failure, apr_array_push(fact->failures)));
            APR_ARRAY_IDX(fact->failures, at, tlsrpt_fact_failure).sessions = 0;
            apr_hash_set(kinds, kind, KIND_SIZE, apr_pmemdup(m->p, &at, sizeof(at)));
            m->room -= m->room > 0;
        }
        row = &APR_ARRAY_IDX(fact->failures, at, tlsrpt_fact_failure);
        row->sessions = tlsrpt_count_add(row->sessions, failure->sessions);
    }
    return NULL;
}

static const char *make_policy(making *m, const tlsrpt_policy *policy, apr_hash_t *domains,
                               tlsrpt_fact_policy *fact)
{
    const char *domain = policy->domain ? shorten(m, policy->domain) : "";
    const char *seen = policy->policy->nelts ? apr_array_pstrcat(m->p, policy->policy, '\n') : "";

    fact->is_first = !apr_hash_get(domains, domain, APR_HASH_KEY_STRING);
    apr_hash_set(domains, domain, APR_HASH_KEY_STRING, domain);
    fact->successful = policy->successful;
    fact->failed = policy->failed;
    NEED(tlsrpt_string_number(m->batch, TLSRPT_STRING_DOMAIN, domain, &fact->domain));
    NEED(number_text(m, policy->type, &fact->type));
    NEED(number_text(m, seen, &fact->seen));
    return make_failures(m, policy, fact);
}

/* Adds the sessions of a policy for which there is no room to those of the last one. */
static void merge_policy(const tlsrpt_policy *policy, tlsrpt_fact_policy *last)
{
    last->successful = tlsrpt_count_add(last->successful, policy->successful);
    last->failed = tlsrpt_count_add(last->failed, policy->failed);
}

static const char *make_policies(making *m, const tlsrpt_report *report, tlsrpt_facts *facts)
{
    apr_array_header_t *policies = facts->policies;
    apr_hash_t *domains = apr_hash_make(m->p);
    int i, max = (int)(m->room / 2);

    m->room -= (apr_size_t)(report->policies->nelts < max ? report->policies->nelts : max);
    choose_detail(m, report);
    for (i = 0; i < report->policies->nelts; i++) {
        const tlsrpt_policy *policy = &APR_ARRAY_IDX(report->policies, i, tlsrpt_policy);

        if (i < max) {
            NEED(make_policy(m, policy, domains, apr_array_push(policies)));
        }
        else {
            merge_policy(policy, &APR_ARRAY_IDX(policies, max - 1, tlsrpt_fact_policy));
        }
    }
    return NULL;
}

const char *tlsrpt_facts_of(tlsrpt_batch *batch, const tlsrpt_report *report, int verified,
                            apr_size_t len, tlsrpt_facts *facts)
{
    making m = {.batch = batch,
                .p = batch->ptemp,
                .digest = EVP_MD_CTX_new(),
                .room = ROWS_MIN + len / BYTES_A_ROW,
                .text_room = TEXT_MIN + len * TEXT_AN_BYTE,
                .texts = apr_hash_make(batch->ptemp)};
    const char *error;

    facts->begin = report->begin;
    facts->end = report->end;
    facts->verified = verified;
    facts->policies = apr_array_make(m.p, report->policies->nelts, sizeof(tlsrpt_fact_policy));
    error = tlsrpt_string_number(batch, TLSRPT_STRING_ORGANIZATION,
                                 shorten(&m, report->organization), &facts->organization);
    error = error ? error : make_policies(&m, report, facts);
    EVP_MD_CTX_free(m.digest);
    return error;
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

/* n counts from 0 without gaps, as the policies are ordered. */
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
