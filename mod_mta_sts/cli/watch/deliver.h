/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_DELIVER_H
#define CLI_WATCH_DELIVER_H

#include "cli/watch/look.h"
#include "cli/watch/state.h"

/* The channels to which changes are reported. */
typedef struct cli_watch_channels {
    int as_json;      /* whether standard output is JSON; else text */
    const char *exec; /* a shell command that gets JSON on its standard input, or NULL */
    int exec_seconds; /* maximum time for the command, in seconds */
} cli_watch_channels;

/*
 * Reports the changes to standard output and to the command, and records in the state what was
 * delivered to which channel. Failures of delivery are printed on standard error, once a day while
 * they last.
 *
 * @param look must have been counted (cli_watch_count)
 * @return the exit status
 */
int cli_watch_deliver(cli_watch_state *state, const cli_watch_look *look,
                      const cli_watch_channels *channels);

#endif
