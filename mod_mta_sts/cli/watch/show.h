/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_SHOW_H
#define CLI_WATCH_SHOW_H

#include "cli/watch/state.h"

/* Prints changes for people and for programs. changes: array of cli_watch_change, not empty. */

/*
 * Prints one line for each change; the same change of several domains, for example because they
 * share a mail server, is printed as one line.
 */
void cli_watch_print(apr_pool_t *p, const apr_array_header_t *changes);

/* Renders the JSON document of mta-sts-watch(1), with a newline at the end; the caller frees it. */
char *cli_watch_to_json(apr_pool_t *p, const cli_watch_state *state,
                        const apr_array_header_t *changes, cli_watch_channel channel,
                        apr_time_t now);

/* The exit status for the changes: 0 if there are none, 2 if something critical has begun or got
 * worse, else 1. */
int cli_watch_status(const apr_array_header_t *changes);

#endif
