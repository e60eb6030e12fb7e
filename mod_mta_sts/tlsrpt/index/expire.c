/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/internal.h"

#include <apr_strings.h>

#include "core/base/monotonic.h"

/* In microseconds: rows of another machine, which may no longer exist, are removed only this long
 * after it should have removed them itself. */
#define LEFT_TO_OTHERS (7 * TLSRPT_DAY)

/* How often the quarantine is searched for expired files, in microseconds. */
#define SWEEP_INTERVAL apr_time_from_sec(24 * 60 * 60)

typedef struct old_row {
    long long id;
    const char *digest;
    int is_local; /* whether its file is in the spool of this machine */
} old_row;

static int push_row(void *baton, const char *const *columns)
{
    apr_array_header_t *rows = baton;
    old_row *row = apr_array_push(rows);

    row->id = (long long)mta_sts_database_number(columns[0]);
    row->digest = mta_sts_database_text(rows->pool, columns[1]);
    row->is_local = columns[2] && (columns[2][0] == '1' || columns[2][0] == 't');
    return 1;
}

static const char *find_old(tlsrpt_updating *t, apr_array_header_t *rows)
{
    tlsrpt_batch *batch = &t->batch;
    apr_time_t before = apr_time_now() - t->task->keep_days * TLSRPT_DAY;

    return mta_sts_database_rows(batch->db,
                                 "SELECT id, digest, host = %lld FROM tlsrpt_report"
                                 " WHERE received > %lld AND received < %lld"
                                 " AND (host = %lld OR received < %lld)"
                                 " ORDER BY received LIMIT %d",
                                 push_row, rows, batch->host, (long long)TLSRPT_EARLIEST,
                                 (long long)before, batch->host,
                                 (long long)(before - LEFT_TO_OTHERS), TLSRPT_ROWS_AT_ONCE);
}

/* Only the first failure gets a finding: the others mostly have the same reason. */
static void add_not_removed(tlsrpt_updating *t, const old_row *row, apr_status_t status)
{
    mta_sts_findings *findings = t->batch.findings;
    char reason[120];

    mta_sts_finding_add(
        findings, MTA_STS_ERROR, "report-not-removed",
        tlsrpt_spool_path(t->task->spool, TLSRPT_REPORTS, row->digest, findings->pool),
        "check whether the file system is mounted read-write, and the owner of "
        "the file and its directory",
        "the report has expired but cannot be removed: %s",
        apr_strerror(status, reason, sizeof(reason)));
}

/* The file is removed first, because a row without a file is removed later in any case. */
static const char *remove_row(tlsrpt_updating *t, const old_row *row, int *stuck)
{
    apr_status_t status = row->is_local
                              ? tlsrpt_spool_remove(t->task->spool, TLSRPT_REPORTS, row->digest)
                              : APR_SUCCESS;

    if (status != APR_SUCCESS) {
        if ((*stuck)++ == 0) {
            add_not_removed(t, row, status);
        }
        return NULL;
    }
    t->done->expired++;
    t->has_progressed = 1;
    return tlsrpt_row_remove(&t->batch, row->id);
}

const char *tlsrpt_expire(tlsrpt_updating *t)
{
    apr_array_header_t *rows = apr_array_make(t->batch.p, 16, sizeof(old_row));
    const char *error = t->task->keep_days > 0 ? find_old(t, rows) : NULL;
    int i, stuck = 0;

    if (t->trust != TLSRPT_CLOCK_TRUSTED) {
        if (rows->nelts) {
            tlsrpt_clock_add_distrust(t->batch.findings, t->trust, "MTASTSReportKeep", "reports");
        }
        return error;
    }
    for (i = 0; i < rows->nelts && !error && !tlsrpt_updating_is_over(t); i++) {
        error = remove_row(t, &APR_ARRAY_IDX(rows, i, old_row), &stuck);
        apr_pool_clear(t->batch.ptemp);
    }
    t->done->more |= i < rows->nelts || (i == TLSRPT_ROWS_AT_ONCE && stuck < i);
    return error;
}

/* Quarantined files are not in the index, and strings remain when the last row that uses them is
 * removed. */
const char *tlsrpt_expire_daily(mta_sts_database *db, tlsrpt_index_task *task)
{
    apr_time_t now = mta_sts_monotonic_now();
    const char *error = NULL;

    if (task->swept && now - task->swept < SWEEP_INTERVAL) {
        return NULL;
    }
    task->swept = now;
    if (task->keep_days > 0) {
        tlsrpt_spool_expire(task->spool, TLSRPT_QUARANTINE,
                            apr_time_now() - task->keep_days * TLSRPT_DAY,
                            tlsrpt_is_possible_receipt);
    }
    if (task->removed) {
        error = tlsrpt_strings_sweep(db);
    }
    task->removed = error ? task->removed : 0;
    return error;
}
