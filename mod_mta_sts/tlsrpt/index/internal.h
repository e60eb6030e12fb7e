/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_INDEX_INTERNAL_H
#define TLSRPT_INDEX_INTERNAL_H

#include <apr_hash.h>

#include "core/base/monotonic.h"
#include "tlsrpt/index/index.h"
#include "tlsrpt/summary/allowance.h"

/*
 * Shared by the files that change the index:
 *
 *   update.c  compares the spool with the rows, and adds and removes rows
 *   expire.c  removes expired reports
 *   undated.c corrects dates of receipt that cannot be true
 *   forget.c  removes a host, and texts that are no longer used
 *   row.c     the row of one report
 *   counted.c which of several reports of one identity counts
 *   variants.c the unverified reports of an identity, all at once
 *   facts.c   the contents of one report, in numbers, and their rows
 *   batch.c   one transaction
 *   string.c  the numbers of texts
 *   cost.c    what reports may add in a day
 *   delta.c   the changes of the sums
 *   apart.c   what is not plausible and set apart in the sums
 */

#define TLSRPT_DAY (86400 * APR_USEC_PER_SEC)

/* The number of the day of a time, counted from 1970; -1 for negative times. */
static inline apr_int64_t tlsrpt_day_of(apr_time_t time)
{
    return time >= 0 ? time / TLSRPT_DAY : -1;
}

/* The number of the last day of a range that ends at this time: midnight belongs to the day
 * before. */
static inline apr_int64_t tlsrpt_last_day_of(apr_time_t end)
{
    return tlsrpt_day_of(end - 1);
}

/* The tables of strings. */
typedef enum tlsrpt_strings {
    TLSRPT_STRING, /* all other strings */
    TLSRPT_STRING_DOMAIN,
    TLSRPT_STRING_ORGANIZATION,
} tlsrpt_strings;
#define TLSRPT_STRINGS 3

/* What the unverified reports that were received on one day (UTC) have added. */
typedef struct tlsrpt_day_cost {
    apr_int64_t day;
    tlsrpt_allowance total, change; /* change: the part of total that this transaction has added */
} tlsrpt_day_cost;

/* One transaction that changes the index. */
typedef struct tlsrpt_batch {
    mta_sts_database *db;
    apr_pool_t *p;     /* lives until the batch ends */
    apr_pool_t *ptemp; /* of one report */
    mta_sts_findings *findings;
    apr_hash_t *known[TLSRPT_STRINGS]; /* string -> its number */
    long long next_string[TLSRPT_STRINGS];
    long long next_report;
    long long host;   /* the number of its name in tlsrpt_string */
    int trusts_date;  /* whether the date of this machine is trusted, so that impossible dates of
                         receipt are not accepted */
    apr_hash_t *sums; /* changes to the sums: delta.c */
    apr_hash_t *causes;
    apr_hash_t *domains;  /* numbers of the domains whose sums have changed */
    apr_hash_t *apart;    /* sums that are set apart: apart.c */
    apr_hash_t *days;     /* what was added on each day: cost.c */
    tlsrpt_day_cost *day; /* the day of the report that is being added; NULL: its cost is not
                             limited */
} tlsrpt_batch;

/* --- string.c --- */

/* Finds the number of a string, and assigns one if it is new; the number of NULL is 0. */
const char *tlsrpt_string_number(tlsrpt_batch *batch, tlsrpt_strings table, const char *text,
                                 long long *number);

/* The name of a machine in a database: a constant if the database is not shared, because then it
 * has only one spool, even if the machine is renamed. */
const char *tlsrpt_host_name(const mta_sts_database *db, const char *host);

/* Whether the host of a row is this machine. */
int tlsrpt_host_is_this(const mta_sts_database *db, const char *host);

/* The beginning of a UTF-8 text, at most max bytes, without splitting a character. */
const char *tlsrpt_string_shorten(apr_pool_t *p, const char *text, apr_size_t max);

/* The key of a string in the tables: the string itself, or its digest if it is long. Allocated from
 * p. */
const char *tlsrpt_string_key(apr_pool_t *p, const char *text);

/* The key of a string in lower case (ASCII), by which organizations are compared. Allocated from
 * p. */
const char *tlsrpt_string_fold(apr_pool_t *p, const char *text);

/* Determines whether a string is in one of the tables. */
const char *tlsrpt_string_is_known(tlsrpt_batch *batch, const char *text, int *known);

/* --- cost.c --- */

