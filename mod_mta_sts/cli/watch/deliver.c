/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch/deliver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/common/shell.h"
#include "cli/common/subcommand.h"
#include "cli/watch/compare.h"
#include "cli/watch/show.h"
#include "core/base/format.h"

#define AGAIN apr_time_from_sec(86400) /* how often a lasting failure is printed */

/* Returns NULL, or why the changes may not have been delivered. */
static const char *print(const cli_watch_state *state, const apr_array_header_t *changes,
                         int as_json)
{
    const char *error = NULL;

    if (as_json) {
        char *json = cli_watch_to_json(state->p, state, changes, CLI_WATCH_OUTPUT, apr_time_now());

        fputs(json, stdout);
        free(json);
    }
    else {
        cli_watch_print(state->p, changes);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        error = apr_psprintf(state->p, "standard output: %s", strerror(errno));
        clearerr(stdout);
    }
    return error;
}

static const char *run(const cli_watch_state *state, const apr_array_header_t *changes,
                       const cli_watch_channels *channels)
{
    char *json = cli_watch_to_json(state->p, state, changes, CLI_WATCH_EXEC, apr_time_now());
    const char *errors;
    const char *error =
        cli_shell_run(state->p, channels->exec, json, channels->exec_seconds, &errors);

    free(json);
    return error ? apr_pstrcat(state->p, "--exec: ", error, cli_shell_last_line(state->p, errors),
                               NULL)
                 : NULL;
}

/* Prints a failure, but not in each run, because cron sends standard error by mail, too. */
static void note_failure(const cli_watch_state *state, const char *error,
                         cli_watch_delivery *delivery, apr_time_t now)
{
    const char *since = "";

    if (delivery->failing && delivery->failing <= now) {
        since =
            apr_psprintf(state->p, " (since %s)", mta_sts_format_time(state->p, delivery->failing));
    }
    else {
        delivery->failing = now;
    }
    if (delivery->said && delivery->said <= now && now - delivery->said < AGAIN) {
        return;
    }
    fprintf(stderr,
            "mta-sts watch: %s%s; the next run tries to deliver the same changes again (this "
            "message appears once a day)\n",
            error, since);
    delivery->said = now;
}

/* Returns whether the changes were delivered. */
static int finish(cli_watch_state *state, const apr_array_header_t *changes,
                  cli_watch_channel channel, const char *error)
{
    cli_watch_delivery *delivery = &state->deliveries[channel];

    if (error) {
        note_failure(state, error, delivery, apr_time_now());
        return 0;
    }
    delivery->failing = delivery->said = 0;
    cli_watch_commit(state, changes, channel, apr_time_now());
    return 1;
}

/* Without a command, all changes count as reported to it, so that a command that is added later
 * gets only new ones.
 */
static int deliver_to_command(cli_watch_state *state, const cli_watch_look *look,
                              const cli_watch_channels *channels)
{
    apr_array_header_t *changes;

    if (!channels->exec) {
        cli_watch_commit_like(state, CLI_WATCH_EXEC, CLI_WATCH_OUTPUT);
        return 1;
    }
    changes = cli_watch_compare(state, look, CLI_WATCH_EXEC);
    return !changes->nelts || finish(state, changes, CLI_WATCH_EXEC, run(state, changes, channels));
}

int cli_watch_deliver(cli_watch_state *state, const cli_watch_look *look,
                      const cli_watch_channels *channels)
{
    apr_array_header_t *changes = cli_watch_compare(state, look, CLI_WATCH_OUTPUT);
    int has_arrived = !changes->nelts || finish(state, changes, CLI_WATCH_OUTPUT,
                                                print(state, changes, channels->as_json));

    has_arrived = deliver_to_command(state, look, channels) && has_arrived;
    return has_arrived ? cli_watch_status(changes) : CLI_EXIT_UNKNOWN;
}
