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
 * The index: the contents of the reports in the spool, stored in the database with sums for each
 * day, so that a page about a million reports is rendered quickly. The spool is authoritative; the
 * index follows it, corrects itself, and can be rebuilt at any time.
 *
 * Each variant of an identity (tlsrpt_report_key) counts once: the first report with it, by time of
 * receipt. Unverified variants count only while the identity has no verified report. All other
 * reports are stored as well, as duplicates (same bytes) or conflicts (different bytes).
 *
 * Functions that use the database return NULL, or an error (core/database/database.h).
 */

/* --- updating (update.c, expire.c, forget.c) --- */

/* The parameters of an update of the index, and its progress. */
typedef struct tlsrpt_index_task {
    tlsrpt_spool *spool;
    const char *host; /* name of the machine with this spool: mta_sts_database_host.
                         Not used with SQLite, whose database has only one spool */
    int keep_days;    /* reports received more than this many days ago are removed; 0: reports are
                         never removed */
    tlsrpt_clock *clock; /* shared by all processes that update this index in turn; checked
                            before reports are removed or their dates of receipt are
                            corrected. NULL: the date is trusted */
    int is_full; /* whether the disk space for the index is used up, so that reports are removed but
                    not added */
    apr_interval_time_t budget; /* time after which a call returns, in microseconds */
    int (*is_ending)(void *);   /* called before each report; returns whether to return at once. May
                                   be NULL */
    void *baton;                /* for is_ending */

    /* Progress, private to the index; initially all 0. */
    int directory;
    apr_time_t swept;
    apr_int64_t removed;
} tlsrpt_index_task;

/* What one call of tlsrpt_index_update did. */
typedef struct tlsrpt_index_done {
    apr_int64_t added;      /* reports added to the index */
    apr_int64_t gone;       /* rows removed because their file no longer exists */
    apr_int64_t expired;    /* reports whose file and row were removed because they expired */
    apr_int64_t conflicts;  /* of those added: reports that differ from a report with the same
                               identity */
    apr_int64_t unreadable; /* of those added: reports that cannot be read and so do not count */
    apr_int64_t left_out;   /* files that were not added because the index is full */
    apr_int64_t unopened;   /* files that could not be opened, and will be tried again */
    int directories; /* number of directories, of TLSRPT_SPOOL_DIRECTORIES, completely indexed */
    int more;        /* whether there is more to do, so that the caller has to call again */
} tlsrpt_index_done;

/*
 * Updates the index from the spool: removes expired reports, adds new ones, and removes rows
 * without a file. Works in one transaction until the time budget is used up. Directories that have
 * not changed cost almost nothing.
 *
 * @param p        scratch
 * @param findings conflicts, files that cannot be read, and problems of the spool are added here
 * @param done     out
 */
const char *tlsrpt_index_update(mta_sts_database *db, tlsrpt_index_task *task, apr_pool_t *p,
                                mta_sts_findings *findings, tlsrpt_index_done *done);

/*
 * Removes all reports of a host from the index (and after the last host everything), so that
 * tlsrpt_index_update reads the whole spool again. Works in one transaction until the time budget
 * is used up.
 *
 * @param more out: whether it has to be called again
 */
const char *tlsrpt_index_forget(mta_sts_database *db, const char *host, apr_interval_time_t budget,
                                apr_pool_t *p, int *more);

/*
 * Whether the index must not grow: it has used up its share of the quota of the reports, or only
 * the reserve of the disk is left.
 *
 * @param bytes size of the database: mta_sts_database_bytes; 0: it is on another machine, and so
 *              never full
 * @param quota of the reports, in bytes
 */
int tlsrpt_index_is_full(const tlsrpt_spool *spool, apr_int64_t bytes, apr_int64_t quota);

/* --- sums (sum.c, detail.c) --- */

/* Lists begin with the most important rows, and have at most `max` rows, which may be 0. No list
 * has more rows than these constants, so that made-up names in reports cannot make it longer. */
#define TLSRPT_INDEX_LIST_MAX 2000 /* days, senders, policies seen */
#define TLSRPT_INDEX_CAUSES_MAX 200

/*
 * Computes the same sums as tlsrpt_tally_sum, for some of the domains. filter->since applies to
 * whole days (UTC); for the same numbers it must be the beginning of a day.
 *
 * @param filter NULL: everything
 * @param max    maximum number of domains, in the order of tlsrpt_summary; their sums are complete
 * @param p      pool of the summary
 */
const char *tlsrpt_index_sum(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                             apr_pool_t *p, tlsrpt_summary **summary);

