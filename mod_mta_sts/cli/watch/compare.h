/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_COMPARE_H
#define CLI_WATCH_COMPARE_H

#include "cli/watch/look.h"
#include "cli/watch/state.h"

/*
 * Compares a look with what earlier runs saw and reported. The rules:
 *
 * - Something has begun when it was seen in `needed` runs in a row, and is over when it was not
 * seen in as many. Runs that could not look at it count neither way: what is unknown is as it was.
 * - Each is reported once. What could not be delivered is not noted as reported, so that the next
 *   run reports it again.
 * - What begins for the third time within a day comes and goes: it is reported, and then only when
 *   it has been over for a day.
 */

#define CLI_WATCH_STEADY apr_time_from_sec(86400)
#define CLI_WATCH_STARTS_MAX 3

/*
 * Counts what the look saw, and determines the changes. The state is changed, except for what was
 * reported.
 *
 * @return of cli_watch_change, to be reported
 */
apr_array_header_t *cli_watch_compare(cli_watch_state *state, const cli_watch_look *look);

/* Notes that the changes were reported, in the state. */
void cli_watch_commit(cli_watch_state *state, const apr_array_header_t *changes, apr_time_t now);

/* Removes what is over, and was reported to be over long enough ago to say that it does not come
 * and go. */
void cli_watch_forget(cli_watch_state *state, apr_time_t now);

/* The number of items that were seen once, and are not certain yet. */
int cli_watch_pending(const cli_watch_state *state);

#endif
