/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_STORE_H
#define CLI_COMMON_STORE_H

#include <apr_pools.h>
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
 * Looks for directories of reports that cannot be read: missing, unreadable, symbolic links,
 * another user's. The first one is printed on standard error.
 *
 * @param name, state_dir as for cli_store_open, which must have been called before
 * @return whether there is one, so that finding no reports means nothing
 */
int cli_store_find_closed(apr_pool_t *p, const char *name, const char *state_dir);

/* One report of the store; it lives until the visit ends. */
typedef struct cli_store_report {
    const char *path;              /* of its file */
    const tlsrpt_receipt *receipt; /* NULL if there is an error */
    const tlsrpt_reading *reading; /* NULL if there is an error */
    const char *error;             /* why the file cannot be read, or NULL */
} cli_store_report;

/* @param p scratch; cleared after the visit */
typedef void cli_store_visit(void *data, apr_pool_t *p, const cli_store_report *report);

/*
 * Visits every report received at or after a time: verified ones first, so that a report that
 * contradicts one of them does not count (tlsrpt/summary/summary.h), then by time of receipt. Only
 * the header line is read of all others.
 *
 * @param p     scratch
 * @param since 0: all
 * @return number of reports left out because they are older
 */
apr_int64_t cli_store_walk(apr_pool_t *p, tlsrpt_spool *spool, apr_time_t since,
                           cli_store_visit *visit, void *data);

#endif