/*
 * Converts a report to the form in which it is stored: with plausible dates, folded
 * (tlsrpt/summary/fold.h), and without new names if unverified reports have added too much on this
 * day.
 *
 * @param len      its size in the spool, in bytes
 * @param received in microseconds since 1970
 */
const char *tlsrpt_cost_fold(tlsrpt_batch *batch, const tlsrpt_report *report, apr_size_t len,
                             int verified, long long received, const tlsrpt_report **folded);

/* Adds a cost to the day of the report that is being added. */
static inline void tlsrpt_cost_add(tlsrpt_batch *batch, apr_int64_t cost)
{
    if (batch->day) {
        batch->day->total.cost += cost;
        batch->day->change.cost += cost;
    }
}

/* Writes the costs that were added. */
const char *tlsrpt_cost_write(tlsrpt_batch *batch);

/* --- batch.c --- */

/* Begins a batch and its transaction. After success, the caller must end the batch. */
const char *tlsrpt_batch_begin(tlsrpt_batch *batch, mta_sts_database *db, const char *host,
                               apr_pool_t *p, mta_sts_findings *findings);

/* Ends a batch: writes the sums and commits, or after an error rolls everything back.
 *
 * @param error an earlier error, or NULL
 */
const char *tlsrpt_batch_end(tlsrpt_batch *batch, const char *error);

/* --- update.c --- */

/* One call of tlsrpt_index_update. */
typedef struct tlsrpt_updating {
    tlsrpt_batch batch;
    tlsrpt_index_task *task;
    tlsrpt_index_done *done;
    apr_time_t deadline;
    tlsrpt_clock_trust trust;
    int is_broken;      /* whether a directory could not be read */
    int has_unopened;   /* whether files in the current directory could not be opened */
    int has_progressed; /* whether this call has done something; each call does, even if its budget
                           is too small */
    apr_time_t known[TLSRPT_SPOOL_DIRECTORIES]; /* modification times of directories when they were
                                                   last read */
} tlsrpt_updating;

/* Whether the call should return now. */
static inline int tlsrpt_updating_is_over(const tlsrpt_updating *t)
{
    const tlsrpt_index_task *task = t->task;

    return (t->has_progressed && mta_sts_monotonic_now() >= t->deadline) ||
           (task->is_ending && task->is_ending(task->baton));
}

/* --- undated.c --- */

/* Whether a report can have been received at this time, assuming that the date is trusted. */
int tlsrpt_is_possible_receipt(apr_time_t received);

/* Corrects reports whose date of receipt is unknown or in the future, because they were stamped
 * while the date of this machine was wrong. Once the date is trusted, they count as received now,
 * in the index and in their files, so that they expire neither at once nor never. */
const char *tlsrpt_undated_correct(tlsrpt_updating *t);

/* --- expire.c --- */

/* Removes the files and rows of expired reports. If a file cannot be removed, its row remains, and
 * the next reports are removed. */
const char *tlsrpt_expire(tlsrpt_updating *t);

/* Once a day, removes expired quarantined files and unused strings. Must be called outside a
 * transaction. */
const char *tlsrpt_expire_daily(mta_sts_database *db, tlsrpt_index_task *task);

/* The maximum number of rows that are fetched at once. */
#define TLSRPT_ROWS_AT_ONCE 500

/* --- facts.c --- */

/* Failed sessions of one kind; strings by number. */
typedef struct tlsrpt_fact_failure {
    long long type, mx, reason, receiving_ip, sending_ip;
    apr_int64_t sessions;
} tlsrpt_fact_failure;

typedef struct tlsrpt_fact_policy {
    long long domain, type, seen;
    int is_first; /* whether it is the first policy of its domain in the report */
    apr_int64_t successful, failed;
    apr_array_header_t *failures; /* of tlsrpt_fact_failure */
} tlsrpt_fact_policy;

/* One report; strings by number. */
typedef struct tlsrpt_facts {
    long long organization;
    int verified;
    apr_time_t begin, end;
    apr_array_header_t *policies; /* of tlsrpt_fact_policy */
} tlsrpt_facts;

/* Converts a folded report to facts, which are allocated from batch->ptemp. */
const char *tlsrpt_facts_of(tlsrpt_batch *batch, const tlsrpt_report *report, int verified,
                            tlsrpt_facts *facts);

/*
 * Writes the rows of a report's policies and failures.
 *
 * @param report   the number of the report
 * @param received when it was received, in microseconds since 1970
 */
const char *tlsrpt_facts_store(tlsrpt_batch *batch, long long report, long long received,
                               const tlsrpt_facts *facts);

