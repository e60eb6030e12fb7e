/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "cli/check/network_option.h"
#include "cli/common/database.h"
#include "cli/common/output.h"
#include "cli/common/state_dir.h"
#include "cli/common/subcommand.h"
#include "cli/watch/compare.h"
#include "cli/watch/deliver.h"

#define RUNS_DEFAULT 2
#define RUNS_MAX 100
#define WAIT_DEFAULT 60 /* seconds */
#define WAIT_MAX 600
#define EXEC_DEFAULT 30 /* seconds */
#define EXEC_MAX 300
#define DAYS_MAX 3650

enum { FORMAT_TEXT, FORMAT_JSON }; /* in the order of the option's value */

/* What the command line requests. */
typedef struct watch_call {
    apr_pool_t *p;
    const cli_subcommand *self;
    cli_watch_request request;
    cli_watch_channels channels; /* its as_json: FORMAT_TEXT... */
    const char *dir;             /* --state, or NULL */
    int runs, wait;
} watch_call;

static const char *take_json(apr_pool_t *p, const cli_option *option, void *target,
                             const char *value)
{
    (void)p;
    (void)option;
    (void)value;
    *(int *)target = FORMAT_JSON;
    return NULL;
}

static const cli_option options[] = {
    {"state", 0, "DIR",
     "The directory that records what was reported; created if missing. Default: " CLI_WATCH_DIR
     " in the module's state directory; without such a directory, "
     "" CLI_WATCH_DIR_ELSEWHERE ".",
     cli_take_text, offsetof(watch_call, dir), 0, 0},
    {"format", 0, "text|json", "Output format. Default: text.", cli_take_choice,
     offsetof(watch_call, channels.as_json), 0, 0},
    {"json", 0, NULL, "The same as --format json.", take_json,
     offsetof(watch_call, channels.as_json), 0, 0},
    {"exec", 0, "COMMAND",
     "If there are changes, also run this shell command, with the JSON on its standard input. If "
     "it fails, the next run reports the changes to it again.",
     cli_take_text, offsetof(watch_call, channels.exec), 0, 0},
    {"exec-timeout", 0, "SECONDS", "Kill COMMAND after this time. Default: 30.", cli_take_number,
     offsetof(watch_call, channels.exec_seconds), 1, EXEC_MAX},
    {"runs", 0, "N",
     "Report a problem that is seen over the network, or its end, only after N runs in a row have "
     "seen it. Default: 2.",
     cli_take_number, offsetof(watch_call, runs), 1, RUNS_MAX},
    {"wait", 0, "SECONDS", "Wait this long for another run to end. Default: 60.", cli_take_number,
     offsetof(watch_call, wait), 0, WAIT_MAX},
    {"hosted", 0, NULL,
     "Without DOMAIN, also watch the hosted domains of this machine (MTASTSHosting).",
     cli_take_flag, offsetof(watch_call, request.with_hosted), 0, 0},
    {"warning", 'w', "DAYS",
     "Report certificates that expire sooner than this. Default: as in mta-sts check.",
     cli_take_number, offsetof(watch_call, request.network.warning_days), 0, DAYS_MAX},
    {"no-network-names", 0, NULL,
     "Look up no names of the networks in the fetch log and in verified reports.", cli_take_flag,
     offsetof(watch_call, request.is_offline), 0, 0},
    CLI_STATE_DIR_OPTION(offsetof(watch_call, request.state_dir)),
    CLI_DATABASE_OPTION(offsetof(watch_call, request.database)),
    CLI_SMTP_OPTIONS(offsetof(watch_call, request.network)),
    CLI_NETWORK_OPTIONS(offsetof(watch_call, request.network)),
    {0},
};

/* --- the command line --- */

static void set_defaults(watch_call *call)
{
    cli_check_options_default(&call->request.network);
    call->request.network.connects = apr_array_make(call->p, 1, sizeof(cli_check_connect));
    call->request.network.progress = cli_progress_if_terminal();
    call->request.domains = cli_check_domains_make(call->p);
    call->channels.exec_seconds = EXEC_DEFAULT;
    call->runs = RUNS_DEFAULT;
    call->wait = WAIT_DEFAULT;
}

/* Returns NULL, or what is wrong. */
static const char *take_arguments(watch_call *call, const cli_args *args)
{
    cli_database database;
    const char *error = NULL;
    int i;

    for (i = 0; !error && i < args->count; i++) {
        error = cli_check_domains_add(call->request.domains, args->list[i]);
    }
    if (!error && args->count && call->request.with_hosted) {
        error = "--hosted cannot be combined with DOMAIN";
    }
    if (!error && call->request.database) {
        error =
            cli_database_find(call->p, call->request.database, call->request.state_dir, &database);
    }
    return error;
}

/* --- the state --- */

/* The directory of the state. As root, the process is the owner of the module's state directory
 * from here on, if that exists. */
