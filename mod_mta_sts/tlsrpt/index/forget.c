/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/internal.h"

#include "core/base/monotonic.h"
#include "core/database/schema.h"

#define FORGOTTEN_AT_ONCE 500

/* Deletes everything, including the strings and their numbers. */
static const char *const forget_all[] = {
    "DELETE FROM tlsrpt_failure",
    "DELETE FROM tlsrpt_policy",
    "DELETE FROM tlsrpt_report",
    "DELETE FROM tlsrpt_sum",
    "DELETE FROM tlsrpt_cause",
    "DELETE FROM tlsrpt_directory",
    "DELETE FROM tlsrpt_string",
    "DELETE FROM tlsrpt_domain",
    "DELETE FROM tlsrpt_organization",
    "DELETE FROM tlsrpt_day_cost",
    NULL,
};

static int push_number(void *baton, const char *const *columns)
{
    APR_ARRAY_PUSH((apr_array_header_t *)baton, long long) =
        (long long)mta_sts_database_number(columns[0]);
    return 1;
}

/* Deletes the reports of one host one by one, because those of other hosts remain. */
static const char *forget_some(tlsrpt_batch *batch, apr_time_t deadline, int *more)
{
    apr_array_header_t *rows = apr_array_make(batch->p, 16, sizeof(long long));
    const char *error = mta_sts_database_run(
        batch->db, "DELETE FROM tlsrpt_directory WHERE host = %lld", batch->host);
    int i;

    if (!error) {
        error = mta_sts_database_rows(batch->db,
                                      "SELECT id FROM tlsrpt_report"
                                      " WHERE host = %lld LIMIT %d",
                                      push_number, rows, batch->host, FORGOTTEN_AT_ONCE);
    }
    for (i = 0; i < rows->nelts && !error && mta_sts_monotonic_now() < deadline; i++) {
        error = tlsrpt_row_remove(batch, APR_ARRAY_IDX(rows, i, long long));
        apr_pool_clear(batch->ptemp);
    }
    *more = i < rows->nelts || rows->nelts == FORGOTTEN_AT_ONCE;
    return error;
}

const char *tlsrpt_index_forget(mta_sts_database *db, const char *host, apr_interval_time_t budget,
                                apr_pool_t *p, int *more)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    apr_time_t deadline = mta_sts_monotonic_now() + budget;
    apr_int64_t others = 0;
    tlsrpt_batch batch;
    const char *error = tlsrpt_batch_begin(&batch, db, host, p, findings);

    *more = 0;
    if (error) {
        return error;
    }
    error = mta_sts_database_rows(
        db, "SELECT count(*) FROM (SELECT 1 FROM tlsrpt_report WHERE host <> %lld LIMIT 1) s",
        mta_sts_database_take_number, &others, batch.host);
    if (!error) {
        error =
            others ? forget_some(&batch, deadline, more) : mta_sts_database_run_all(db, forget_all);
    }
    return tlsrpt_batch_end(&batch, error);
}

const char *tlsrpt_strings_sweep(mta_sts_database *db)
{
    const char *error = mta_sts_database_begin(db);

    if (!error) {
        error = mta_sts_database_run_all(db, mta_sts_database_schema_sweep);
    }
    if (!error) {
        return mta_sts_database_commit(db);
    }
    mta_sts_database_rollback(db);
    return error;
}
