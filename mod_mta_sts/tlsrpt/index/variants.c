/* SPDX-License-Identifier: Apache-2.0 */
/* Changes whether the unverified reports of an identity count, for all of them at once. */
#include "tlsrpt/index/internal.h"

#include <string.h>

#include <apr_strings.h>

/* The number of reports whose facts one statement reads; PostgreSQL's driver holds the whole result
 * in memory. */
#define REPORTS_AT_ONCE 200

static const char before_verified[] = {TLSRPT_VARIANT_VERIFIED, '\0'};
static const char after_verified[] = {TLSRPT_VARIANT_VERIFIED + 1, '\0'};

const char *tlsrpt_variants_from(apr_pool_t *p, const char *key, const char *end)
{
    return apr_psprintf(p, "%.*s%s", TLSRPT_IDENTITY_DIGITS, key, end);
}

const char *tlsrpt_variants_before(apr_pool_t *p, const char *key)
{
    return tlsrpt_variants_from(p, key, after_verified);
}

/* --- the sums --- */

/* The state of reading the reports of one statement, which returns a row for each failure. */
typedef struct reading {
    tlsrpt_batch *batch;
    int is_more;   /* whether they are added to the sums; else they are subtracted */
    apr_pool_t *p; /* cleared after each report */
    long long id;  /* of the current report; 0: none yet */
    long long n;   /* of the last policy of that report; -1: none yet */
    tlsrpt_facts facts;
    char identity[2 * TLSRPT_IDENTITY_DIGITS + 1];
    int reports;
} reading;

static long long number(const char *column)
{
    return (long long)mta_sts_database_number(column);
}

static void end_report(reading *r)
{
    if (r->id) {
        (r->is_more ? tlsrpt_delta_add : tlsrpt_delta_subtract)(r->batch, &r->facts);
    }
    r->id = 0;
}

static void begin_report(reading *r, const char *const *columns)
{
    end_report(r);
    apr_pool_clear(r->p);
    memset(&r->facts, 0, sizeof(r->facts));
    r->id = number(columns[0]);
    r->n = -1;
    apr_cpystrn(r->identity, columns[1], sizeof(r->identity));
    r->reports++;
    r->facts.organization = number(columns[2]);
    r->facts.begin = number(columns[3]);
    r->facts.end = number(columns[4]);
    r->facts.policies = apr_array_make(r->p, 1, sizeof(tlsrpt_fact_policy));
}

static void add_policy(reading *r, const char *const *columns)
{
    tlsrpt_fact_policy *policy = apr_array_push(r->facts.policies);

    r->n = number(columns[5]);
    policy->domain = number(columns[6]);
    policy->is_first = (int)number(columns[7]);
    policy->type = number(columns[8]);
    policy->seen = number(columns[9]);
    policy->successful = number(columns[10]);
    policy->failed = number(columns[11]);
    policy->failures = apr_array_make(r->p, 1, sizeof(tlsrpt_fact_failure));
}

static void add_failure(const tlsrpt_fact_policy *policy, const char *const *columns)
{
    tlsrpt_fact_failure *failure = apr_array_push(policy->failures);

    failure->type = number(columns[12]);
    failure->mx = number(columns[13]);
    failure->reason = number(columns[14]);
    failure->receiving_ip = number(columns[15]);
    failure->sending_ip = number(columns[16]);
    failure->sessions = number(columns[17]);
}

static int take_row(void *baton, const char *const *columns)
{
    reading *r = baton;
    apr_array_header_t *policies;

    if (number(columns[0]) != r->id) {
        begin_report(r, columns);
    }
    policies = r->facts.policies;
    if (columns[5] && number(columns[5]) != r->n) {
        add_policy(r, columns);
    }
    if (columns[12] && policies->nelts) {
        add_failure(&APR_ARRAY_IDX(policies, policies->nelts - 1, tlsrpt_fact_policy), columns);
    }
    return 1;
}

/* Only one report of each variant counts, so the last identity is enough to know where to
 * continue. */
