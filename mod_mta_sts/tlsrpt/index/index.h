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
 * The index: the contents of the reports in the spool, in the database, with sums for each day that
 * are updated along with it, so that a page about a million reports is fast. The spool is
 * authoritative; the index follows it, corrects itself, and can be rebuilt at any time.
 *
 * A variant of an identity (tlsrpt_report_key) counts once: the first report with it, by time of
 * receipt; unverified ones only while no report of the identity is verified. All others are stored
 * too, and counted as duplicates (the same bytes) or conflicts (other bytes).
 *
 * Functions that use the database return NULL, or an error text as core/database/database.h says.
 */

/* --- updating (update.c, expire.c, forget.c) --- */

/* What the process that updates the index has to know, and its progress. */
typedef struct tlsrpt_index_task {
    tlsrpt_spool *spool;
    const char *host;           /* name of the machine with this spool: mta_sts_database_host.
                                   Not used with SQLite, whose database has only one spool */
    int keep_days;              /* reports received earlier are removed; 0: never */
    tlsrpt_clock *clock;        /* shared by all processes that update this index in turn; checked
                                   before reports are removed or their dates of receipt are
                                   corrected. NULL: the date is trusted */
    int is_full;                /* nothing is added, because the database has no room; removing
                                   continues */
    apr_interval_time_t budget; /* time after which a call returns, in microseconds */
    int (*is_ending)(void *);   /* called before each report: whether to return at once; may be
                                   NULL */
    void *baton;                /* for is_ending */

    /* Progress, private to the index; initially all 0. */
    int directory;
    apr_time_t swept;
    apr_int64_t removed;
} tlsrpt_index_task;

/* What one call did. */
typedef struct tlsrpt_index_done {
    apr_int64_t added;      /* reports added to the index */
    apr_int64_t gone;       /* rows removed because their file no longer exists */
    apr_int64_t expired;    /* reports removed, file and row, because they expired */
    apr_int64_t conflicts;  /* of those added: differ from a report with the same identity */
    apr_int64_t unreadable; /* of those added: cannot be read, and do not count */
    apr_int64_t left_out;   /* files that were not added because the index is full */
    apr_int64_t unopened;   /* files that could not be opened, and are tried again */
    int directories; /* number of directories, of TLSRPT_SPOOL_DIRECTORIES, completely indexed */
    int more;        /* there is more to do: call again */
} tlsrpt_index_done;

/*
 * Updates the index from the spool: removes expired reports, adds new ones, and removes rows
 * without a file. Works in one transaction until the budget is used up. Directories that did not
 * change cost next to nothing.
 *
 * @param p        scratch
 * @param findings conflicts, files that cannot be read, and problems of the spool
 * @param done     out
 */
const char *tlsrpt_index_update(mta_sts_database *db, tlsrpt_index_task *task, apr_pool_t *p,
                                mta_sts_findings *findings, tlsrpt_index_done *done);

/*
 * Removes all reports of a host from the index, and with the last host everything, so that
 * tlsrpt_index_update reads the whole spool again. Works in one transaction until the budget is
 * used up.
 *
 * @param more out: whether it has to be called again
 */
const char *tlsrpt_index_forget(mta_sts_database *db, const char *host, apr_interval_time_t budget,
                                apr_pool_t *p, int *more);

/*
 * Whether the index has no room: it has a part of the quota of the reports, and leaves the reserve
 * of the disk alone.
 *
 * @param bytes of the database: mta_sts_database_bytes; 0: it is elsewhere, and never full
 * @param quota of the reports, in bytes
 */
int tlsrpt_index_is_full(const tlsrpt_spool *spool, apr_int64_t bytes, apr_int64_t quota);

/* --- sums (sum.c, detail.c) --- */

/* Lists begin with the most important rows, and have at most `max` rows, which may be 0. No list
 * has more rows than these constants, however many names reports invent. */
#define TLSRPT_INDEX_LIST_MAX 2000 /* days, senders, policies seen */
#define TLSRPT_INDEX_CAUSES_MAX 200

/*
 * The same sums as tlsrpt_tally_sum, with some of the domains. filter->since applies to whole days
 * (UTC): for the same numbers it must be the beginning of a day.
 *
 * @param filter NULL: everything
 * @param max    number of domains at most, in the order of tlsrpt_summary; each is summed up
 *               completely
 * @param p      pool of the summary
 */
const char *tlsrpt_index_sum(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                             apr_pool_t *p, tlsrpt_summary **summary);

