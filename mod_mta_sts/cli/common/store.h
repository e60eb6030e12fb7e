/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_STORE_H
#define CLI_COMMON_STORE_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "tlsrpt/report/read.h"
#include "tlsrpt/report/report.h"
#include "tlsrpt/spool/spool.h"

/*
 * The reports that httpd and `mta-sts import` have stored: the spool in the state directory. Only
 * this code locates the spool for a subcommand, becomes the owner of the state directory, and reads
 * the spool.
 */

/* How a subcommand uses the spool. */
typedef enum cli_store_use {
    CLI_STORE_READ,  /* nothing is created or changed; a missing spool is an error */
    CLI_STORE_WRITE, /* missing directories are created */
} cli_store_use;

/*
 * Opens the spool. As root, the process switches permanently to the owner of the state directory.
 *
 * @param p         pool of the spool
 * @param name      of the subcommand, for the error text
 * @param state_dir the value of --state-dir, or NULL
 * @return NULL after printing on standard error why it cannot be opened, and what to do
 */
tlsrpt_spool *cli_store_open(apr_pool_t *p, const char *name, const char *state_dir,
                             cli_store_use use);

/*
 * The same for reading, without printing: for a caller that reports errors itself.
 *
 * @param spool out: NULL after an error
 * @return NULL, or why it cannot be opened, and what to do
 */
const char *cli_store_open_reader(apr_pool_t *p, const char *state_dir, tlsrpt_spool **spool);

/* The lines that cli_store_print_unreadable prints, as an array of const char *. If many
 * directories cannot be read, not all are listed. */
apr_array_header_t *cli_store_list_unreadable(apr_pool_t *p, const char *state_dir);

/*
 * Prints the directories of reports that cannot be read on standard error: those that are missing,
 * unreadable, symbolic links, or owned by another user. If there are many, not all are printed.
 *
 * @param name, state_dir as for cli_store_open, which must have been called before
 * @return whether there are any, in which case the absence of reports is inconclusive
 */
int cli_store_print_unreadable(apr_pool_t *p, const char *name, const char *state_dir);

/* One report of the store, which is valid only during the visit. */
typedef struct cli_store_report {
    const char *path;              /* of its file */
    const tlsrpt_receipt *receipt; /* NULL if there is an error */
    const tlsrpt_reading *reading; /* NULL if there is an error */
    const char *error;             /* why the file cannot be read, or NULL */
    int is_unopened; /* after an error: whether the file could not be opened; if 0, it is damaged */
} cli_store_report;

/* @param p scratch; cleared after the visit */
typedef void cli_store_visit(void *data, apr_pool_t *p, const cli_store_report *report);

/* Selects the reports to visit; 0 selects all. */
typedef struct cli_store_range {
    apr_time_t since;    /* the beginning of a day: selects reports that may be about this day or a
                            later one */
    apr_time_t received; /* selects reports that were received at this time or later */
} cli_store_range;

/* Numbers of reports that were not visited. */
typedef struct cli_store_skipped {
    apr_int64_t earlier; /* number of reports about earlier days, because they were received
                            before */
    apr_int64_t older;   /* number of reports that were received before `received` */
} cli_store_skipped;

/*
 * Visits the reports of a range: verified ones first, so that reports that contradict them do not
 * count (tlsrpt/summary/summary.h), then by time of receipt. Of all other reports, only the header
 * line is read. A visited report may still be about an earlier day: the filter of the summary
 * decides.
 *
 * @param p scratch
 */
cli_store_skipped cli_store_walk(apr_pool_t *p, tlsrpt_spool *spool, const cli_store_range *range,
                                 cli_store_visit *visit, void *data);

#endif
