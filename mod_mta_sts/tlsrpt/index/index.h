/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_INDEX_INDEX_H
#define TLSRPT_INDEX_INDEX_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "core/database/database.h"
#include "core/base/finding.h"
#include "tlsrpt/index/clock.h"
#include "tlsrpt/report/report.h"
#include "tlsrpt/spool/spool.h"
#include "tlsrpt/summary/summary.h"

/*
 * The index: what the reports in the spool say, in the database, with sums for each day that are
 * kept along, so that a page over a million reports is quick. The spool is the truth; the index
 * follows it, mends itself, and can be made again at any time.
 *
 * An identity (tlsrpt_report_identity) counts once: the first verified report of it, or else the
 * first; by time of receipt. All others are kept, and counted as duplicates (the same bytes) or
 * conflicts (others).
 *
 * Functions that use the database return NULL, or what is wrong, as core/database.h says.
 */

/* --- keeping it (tlsrpt/index_tend.c) --- */

/* What a process that keeps the index has to know, and how far it is. */
typedef struct tlsrpt_index_task {
    tlsrpt_spool *spool;
    const char *host;           /* name of the machine whose spool it is: mta_sts_database_host.
                                   Of no meaning in a database of SQLite, which has one spool */
    int keep_days;              /* reports that came earlier are removed; 0: none is */
    tlsrpt_clock *clock;        /* of all who keep this index in turn; asked before reports are
                                   removed for their age. NULL: the date is believed */
    apr_interval_time_t budget; /* time after which a call ends */
    int (*is_ending)(void *);   /* asked before each report: whether the call should end at once;
                                   may be NULL */
    void *baton;                /* of it */

    /* All 0 at first, and of no concern to the caller. */
    int directory;
    apr_time_t swept;
    apr_int64_t removed;
} tlsrpt_index_task;

/* What one call did. */
typedef struct tlsrpt_index_done {
    apr_int64_t added;      /* reports that came into the index */
    apr_int64_t gone;       /* rows whose file was gone */
    apr_int64_t expired;    /* reports removed, file and row, for their age */
    apr_int64_t conflicts;  /* of those added: another report of the same identity was there */
    apr_int64_t unreadable; /* of those added: cannot be read, and are counted nowhere */
    apr_int64_t closed;     /* files that could not be opened, and are tried again */
    int directories; /* of TLSRPT_SPOOL_DIRECTORIES that are known to be in the index wholly */
    int more;        /* there is more to do: call again */
} tlsrpt_index_done;

/*
 * Brings the index nearer to the spool: removes what is too old, takes in what is new, and removes
 * rows whose file is gone. Works in one transaction for as long as the budget says. Directories
 * that did not change cost next to nothing.
 *
 * @param p        scratch
 * @param findings conflicts, files that cannot be read, and what is wrong with the spool
 * @param done     out
 */
const char *tlsrpt_index_update(mta_sts_database *db, tlsrpt_index_task *task, apr_pool_t *p,
                                mta_sts_findings *findings, tlsrpt_index_done *done);

/*
 * Forgets all reports of a host, and with the last host everything, so that tlsrpt_index_update
 * reads the whole spool again. Works in one transaction for as long as the budget says.
 *
 * @param more out: whether it is to be called again
 */
const char *tlsrpt_index_forget(mta_sts_database *db, const char *host, apr_interval_time_t budget,
                                apr_pool_t *p, int *more);

/* --- reading it (tlsrpt/index_sum.c) --- */

/* Lists begin with the most important, and are as long as the caller wants at most (`max`, from 0).
 * No list below is longer than these, however many names strangers make up. */
#define TLSRPT_INDEX_LIST_MAX 2000 /* days, senders, policies seen */
#define TLSRPT_INDEX_CAUSES_MAX 200

/*
 * The same sums that tlsrpt_tally_sum makes, with some of the domains. filter->since counts by
 * whole days (UTC): for the same numbers it must be the beginning of one.
 *
 * @param filter NULL: everything
 * @param max    so many domains at most, in the order that tlsrpt_summary tells; those are summed
 * up in full
 * @param p      pool of the summary
 */
const char *tlsrpt_index_sum(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                             apr_pool_t *p, tlsrpt_summary **summary);

/* All domains together as one, named "*": its causes tell no reasons and addresses, and it has no
 * policies seen. filter->domain must be NULL. */
const char *tlsrpt_index_sum_all(mta_sts_database *db, const tlsrpt_filter *filter, apr_pool_t *p,
                                 tlsrpt_domain **all);

/* --- lists (tlsrpt/index_list.c) --- */

/*
 * Domains with their totals: most failed sessions first, then by name; without days, senders,
 * causes and policies seen (empty). With filter->domain it is that one, if there are reports about
 * it.
 *
 * @param list out: array of tlsrpt_domain
 */
const char *tlsrpt_index_domains(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                                 apr_pool_t *p, apr_array_header_t **list);

/* A cause, and the domain it is of. */
typedef struct tlsrpt_index_cause {
    const char *domain;
    tlsrpt_cause cause; /* in tlsrpt_index_causes its four lists are empty */
} tlsrpt_index_cause;

/* Causes of all domains or of filter->domain, most sessions first: an array of tlsrpt_index_cause
 */
const char *tlsrpt_index_causes(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                                apr_pool_t *p, apr_array_header_t **list);

/* How a report is counted. */
typedef enum tlsrpt_index_state {
    TLSRPT_STATE_COUNTS = 0,
    TLSRPT_STATE_DUPLICATE = 1,
    TLSRPT_STATE_CONFLICT = 2,
    TLSRPT_STATE_UNREADABLE = 3,
} tlsrpt_index_state;

/* One file of a spool. */
typedef struct tlsrpt_index_report {
    const char *host, *digest;
    const char *channel;      /* as in its receipt */
    const char *organization; /* "" if not told, or unreadable; as are the next ones */
    const char *report_id;
    apr_time_t received, begin, end;
    int verified;
    tlsrpt_index_state state;
    apr_int64_t successful, failed; /* of filter->domain, or of all its domains */
} tlsrpt_index_report;

/* Reports, the last received first: an array of tlsrpt_index_report. Here filter->since is exact.
 */
const char *tlsrpt_index_last(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                              apr_pool_t *p, apr_array_header_t **list);

/* How many files of a spool are in the index. */
typedef struct tlsrpt_index_counts {
    apr_int64_t files;      /* all of them */
    apr_int64_t conflicts;  /* which contradict one that counts */
    apr_int64_t unreadable; /* which cannot be read */
} tlsrpt_index_counts;

/*
 * Counts them, whoever took them in.
 *
 * @param host   as in tlsrpt_index_task
 * @param counts out
 */
const char *tlsrpt_index_count(mta_sts_database *db, const char *host, apr_pool_t *p,
                               tlsrpt_index_counts *counts);

/*
 * When the last report came.
 *
 * @param domain   NULL: about whatever domain
 * @param received out: 0 if there is none
 */
const char *tlsrpt_index_received(mta_sts_database *db, const char *domain, apr_time_t *received);

#endif
