/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_SHOW_H
#define CLI_WATCH_SHOW_H

#include "cli/watch/state.h"

/* Changes, for people and for programs. changes: of cli_watch_change, not empty. */

/*
 * Prints one line for each change; one that several domains have in common, as where they share a
 * mail server, is one line.
 */
void cli_watch_print(apr_pool_t *p, const apr_array_header_t *changes);

/* The document of mta-sts-watch(1), with a newline at the end; the caller frees it. */
char *cli_watch_to_json(apr_pool_t *p, const cli_watch_state *state,
                        const apr_array_header_t *changes, cli_watch_channel channel,
                        apr_time_t now);

/* The exit status for the changes: 0 none, 1 some, 2 one of them is something critical that began
 * or got worse. */
int cli_watch_status(const apr_array_header_t *changes);

#endif
