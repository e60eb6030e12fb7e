/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/internal.h"

#include "tlsrpt/summary/fold.h"

/*
 * What unverified reports may add to the index on one day of receipt: new names, and rows beyond
 * one for each report. Reports of real senders mostly add no more than that row.
 */

#define BASE 5000

static int take_cost(void *baton, const char *const *columns)
{
    tlsrpt_allowance *total = baton;

    total->reports = mta_sts_database_number(columns[0]);
    total->cost = mta_sts_database_number(columns[1]);
    return 0;
}

static const char *find_day(tlsrpt_batch *batch, apr_int64_t day, tlsrpt_day_cost **found)
{
    tlsrpt_day_cost *cost = apr_hash_get(batch->days, &day, sizeof(day));

    *found = cost;
    if (cost) {
        return NULL;
    }
    *found = cost = apr_pcalloc(batch->p, sizeof(*cost));
    cost->day = day;
    apr_hash_set(batch->days, &cost->day, sizeof(cost->day), cost);
    return mta_sts_database_rows(batch->db,
                                 "SELECT reports, cost FROM tlsrpt_day_cost WHERE day = %lld",
                                 take_cost, &cost->total, (long long)day);
}

/* The baton of is_known. After an error, which ends the transaction, the result does not matter. */
typedef struct knowing {
    tlsrpt_batch *batch;
    const char *error;
} knowing;

static int is_known(void *baton, const char *name)
{
    knowing *k = baton;
    int known = 0;

    k->error = k->error ? k->error : tlsrpt_string_is_known(k->batch, name, &known);
    return known;
}

const char *tlsrpt_cost_fold(tlsrpt_batch *batch, const tlsrpt_report *report, apr_size_t len,
                             int verified, long long received, const tlsrpt_report **folded)
{
    knowing k = {batch, NULL};
    const char *error;

    report = tlsrpt_report_limit_dates(batch->ptemp, report, batch->trusts_date ? received : 0);
    *folded = tlsrpt_fold_report(batch->ptemp, report, len);
    batch->day = NULL;
    if (verified) {
        return NULL;
    }
    error = find_day(batch, tlsrpt_day_of(received), &batch->day);
    if (error) {
        return error;
    }
    if (tlsrpt_allowance_is_used_up(&batch->day->total, BASE)) {
        *folded = tlsrpt_fold_to_known(batch->ptemp, *folded, is_known, &k);
    }
    batch->day->total.reports++;
    batch->day->change.reports++;
    tlsrpt_cost_add(batch, tlsrpt_cost_of_rows(*folded));
    return k.error;
}

const char *tlsrpt_cost_write(tlsrpt_batch *batch)
{
    apr_hash_index_t *at;
    const char *error = NULL;

    for (at = apr_hash_first(batch->p, batch->days); at && !error; at = apr_hash_next(at)) {
        const tlsrpt_day_cost *cost = apr_hash_this_val(at);

        error = mta_sts_database_run(
            batch->db,
            "INSERT INTO tlsrpt_day_cost AS c (day, reports, cost) VALUES (%lld, %lld, %lld)"
            " ON CONFLICT (day) DO UPDATE SET reports = c.reports + excluded.reports,"
            " cost = c.cost + excluded.cost",
            (long long)cost->day, (long long)cost->change.reports, (long long)cost->change.cost);
    }
    return error;
}
