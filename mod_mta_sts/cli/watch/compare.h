/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_COMPARE_H
#define CLI_WATCH_COMPARE_H

#include "cli/watch/look.h"
#include "cli/watch/state.h"

/*
 * Compares a look with what earlier runs saw and reported. The rules:
 *
 * - Something has begun when it was seen in `needed` runs in a row, and is over when it was not
 *   seen in as many. Runs that could not look at it count neither way: what is unknown is as it
 * was.
 * - Each is reported once to each channel. What could not be delivered to one is not noted as
 *   reported there, so that the next run tries again; the other channel does not hear it twice.
 * - What gets worse is reported again; also if it was as bad before, and less severe since.
 * - What begins, or gets worse again, for the third time within a day comes and goes: it is
 *   reported, and then only when it is worse than ever, or has been over for a day.
 */

#define CLI_WATCH_STEADY apr_time_from_sec(86400)

/* Counts what the look saw, in the state. To be called once a run, before cli_watch_compare. */
void cli_watch_count(cli_watch_state *state, const cli_watch_look *look);

/*
 * Determines the changes that were not reported to a channel yet.
 *
 * @return of cli_watch_change, to be reported
 */
apr_array_header_t *cli_watch_compare(cli_watch_state *state, const cli_watch_look *look,
                                      cli_watch_channel channel);

/* Notes that the changes were reported to a channel, in the state. */
void cli_watch_commit(cli_watch_state *state, const apr_array_header_t *changes,
                      cli_watch_channel channel, apr_time_t now);

/* Notes for a channel that does not exist in this run what was reported to another one. */
void cli_watch_commit_like(cli_watch_state *state, cli_watch_channel channel,
                           cli_watch_channel other);

/* Removes what is over, and was reported to be over long enough ago to say that it does not come
 * and go; and domains that are not watched any more, when all channels know that. */
void cli_watch_forget(cli_watch_state *state, const cli_watch_look *look, apr_time_t now);

/* The number of items that were seen once, and are not certain yet. */
int cli_watch_pending(const cli_watch_state *state);

/* What was not reported to the output: "2 problems, 1 critical: example.com: MESSAGE [ID]";
 * NULL if nothing. Also what is not certain yet, since it cannot become so where nothing is stored.
 */
const char *cli_watch_describe_unreported(const cli_watch_state *state);

/* Whether a domain was found in httpd's configuration by an earlier run, and is not there now. */
int cli_watch_is_dropped(const cli_watch_state *state, const cli_watch_look *look,
                         const char *domain);

/* Domains with problems that were reported to a channel and are not over: name -> int *, their
 * number. */
apr_hash_t *cli_watch_count_open(const cli_watch_state *state, cli_watch_channel channel);

#endif
