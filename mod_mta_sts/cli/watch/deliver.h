/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_DELIVER_H
#define CLI_WATCH_DELIVER_H

#include "cli/watch/look.h"
#include "cli/watch/state.h"

/* How changes are reported. */
typedef struct cli_watch_channels {
    int as_json;      /* standard output; else text */
    const char *exec; /* a shell command that gets JSON, or NULL */
    int exec_seconds; /* that it may take */
} cli_watch_channels;

/*
 * Reports the changes to standard output and to the command, and notes in the state what arrived
 * where. That something does not arrive is said on standard error, once a day while it lasts.
 *
 * @param look was counted (cli_watch_count)
 * @return the exit status
 */
int cli_watch_deliver(cli_watch_state *state, const cli_watch_look *look,
                      const cli_watch_channels *channels);

#endif
