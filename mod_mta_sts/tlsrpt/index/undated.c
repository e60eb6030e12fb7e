/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/internal.h"

#include <apr_strings.h>

/* By how much the clocks of processes and machines that share a database may differ, in
 * microseconds. */
#define AHEAD apr_time_from_sec(60 * 60)

/* No file has this inode, so the report is read again and gets new rows. */
#define NO_FILE 0

typedef struct undated_row {
    long long id;
    const char *digest;
} undated_row;

int tlsrpt_is_possible_receipt(apr_time_t received)
{
    return received > TLSRPT_EARLIEST && received <= apr_time_now() + AHEAD;
}

static int push_row(void *baton, const char *const *columns)
{
    apr_array_header_t *rows = baton;
    undated_row *row = apr_array_push(rows);

    row->id = (long long)mta_sts_database_number(columns[0]);
    row->digest = mta_sts_database_text(rows->pool, columns[1]);
    return 1;
}

static const char *find_undated(tlsrpt_updating *t, apr_array_header_t *rows)
{
    return mta_sts_database_rows(
        t->batch.db,
        "SELECT id, digest FROM tlsrpt_report WHERE (received <= %lld OR received > %lld)"
        " AND host = %lld AND file <> %d LIMIT %d",
        push_row, rows, (long long)TLSRPT_EARLIEST, (long long)(apr_time_now() + AHEAD),
        t->batch.host, NO_FILE, TLSRPT_ROWS_AT_ONCE);
}

/* The date in the file may be correct, if only the index was written while the date was wrong. If
 * the file cannot be changed, its report is corrected again each time the index is rebuilt. */
static const char *correct(tlsrpt_updating *t, const undated_row *row)
{
    int directory = tlsrpt_spool_directory_of(row->digest);
    tlsrpt_batch *batch = &t->batch;
    const char *error;

    tlsrpt_spool_restamp(t->task->spool, TLSRPT_REPORTS, row->digest, tlsrpt_is_possible_receipt,
                         apr_time_now(), batch->ptemp);
    t->known[directory] = 0;
    t->has_progressed = 1;
    error = mta_sts_database_run(batch->db, "UPDATE tlsrpt_report SET file = %d WHERE id = %lld",
                                 NO_FILE, row->id);
    return error
               ? error
               : mta_sts_database_run(
                     batch->db, "DELETE FROM tlsrpt_directory WHERE host = %lld AND directory = %d",
                     batch->host, directory);
}

const char *tlsrpt_undated_correct(tlsrpt_updating *t)
{
    apr_array_header_t *rows = apr_array_make(t->batch.p, 16, sizeof(undated_row));
    const char *error = t->batch.trusts_date ? find_undated(t, rows) : NULL;
    int i;

    for (i = 0; i < rows->nelts && !error && !tlsrpt_updating_is_over(t); i++) {
        error = correct(t, &APR_ARRAY_IDX(rows, i, undated_row));
        apr_pool_clear(t->batch.ptemp);
    }
    t->done->more |= i < rows->nelts || i == TLSRPT_ROWS_AT_ONCE;
    return error;
}