/* Which parts of the reports about one domain are added up, for mta-sts ready and the page of a
 * domain (tlsrpt_evidence_is_mta_sts, tlsrpt_evidence_is_about_enforce). */
typedef enum tlsrpt_parts {
    TLSRPT_PARTS_ALL,
    TLSRPT_PARTS_MTA_STS, /* without policies under DANE */
    TLSRPT_PARTS_ENFORCE, /* also without successful sessions that had no policy */
} tlsrpt_parts;

/*
 * The same for some parts of the reports about one domain, filter->domain. Numbers of reports are
 * then numbers of parts.
 */
const char *tlsrpt_index_sum_parts(mta_sts_database *db, const tlsrpt_filter *filter,
                                   tlsrpt_parts parts, apr_pool_t *p, tlsrpt_summary **summary);

/* Adds up all domains as one, named "*", whose causes have no reasons or addresses, and which has
 * no seen policies. filter->domain must be NULL. */
const char *tlsrpt_index_sum_all(mta_sts_database *db, const tlsrpt_filter *filter, apr_pool_t *p,
                                 tlsrpt_domain **all);

/* --- lists (list.c) --- */

/*
 * Lists domains with their totals: those with most failed sessions first, then by name. Their days,
 * senders, causes and seen policies are empty. With filter->domain only that domain is listed, if
 * there are reports about it.
 *
 * @param list out: array of tlsrpt_domain
 */
const char *tlsrpt_index_domains(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                                 apr_pool_t *p, apr_array_header_t **list);

/* A domain with failed sessions. */
typedef struct tlsrpt_index_failing {
    const char *domain;
    apr_int64_t failed, verified_failed; /* number of failed sessions; those in verified reports */
} tlsrpt_index_failing;

/* Lists domains with failed sessions, in the order of tlsrpt_summary. list: out: array of
 * tlsrpt_index_failing. filter->domain must be NULL. */
const char *tlsrpt_index_failing_domains(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                                         apr_pool_t *p, apr_array_header_t **list);

/* A cause with its domain. */
typedef struct tlsrpt_index_cause {
    const char *domain;
    tlsrpt_cause cause; /* without senders and addresses; has policies only if they can make a
                           difference to its explanation */
} tlsrpt_index_cause;

/* Lists causes of all domains or of filter->domain, in the order of tlsrpt_domain. list: out: array
 * of tlsrpt_index_cause.
 *
 * @param has_reasons whether to read their reasons and policies as well, without which they cannot
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
    const char *channel;      /* the channel of its receipt */
    const char *organization; /* "" if not specified or unreadable; likewise report_id */
    const char *report_id;
    apr_time_t received, begin, end;
    int verified;
    tlsrpt_index_state state;
    apr_int64_t successful, failed; /* sessions of filter->domain, or of all domains in the
                                       report */
    int is_here;                    /* whether its file is in the spool of this machine */
    int is_only; /* whether it is about filter->domain only; 0 if the filter has no domain */
} tlsrpt_index_report;

/* Lists reports, the one received last first. list: out: array of tlsrpt_index_report. Here,
 * filter->since is not rounded to days. */
const char *tlsrpt_index_last(mta_sts_database *db, const tlsrpt_filter *filter, int max,
                              apr_pool_t *p, apr_array_header_t **list);

/* Where the file of a report is. */
typedef struct tlsrpt_index_location {
    const char *host; /* a machine that has the file, preferably this one; NULL: the report is not
                         in the index */
    int is_here;      /* whether `host` is this machine */
    int is_unreadable;
} tlsrpt_index_location;

/*
 * Finds the file of a report by its digest (stored.c).
 *
 * @param only  NULL: any report; else only a report that is about this domain and no other; a
 *              policy without a domain counts as another domain
 * @param location out
 */
const char *tlsrpt_index_find(mta_sts_database *db, const char *digest, const char *only,
                              apr_pool_t *p, tlsrpt_index_location *location);

/* The numbers of files of a spool that are in the index. */
typedef struct tlsrpt_index_counts {
    apr_int64_t files;      /* all of them */
    apr_int64_t conflicts;  /* files that differ from a report that counts */
    apr_int64_t unreadable; /* that cannot be read */
} tlsrpt_index_counts;

/* Counts the files, no matter which process added them.
 *
 * @param host   as in tlsrpt_index_task
 * @param counts out
 */
const char *tlsrpt_index_count(mta_sts_database *db, const char *host, apr_pool_t *p,
                               tlsrpt_index_counts *counts);

/* Reads when the last report was received.
 *
 * @param domain   only reports about this domain; NULL: about any domain
 * @param received out: 0 if there is none
 */
const char *tlsrpt_index_received(mta_sts_database *db, const char *domain, apr_time_t *received);

#endif
