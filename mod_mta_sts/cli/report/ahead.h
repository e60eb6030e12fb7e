/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REPORT_AHEAD_H
#define CLI_REPORT_AHEAD_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "tlsrpt/report/read.h"

/*
 * Reads report files ahead, in other threads, while the caller adds up and prints the previous
 * ones. 10,000 gzipped reports take 0.22 s on one processor and 0.13 s on two. Python takes 0.36 s;
 * scripts/bench requires that this takes at most half as long.
 *
 * Only small reports are read ahead, a few hundred at a time, which takes about 8 MiB.
 */
typedef struct cli_ahead cli_ahead;

/*
 * Begins to read with two threads, or with none if the process may use only one processor.
 *
 * @param p     pool of the result
 * @param files of cli_file; must not change until cli_ahead_end
 */
cli_ahead *cli_ahead_start(apr_pool_t *p, const apr_array_header_t *files);

/*
 * Returns the report in a file, read with tlsrpt_limits_default; waits until it has been read. Must
 * be called for each file, in order.
 *
 * @return valid until the next call; NULL: the file was not read ahead, because it is not a report,
 *         is large or damaged, or there are no threads
 */
const tlsrpt_reading *cli_ahead_take(cli_ahead *ahead, int number);

/* Must be called after the last file. */
/* Ends the threads. */
void cli_ahead_end(cli_ahead *ahead);

#endif