#define COUNTED_REPORTS                                                                            \
    "SELECT r.id, r.identity, r.organization, r.range_begin, r.range_end, p.n, p.domain,"          \
    " p.is_first, p.type, p.seen, p.successful, p.failed, f.type, f.mx, f.reason,"                 \
    " f.receiving_ip, f.sending_ip, f.sessions"                                                    \
    " FROM (SELECT id, identity, organization, range_begin, range_end FROM tlsrpt_report"          \
    " WHERE identity > %s AND identity < %s AND verified = 0 AND state = 0"                        \
    " ORDER BY identity LIMIT %d) r"                                                               \
    " LEFT JOIN tlsrpt_policy p ON p.report = r.id"                                                \
    " LEFT JOIN tlsrpt_failure f ON f.report = p.report AND f.n = p.n"                             \
    " ORDER BY r.identity, p.n, f.k"

/* Adds the unverified reports of an identity that count to the sums, or subtracts them. */
static const char *change_sums(tlsrpt_batch *batch, const char *key, int is_more)
{
    reading r = {.batch = batch, .is_more = is_more, .reports = REPORTS_AT_ONCE};
    const char *before = tlsrpt_variants_from(batch->ptemp, key, before_verified);
    const char *error = NULL;

    apr_cpystrn(r.identity, tlsrpt_variants_from(batch->ptemp, key, ""), sizeof(r.identity));
    apr_pool_create(&r.p, batch->ptemp);
    while (r.reports == REPORTS_AT_ONCE && !error) {
        r.reports = 0;
        error = mta_sts_database_rows(batch->db, COUNTED_REPORTS, take_row, &r, r.identity, before,
                                      REPORTS_AT_ONCE);
        end_report(&r);
    }
    apr_pool_destroy(r.p);
    return error;
}

/* --- the rows --- */

const char *tlsrpt_variants_represent(tlsrpt_batch *batch, const char *digest)
{
    return mta_sts_database_run(batch->db,
                                "UPDATE tlsrpt_report SET state = %d"
                                " WHERE digest = %s AND state = %d",
                                TLSRPT_STATE_DUPLICATE, digest, TLSRPT_STATE_CONFLICT);
}

const char *tlsrpt_variants_hide(tlsrpt_batch *batch, const tlsrpt_counted_row *verified)
{
    apr_pool_t *p = batch->ptemp;
    const char *error = change_sums(batch, verified->identity, 0);

    if (!error) {
        error = mta_sts_database_run(
            batch->db,
            "UPDATE tlsrpt_report SET state = %d WHERE identity > %s"
            " AND identity < %s AND verified = 0 AND state = %d",
            TLSRPT_STATE_CONFLICT, tlsrpt_variants_from(p, verified->identity, ""),
            tlsrpt_variants_from(p, verified->identity, before_verified), TLSRPT_STATE_COUNTS);
    }
    return error ? error : tlsrpt_variants_represent(batch, verified->digest);
}

/* Chooses the row of each variant that was received first. */
#define SHOW_FIRST                                                                                 \
    "UPDATE tlsrpt_report SET state = %d WHERE identity > %s AND identity < %s"                    \
    " AND NOT EXISTS (SELECT 1 FROM tlsrpt_report e WHERE e.identity = tlsrpt_report.identity"     \
    " AND (e.received < tlsrpt_report.received"                                                    \
    " OR (e.received = tlsrpt_report.received AND e.id < tlsrpt_report.id)))"

#define OTHERS_ARE_DUPLICATES                                                                      \
    "UPDATE tlsrpt_report SET state = %d WHERE identity > %s AND identity < %s AND state = %d"     \
    " AND EXISTS (SELECT 1 FROM tlsrpt_report t"                                                   \
    " WHERE t.digest = tlsrpt_report.digest AND t.state = %d)"

const char *tlsrpt_variants_show(tlsrpt_batch *batch, const char *key)
{
    const char *from = tlsrpt_variants_from(batch->ptemp, key, "");
    const char *before = tlsrpt_variants_from(batch->ptemp, key, before_verified);
    const char *error =
        mta_sts_database_run(batch->db, SHOW_FIRST, TLSRPT_STATE_COUNTS, from, before);

    if (!error) {
        error = mta_sts_database_run(batch->db, OTHERS_ARE_DUPLICATES, TLSRPT_STATE_DUPLICATE, from,
                                     before, TLSRPT_STATE_CONFLICT, TLSRPT_STATE_COUNTS);
    }
    return error ? error : change_sums(batch, key, 1);
}