/* Which parts of the reports about one domain are summed up, for mta-sts ready and the page of a
 * domain (tlsrpt_evidence_is_mta_sts, tlsrpt_evidence_is_about_enforce). */
typedef enum tlsrpt_parts {
    TLSRPT_PARTS_ALL,
    TLSRPT_PARTS_MTA_STS, /* without those under DANE */
    TLSRPT_PARTS_ENFORCE, /* of those, without successful sessions without any policy */
} tlsrpt_parts;

/*
 * The same for some parts of the reports about one domain, which filter->domain names. What counts
 * as reports are then their parts.
 */
const char *tlsrpt_index_sum_parts(mta_sts_database *db, const tlsrpt_filter *filter,
                                   tlsrpt_parts parts, apr_pool_t *p, tlsrpt_summary **summary);

/* All domains together as one, named "*": its causes have no reasons and addresses, and it has no
 * policies seen. filter->domain must be NULL. */
const char *tlsrpt_index_sum_all(mta_sts_database *db, const tlsrpt_filter *filter, apr_pool_t *p,
                                 tlsrpt_domain **all);

/* --- lists (list.c) --- */

/*
 * Domains with their totals: most failed sessions first, then by name; days, senders, causes and
 * policies seen are empty. With filter->domain only that domain, if there are reports about it.
 *
 * @param list out: array of tlsrpt_domain
 */
const char *tlsrpt_index_domains(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                                 apr_pool_t *p, apr_array_header_t **list);

/* A domain with failed sessions. */
typedef struct tlsrpt_index_failing {
    const char *domain;
    apr_int64_t failed, verified_failed; /* sessions; those in verified reports */
} tlsrpt_index_failing;

/* Domains with failed sessions, in the order of tlsrpt_summary: an array of tlsrpt_index_failing.
 * filter->domain must be NULL. */
const char *tlsrpt_index_failing_domains(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                                         apr_pool_t *p, apr_array_header_t **list);

/* A cause with its domain. */
typedef struct tlsrpt_index_cause {
    const char *domain;
    tlsrpt_cause cause; /* from tlsrpt_index_causes it has no senders and addresses, and policies
                           only if they can make a difference to its explanation */
} tlsrpt_index_cause;

/* Causes of all domains or of filter->domain, in the order of tlsrpt_domain: an array of
 * tlsrpt_index_cause.
 *
 * @param has_reasons whether their reasons and policies are read as well, without which they cannot
 *                    be explained
 */
const char *tlsrpt_index_causes(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                                int has_reasons, apr_pool_t *p, apr_array_header_t **list);

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
    const char *organization; /* "" if not specified or unreadable; likewise report_id */
    const char *report_id;
    apr_time_t received, begin, end;
    int verified;
    tlsrpt_index_state state;
    apr_int64_t successful, failed; /* of filter->domain, or of all its domains */
    int is_here;                    /* whether its file is in the spool of this machine */
    int is_only; /* whether it is about filter->domain only; 0 without a domain in the filter */
} tlsrpt_index_report;

/* Reports, the last received first: an array of tlsrpt_index_report. Here filter->since is exact.
 */
const char *tlsrpt_index_last(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                              apr_pool_t *p, apr_array_header_t **list);

/* Where the file of a report is. */
typedef struct tlsrpt_index_place {
    const char *host; /* a machine that has it: this one, if it does; NULL: none is in the index */
    int is_here;      /* whether that is this machine */
    int is_unreadable;
} tlsrpt_index_place;

/*
 * Finds a report by its digest (stored.c).
 *
 * @param only  NULL: any report; else one that is about this domain and about no other: policies
 *              without a domain count as another one
 * @param place out
 */
const char *tlsrpt_index_find(mta_sts_database *db, const char *digest, const char *only,
                              apr_pool_t *p, tlsrpt_index_place *place);

/* How many files of a spool are in the index. */
typedef struct tlsrpt_index_counts {
    apr_int64_t files;      /* all of them */
    apr_int64_t conflicts;  /* that differ from a report that counts */
    apr_int64_t unreadable; /* that cannot be read */
} tlsrpt_index_counts;

/* Counts them, whichever process added them.
 *
 * @param host   as in tlsrpt_index_task
 * @param counts out
 */
const char *tlsrpt_index_count(mta_sts_database *db, const char *host, apr_pool_t *p,
                               tlsrpt_index_counts *counts);

/* When the last report was received.
 *
 * @param domain   NULL: about any domain
 * @param received out: 0 if there is none
 */
const char *tlsrpt_index_received(mta_sts_database *db, const char *domain, apr_time_t *received);

#endif