/* Reads the facts of a stored report from the database. */
const char *tlsrpt_facts_load(tlsrpt_batch *batch, long long report, tlsrpt_facts *facts);

/* --- delta.c --- */

/* Adds a report to the collected changes of the sums, or subtracts it. */
void tlsrpt_delta_add(tlsrpt_batch *batch, const tlsrpt_facts *facts);
void tlsrpt_delta_subtract(tlsrpt_batch *batch, const tlsrpt_facts *facts);

/* Writes the collected changes. */
const char *tlsrpt_delta_write(tlsrpt_batch *batch);

/* --- apart.c --- */

/* Reads which sums are set apart into batch->apart. */
const char *tlsrpt_apart_load(tlsrpt_batch *batch);

/* The value of the column `verified` of a sum: -1 if the sum is set apart. */
long long tlsrpt_apart_verified(const tlsrpt_batch *batch, long long domain, long long last_day,
                                long long organization, long long verified);

/* Decides which sums are set apart, for all domains whose sums have changed. Must be called after
 * the sums have been written. */
const char *tlsrpt_apart_judge(tlsrpt_batch *batch);

/* --- forget.c --- */

/* Removes strings that no row refers to. With a million reports, this takes a second or two. */
const char *tlsrpt_strings_sweep(mta_sts_database *db);

/* --- counted.c --- */

/* The columns of tlsrpt_report that decide which report counts. */
typedef struct tlsrpt_counted_row {
    long long id, verified, received, state;
    const char *digest, *identity; /* allocated from p */
    apr_pool_t *p;
} tlsrpt_counted_row;

/* Finds the row of a report; allocated from batch->ptemp. found->id: 0 if there is none. */
const char *tlsrpt_counted_find(tlsrpt_batch *batch, long long id, tlsrpt_counted_row *found);

/* Decides how a new row is counted, and changes the states of the rows that it replaces.
 *
 * @param added       in and out: its state is set
 * @param is_conflict out: whether there is another report with the same identity and different
 *                    bytes
 * @param replaces    out: whether it is the first verified report of its identity, and there are
 *                    unverified ones; the caller must then call tlsrpt_variants_hide
 */
const char *tlsrpt_counted_judge(tlsrpt_batch *batch, tlsrpt_counted_row *added, int *is_conflict,
                                 int *replaces);

/* Makes the best of the remaining reports count, after a row has been deleted. */
const char *tlsrpt_counted_removed(tlsrpt_batch *batch, const tlsrpt_counted_row *removed);

/* Adds a stored report to the sums, or subtracts it. */
const char *tlsrpt_counted_change(tlsrpt_batch *batch, long long id, int is_more);

/* --- variants.c --- */

/*
 * Anyone can submit thousands of unverified reports under one identity, and each of them with
 * different content counts as long as none is verified. They all begin or cease to count at the
 * same time, which takes a few statements in total, not a few for each report.
 */

/* The range of the keys of all variants of an identity, from the first one to before the second
 * one. Allocated from p.
 *
 * @param key the key of any variant
 * @param end "": all variants; TLSRPT_VARIANT_VERIFIED as a string: only verified ones
 */
const char *tlsrpt_variants_from(apr_pool_t *p, const char *key, const char *end);
const char *tlsrpt_variants_before(apr_pool_t *p, const char *key);

/* Makes all unverified reports of an identity cease to count, after its first verified report was
 * added. */
const char *tlsrpt_variants_hide(tlsrpt_batch *batch, const tlsrpt_counted_row *verified);

/* Makes the first unverified report of each variant count, after the last verified report of the
 * identity was removed. */
const char *tlsrpt_variants_show(tlsrpt_batch *batch, const char *key);

/* Makes a row that counts represent its bytes: other rows with the same bytes become its
 * duplicates. */
const char *tlsrpt_variants_represent(tlsrpt_batch *batch, const char *digest);

/* --- row.c --- */

/* Adds one file of the spool.
 *
 * @param file   its inode
 * @param state  out: how it is counted
 */
const char *tlsrpt_row_add(tlsrpt_batch *batch, const tlsrpt_stored_file *stored, apr_int64_t file,
                           tlsrpt_index_state *state);

/* Adds a file that cannot be read, so that it is not read again at each update, and expires.
 *
 * @param reason text
 */
const char *tlsrpt_row_add_unreadable(tlsrpt_batch *batch, const char *digest, apr_int64_t file,
                                      const char *reason);

/* Removes the rows of a report, and subtracts it from the sums. */
const char *tlsrpt_row_remove(tlsrpt_batch *batch, long long report);

#endif