static const char *find_dir(watch_call *call, const char **dir)
{
    const char *module = cli_state_dir_find(call->request.state_dir);
    struct stat info;
    int is_there = lstat(module, &info) == 0;

    *dir = call->dir ? call->dir
           : is_there || cli_state_dir_is_named(call->request.state_dir)
               ? apr_pstrcat(call->p, module, "/" CLI_WATCH_DIR, NULL)
               : CLI_WATCH_DIR_ELSEWHERE;
    return is_there ? cli_state_dir_become_owner(call->p, module) : NULL;
}

/* --- reporting --- */

static int fail(const char *format, const char *first, const char *second)
{
    fflush(stdout);
    fputs("mta-sts watch: ", stderr);
    fprintf(stderr, format, first, second);
    fputc('\n', stderr);
    return CLI_EXIT_UNKNOWN;
}

/* Nobody who tries the command shall take its silence for good news. */
static void print_pending(const cli_watch_state *state)
{
    int count = cli_watch_pending(state);

    if (count && isatty(STDERR_FILENO)) {
        fprintf(stderr,
                "mta-sts watch: %d %s seen for the first time; if the next run sees %s, too, it "
                "reports %s (--runs)\n",
                count, count == 1 ? "problem was" : "problems were", count == 1 ? "it" : "them",
                count == 1 ? "it" : "them");
    }
}

/* Each run says it, as its user may read nothing else, with what would have been reported. */
static int fail_to_note(const cli_watch_state *state, const char *error)
{
    const char *unreported = cli_watch_describe_unreported(state);

    return fail("%s: nothing is reported until it can be, since each run would report the same "
                "again; free space there, or specify another directory with --state%s",
                error,
                unreported ? apr_pstrcat(state->p, "; not reported: ", unreported, NULL) : "");
}

static int compare(const watch_call *call, cli_watch_state *state, const cli_watch_look *look)
{
    const char *error;
    int status;

    cli_watch_count(state, look);
    /* What cannot be noted as reported would be reported by each run. */
    error = cli_watch_state_save(state);
    if (error) {
        return fail_to_note(state, error);
    }
    status = cli_watch_deliver(state, look, &call->channels);
    cli_watch_forget(state, look, apr_time_now());
    error = cli_watch_state_save(state);
    if (error) {
        return fail("%s; the next run may report the same again%s", error, "");
    }
    print_pending(state);
    return status;
}

/* --- the run --- */

static int watch(watch_call *call)
{
    cli_watch_look *look = cli_watch_look_make(call->p, call->runs);
    cli_watch_state *state;
    const char *dir, *error = cli_watch_look_network(look, &call->request);

    if (error) {
        cli_usage_error(call->self, "%s", error);
        return CLI_EXIT_UNKNOWN;
    }
    cli_watch_look_reports(look, &call->request);
    cli_watch_look_machine(look, &call->request);
    error = find_dir(call, &dir);
    error = error ? error : cli_watch_state_open(call->p, dir, call->wait, &state);
    if (error) {
        return fail("%s%s", error, "");
    }
    /* Later it is reported once it lasts; at first it shows that the call is not right. */
    return state->deliveries[CLI_WATCH_OUTPUT].is_first && look->problem
               ? fail("%s%s", look->problem,
                      " (without DOMAIN, the domains are those of "
                      "httpd's configuration)")
               : compare(call, state, look);
}

static int run_watch(apr_pool_t *p, const cli_subcommand *self, int argc, const char *const *argv)
{
    watch_call call = {.p = p, .self = self};
    cli_args args;
    const char *error;

    set_defaults(&call);
    error = cli_subcommand_read(p, self, argc, argv, &call, &args);
    if (args.help) {
        return cli_subcommand_help(p, self);
    }
    error = error ? error : take_arguments(&call, &args);
    if (error) {
        cli_usage_error(self, "%s", error);
        return CLI_EXIT_UNKNOWN;
    }
    signal(SIGPIPE, SIG_IGN); /* a reader of the output may be gone */
    return watch(&call);
}

const cli_subcommand cli_watch = {
    .name = "watch",
    .summary = "report what has changed since the last run, for cron and timers",
    .usage = "[OPTION...] [DOMAIN...]",
    .arguments = "DOMAIN",
    .description =
        "Checks what mta-sts check sees, verified TLS reports, the quota of the reports, the "
        "database, hosted domains and key pairs, and compares it with the last run: prints one "
        "line for each problem that is new, with its fix, and one when it is over; nothing if "
        "nothing has changed. What could not be checked counts as unchanged. Without DOMAIN, it "
        "watches all domains in the configuration of this machine's httpd.",
    .exit_statuses = "0 nothing has changed; 1 something has; 2 something critical is new, or a "
                     "problem has become critical; 3 it could not be "
                     "determined or reported, or wrong usage.",
    .options = options,
    .run = run_watch,
};
