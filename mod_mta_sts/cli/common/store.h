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
 * The reports that httpd and `mta-sts import` have stored: the spool in the state directory. This
 * is the one place where a subcommand locates it, becomes the owner of the state directory, and
 * reads it.
 */

/* How a subcommand uses the spool. */
typedef enum cli_store_use {
    CLI_STORE_READ,  /* nothing is created or changed; it is an error if it does not exist */
    CLI_STORE_WRITE, /* missing directories are created */
} cli_store_use;

/*
 * Opens the spool. As root, the process switches permanently to the owner of the state directory.
 *
 * @param p         pool of the spool
 * @param name      of the subcommand, for the error text
 * @param state_dir the value of --state-dir, or NULL
 * @return NULL after printing on standard error why it cannot be opened and what to do
 */
tlsrpt_spool *cli_store_open(apr_pool_t *p, const char *name, const char *state_dir,
                             cli_store_use use);

/*
 * The same for reading, without printing: for a caller that reports errors itself.
 *
 * @param spool out: NULL after an error
 * @return NULL, or why it cannot be opened and what to do
 */
const char *cli_store_open_reader(apr_pool_t *p, const char *state_dir, tlsrpt_spool **spool);

/* The lines that cli_store_print_unreadable prints, as an array of const char *. If many
 * directories cannot be read, not all are listed. */
apr_array_header_t *cli_store_list_unreadable(apr_pool_t *p, const char *state_dir);

/*
 * Looks for directories of reports that cannot be read: missing, unreadable, symbolic links,
 * another user's. They are printed on standard error, not all of them if there are many.
 *
 * @param name, state_dir as for cli_store_open, which must have been called before
 * @return whether there is one, so that finding no reports means nothing
 */
int cli_store_print_unreadable(apr_pool_t *p, const char *name, const char *state_dir);

/* One report of the store; it lives until the visit ends. */
typedef struct cli_store_report {
    const char *path;              /* of its file */
    const tlsrpt_receipt *receipt; /* NULL if there is an error */
    const tlsrpt_reading *reading; /* NULL if there is an error */
    const char *error;             /* why the file cannot be read, or NULL */
    int is_unopened;               /* it cannot even be opened; otherwise it is damaged */
} cli_store_report;

/* @param p scratch; cleared after the visit */
typedef void cli_store_visit(void *data, apr_pool_t *p, const cli_store_report *report);

/* Which reports are visited; 0: all. */
typedef struct cli_store_range {
    apr_time_t since;    /* those that can be about this day (its beginning) or a later one */
    apr_time_t received; /* those that were received at this time or later */
} cli_store_range;

/* Numbers of reports that were not visited. */
typedef struct cli_store_skipped {
    apr_int64_t earlier; /* about earlier days: they were received before */
    apr_int64_t older;   /* received earlier */
} cli_store_skipped;

/*
 * Visits the reports of a range: the verified ones first, so that one that contradicts them does
 * not count (tlsrpt/summary/summary.h), then by time of receipt. Of the others only the header line
 * is read. A visited report can still be about an earlier day: the filter of a summary decides.
 *
 * @param p scratch
 */
cli_store_skipped cli_store_walk(apr_pool_t *p, tlsrpt_spool *spool, const cli_store_range *range,
                                 cli_store_visit *visit, void *data);

#endif
