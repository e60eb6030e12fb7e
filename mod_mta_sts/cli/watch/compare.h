/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_COMPARE_H
#define CLI_WATCH_COMPARE_H

#include "cli/watch/look.h"
#include "cli/watch/state.h"

/*
 * Compares the observations of a run (cli_watch_look) with what earlier runs observed and reported.
 * The rules:
 *
 * - A problem has begun when it was observed in `needed` consecutive runs, and is over when it
 *   was not observed in as many. Runs that could not check it do not count: what is unknown is
 *   unchanged.
 * - Each change is reported once to each channel. If it could not be delivered to one, it is not
 *   recorded as reported there, so that the next run tries again; the other channel does not get
 *   it twice.
 * - A problem that gets worse is reported again, also if it was as severe before, and less
 *   severe in the meantime.
 * - A problem that begins, or gets worse again, for the third time within a day is flapping:
 *   this is reported; after that, it is reported only when it is worse than ever, or has been
 *   over for a day.
 */

#define CLI_WATCH_STEADY apr_time_from_sec(86400)

/* Updates the counters in the state from the observations. Must be called once per run, before
 * cli_watch_compare. */
void cli_watch_count(cli_watch_state *state, const cli_watch_look *look);

/*
 * Determines the changes that have not been reported to a channel yet.
 *
 * @return array of cli_watch_change, to be reported
 */
apr_array_header_t *cli_watch_compare(cli_watch_state *state, const cli_watch_look *look,
                                      cli_watch_channel channel);

/* Records in the state that the changes were reported to a channel. */
void cli_watch_commit(cli_watch_state *state, const apr_array_header_t *changes,
                      cli_watch_channel channel, apr_time_t now);

/* For a channel that does not exist in this run, records the same as reported as for another
 * channel. */
void cli_watch_commit_like(cli_watch_state *state, cli_watch_channel channel,
                           cli_watch_channel other);

/* Removes problems that were reported as over long enough ago to rule out flapping, and domains
 * that are no longer watched, once that was reported to all channels. */
void cli_watch_forget(cli_watch_state *state, const cli_watch_look *look, apr_time_t now);

/* The number of items that were observed, but not in enough runs to be certain. */
int cli_watch_pending(const cli_watch_state *state);

/* Describes the problems that were not reported to the output: "2 problems, 1 critical:
 * example.com: MESSAGE [ID]"; NULL if there are none. Includes problems that are not certain yet,
 * because they cannot become certain if the state cannot be stored.
 */
const char *cli_watch_describe_unreported(const cli_watch_state *state);

/* Whether an earlier run found a domain in httpd's configuration, and it is no longer there. */
int cli_watch_is_dropped(const cli_watch_state *state, const cli_watch_look *look,
                         const char *domain);

/* Counts the open problems that were reported to a channel: a hash of domain -> int *. */
apr_hash_t *cli_watch_count_open(const cli_watch_state *state, cli_watch_channel channel);

#endif
