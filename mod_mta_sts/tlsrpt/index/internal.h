/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_INDEX_INTERNAL_H
#define TLSRPT_INDEX_INTERNAL_H

#include <apr_hash.h>

#include "core/base/monotonic.h"
#include "tlsrpt/index/index.h"

/*
 * What the writing half of the index shares:
 *
 *   index_tend.c   walks the spool, and says what comes in and what goes
 *   index_expire.c removes what is too old
 *   index_forget.c forgets a host, and what nobody names any more
 *   index_row.c    the rows of one report
 *   index_facts.c  what a report says, in numbers
 *   index_word.c   the numbers of texts
 *   index_delta.c  what the sums change by
 */

#define TLSRPT_DAY (86400 * APR_USEC_PER_SEC)

/* The day of a time, counted from 1970; before it for times that were not told (0). */
static inline apr_int64_t tlsrpt_day_of(apr_time_t time)
{
    return time >= 0 ? time / TLSRPT_DAY : -1;
}

/* The last day of a range that ends at this time: one that ends at midnight has nothing of the new
 * day. */
static inline apr_int64_t tlsrpt_last_day_of(apr_time_t end)
{
    return tlsrpt_day_of(end - 1);
}

/* The tables of texts. */
typedef enum tlsrpt_strings {
    TLSRPT_STRING, /* everything else */
    TLSRPT_STRING_DOMAIN,
    TLSRPT_STRING_ORGANIZATION,
} tlsrpt_strings;
#define TLSRPT_STRINGS 3

/* One transaction that changes the index. */
typedef struct tlsrpt_batch {
    mta_sts_database *db;
    apr_pool_t *p;     /* until it ends */
    apr_pool_t *ptemp; /* of one report */
    mta_sts_findings *findings;
    apr_hash_t *known[TLSRPT_STRINGS]; /* text -> its number */
    long long next_word[TLSRPT_STRINGS];
    long long next_report;
    long long host;   /* the number of its name */
    apr_hash_t *sums; /* what they change by: index_delta.c */
    apr_hash_t *causes;
} tlsrpt_batch;

/* --- index_word.c --- */

/* Begins a batch: the transaction, and what it must know. Afterwards it is to be ended. */
const char *tlsrpt_batch_begin(tlsrpt_batch *batch, mta_sts_database *db, const char *host,
                               apr_pool_t *p, mta_sts_findings *findings);

/* Ends it: writes the sums and commits, or rolls everything back.
 *
 * @param error what is wrong already, or NULL
 */
const char *tlsrpt_batch_end(tlsrpt_batch *batch, const char *error);

/* The number of a text, which gets one if it has none; that of NULL is 0. */
const char *tlsrpt_string_number(tlsrpt_batch *batch, tlsrpt_strings table, const char *text,
                                 long long *number);

/* What a machine is called in a database: one that is not shared has one spool, and the machine may
 * get another name without getting another spool. */
const char *tlsrpt_host_name(const mta_sts_database *db, const char *host);

/* The beginning of a text, of so many bytes at most: UTF-8 in, UTF-8 out. */
const char *tlsrpt_string_shorten(apr_pool_t *p, const char *text, apr_size_t max);

/* What a text is found by in those tables: itself, or its digest if it is long. */
const char *tlsrpt_string_key(apr_pool_t *p, const char *text);

/* The same of the text in lower case (ASCII): what an organization is compared by. */
const char *tlsrpt_string_fold(apr_pool_t *p, const char *text);

/* --- index_tend.c --- */

/* One call of tlsrpt_index_update. */
typedef struct tlsrpt_updating {
    tlsrpt_batch batch;
    tlsrpt_index_task *task;
    tlsrpt_index_done *done;
    apr_time_t deadline;
    int is_broken;      /* a directory could not be looked at */
    int has_closed;     /* of the directory: files that could not be opened */
    int has_progressed; /* each call does something, however short its time */
    apr_time_t
        known[TLSRPT_SPOOL_DIRECTORIES]; /* when directories were changed as they were read last */
} tlsrpt_updating;

/* Whether the call should return now. */
static inline int tlsrpt_updating_is_over(const tlsrpt_updating *t)
{
    const tlsrpt_index_task *task = t->task;

    return (t->has_progressed && mta_sts_monotonic_now() >= t->deadline) ||
           (task->is_ending && task->is_ending(task->baton));
}

/* --- index_expire.c --- */

/* Removes reports that are too old, file and row. Those whose file stays stay too, and hold no
 * other one up. */
const char *tlsrpt_expire(tlsrpt_updating *t);

/* Once a day, and not within a transaction: the quarantine, and texts that are left. */
const char *tlsrpt_sweep(mta_sts_database *db, tlsrpt_index_task *task);

/* --- index_facts.c --- */

/* Failed sessions of one kind; numbers of words. */
typedef struct tlsrpt_fact_failure {
    long long type, mx, reason, receiving_ip, sending_ip;
    apr_int64_t sessions;
} tlsrpt_fact_failure;

typedef struct tlsrpt_fact_policy {
    long long domain, type, seen;
    int is_first; /* policy of its domain in the report */
    apr_int64_t successful, failed;
    apr_array_header_t *failures; /* of tlsrpt_fact_failure */
} tlsrpt_fact_policy;

/* One report, in numbers. */
typedef struct tlsrpt_facts {
    long long organization;
    int verified;
    apr_time_t begin, end;
    apr_array_header_t *policies; /* of tlsrpt_fact_policy */
} tlsrpt_facts;

/*
 * The facts of a report that was read, in batch->ptemp.
 *
 * @param len its bytes in the spool: it may take so many rows in proportion, so that the database
 *            is bounded by the quota of the spool. Of a report that would take more the kinds of
 *            failures lose their reasons and addresses, then their MX hosts; the last rows take
 *            what is still too much. Likewise its long texts may take so many bytes; beyond,
 *            only their beginnings are kept
 */
const char *tlsrpt_facts_of(tlsrpt_batch *batch, const tlsrpt_report *report, int verified,
                            apr_size_t len, tlsrpt_facts *facts);

/* Those of a row, from the database. */
const char *tlsrpt_facts_load(tlsrpt_batch *batch, long long report, tlsrpt_facts *facts);

/* --- index_delta.c --- */

/* Counts a report in the sums, or no longer. */
void tlsrpt_delta_add(tlsrpt_batch *batch, const tlsrpt_facts *facts);
void tlsrpt_delta_subtract(tlsrpt_batch *batch, const tlsrpt_facts *facts);

/* Writes all of it. */
const char *tlsrpt_delta_write(tlsrpt_batch *batch);

/* --- index_forget.c --- */

/* Removes texts that no row names any more. With a million reports it takes a second or two. */
const char *tlsrpt_strings_sweep(mta_sts_database *db);

/* --- index_row.c --- */

/*
 * Takes one file of the spool in.
 *
 * @param file   its inode
 * @param counts out: how it is counted
 */
const char *tlsrpt_row_add(tlsrpt_batch *batch, const tlsrpt_stored_file *kept, apr_int64_t file,
                           tlsrpt_index_state *state);

/* Takes one that cannot be read in, so that it is not tried again and again, and goes when it is
 * old.
 *
 * @param reason in words
 */
const char *tlsrpt_row_add_unreadable(tlsrpt_batch *batch, const char *digest, apr_int64_t file,
                                      const char *reason);

/* Removes the row of a report, and what it says from the sums. */
const char *tlsrpt_row_remove(tlsrpt_batch *batch, long long report);

#endif
