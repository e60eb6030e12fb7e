/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REPORT_AHEAD_H
#define CLI_REPORT_AHEAD_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "tlsrpt/report/read.h"

/*
 * Reads report files on other threads while the caller sums up and prints the earlier ones. On one
 * processor, 10,000 gzipped reports take 0.22 s and Python takes 0.36 s, where scripts/bench
 * requires twice as long. On two processors they take 0.13 s.
 *
 * Only small reports are read ahead, and only some hundred at a time: about 8 MiB.
 */
typedef struct cli_ahead cli_ahead;

/*
 * Begins to read, with two threads; with none if the process may use only one processor.
 *
 * @param p     pool of the result
 * @param files of cli_file; unchanged until cli_ahead_end
 */
cli_ahead *cli_ahead_start(apr_pool_t *p, const apr_array_header_t *files);

/*
 * The report in a file, read within tlsrpt_limits_default. Must be called for each file, in their
 * order. Waits for it.
 *
 * @return until the next call; NULL: it was not read ahead, because the file is no report, or a
 *         large or damaged one, or there are no threads
 */
const tlsrpt_reading *cli_ahead_take(cli_ahead *ahead, int number);

/* Must be called after the last file. */
void cli_ahead_end(cli_ahead *ahead);

#endif
