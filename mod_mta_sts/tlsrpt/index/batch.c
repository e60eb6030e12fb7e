/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/internal.h"

#include <string.h>

#define NEXT(table) "(SELECT coalesce(max(id), 0) + 1 FROM " table ")"

/* Reads the next free numbers of the tables. */
static int take_next(void *baton, const char *const *columns)
{
    tlsrpt_batch *batch = baton;
    int i;

    for (i = 0; i < TLSRPT_STRINGS; i++) {
        batch->next_string[i] = (long long)mta_sts_database_number(columns[i]);
    }
    batch->next_report = (long long)mta_sts_database_number(columns[TLSRPT_STRINGS]);
    return 0;
}

static const char *begin(tlsrpt_batch *batch, const char *host)
{
    const char *error = mta_sts_database_begin(batch->db);
    int i;

    for (i = 0; i < TLSRPT_STRINGS; i++) {
        batch->known[i] = apr_hash_make(batch->p);
    }
    if (!error) {
        error = mta_sts_database_rows(
            batch->db,
            "SELECT " NEXT("tlsrpt_string") ", " NEXT("tlsrpt_domain") ", " NEXT(
                "tlsrpt_organization") ", " NEXT("tlsrpt_report"),
            take_next, batch);
    }
    return error ? error
                 : tlsrpt_string_number(batch, TLSRPT_STRING, tlsrpt_host_name(batch->db, host),
                                        &batch->host);
}

const char *tlsrpt_batch_begin(tlsrpt_batch *batch, mta_sts_database *db, const char *host,
                               apr_pool_t *p, mta_sts_findings *findings)
{
    const char *error;

    memset(batch, 0, sizeof(*batch));
    batch->db = db;
    batch->findings = findings;
    apr_pool_create(&batch->p, p);
    apr_pool_create(&batch->ptemp, batch->p);
    batch->sums = apr_hash_make(batch->p);
    batch->causes = apr_hash_make(batch->p);
    batch->domains = apr_hash_make(batch->p);
    batch->days = apr_hash_make(batch->p);
    error = begin(batch, host);
    return error ? tlsrpt_batch_end(batch, error) : NULL;
}

const char *tlsrpt_batch_end(tlsrpt_batch *batch, const char *error)
{
    if (!error) {
        error = tlsrpt_delta_write(batch);
    }
    if (!error) {
        error = tlsrpt_apart_judge(batch);
    }
    if (!error) {
        error = tlsrpt_cost_write(batch);
    }
    if (!error) {
        error = mta_sts_database_commit(batch->db);
    }
    else {
        mta_sts_database_rollback(batch->db);
    }
    apr_pool_destroy(batch->p);
    return error;
}
