/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ready/call.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/common/database.h"
#include "cli/check/network_option.h"
#include "cli/common/state_dir.h"
#include "core/database/database.h"
#include "core/base/name.h"

#define DAYS_MAX 3650
#define SENDERS_MAX 1000

/* --- reading the command line; each function returns NULL or what is wrong --- */

static const char *take_since(apr_pool_t *p, const cli_option *option, void *target,
                              const char *value)
{
    cli_ready_call *call = target;

    (void)option;
    return cli_option_since(p, value, call->limits.now, &call->since);
}

static const cli_option options[] = {
    {"days", 0, "N",
     "Require reports covering N days, and no failure of your own servers in the last N days. "
     "Default: 14.",
     cli_take_number, offsetof(cli_ready_call, limits.days), 1, DAYS_MAX},
    {"senders", 0, "N", "Require reports from N senders. Default: 2.", cli_take_number,
     offsetof(cli_ready_call, limits.senders), 1, SENDERS_MAX},
    {"since", 0, "TIME",
     "Count reports about the days since then: 12h, 30d, 4w, 2026-05-11 or all. Default: 30d.",
     take_since, 0, 0, 0},
    CLI_STATE_DIR_OPTION(offsetof(cli_ready_call, state_dir)),
    CLI_DATABASE_OPTION(offsetof(cli_ready_call, database)),
    {"policy", 0, "FILE",
     "A policy that was served, with which those in reports are compared. Can be repeated; the "
     "first is the current policy if that cannot be fetched.",
     cli_take_texts, offsetof(cli_ready_call, files), 0, 0},
    {"format", 0, "text|json", "Output format. Default: text.", cli_take_choice,
     offsetof(cli_ready_call, as_json), 0, 0},
    {"no-check", 0, NULL, "Do not check the live deployment; use only the reports.", cli_take_flag,
     offsetof(cli_ready_call, no_check), 0, 0},
    {"before-id", 0, NULL,
     "Assume that the id of the served policy is not published yet: DNS may still have an earlier "
     "id, so mode enforce is not in effect. For publish-id.",
     cli_take_flag, offsetof(cli_ready_call, limits.is_before_id), 0, 0},
    CLI_SMTP_OPTIONS(offsetof(cli_ready_call, network)),
    CLI_NETWORK_OPTIONS(offsetof(cli_ready_call, network)),
    {0},
};

const char *cli_ready_add(cli_ready_call *call, const char *text)
{
    const char *name,
        *error = mta_sts_name_parse_domain(call->p, cli_option_name(call->p, text), &name);
    cli_ready_domain *domain;

    if (error || apr_hash_get(call->by_name, name, APR_HASH_KEY_STRING)) {
        return error;
    }
    domain = apr_pcalloc(call->p, sizeof(*domain));
    domain->domain = name;
    APR_ARRAY_PUSH(call->domains, cli_ready_domain *) = domain;
    apr_hash_set(call->by_name, name, APR_HASH_KEY_STRING, domain);
    return NULL;
}

static const char *take_domains(cli_ready_call *call, const cli_args *args)
{
    const char *error = args->count ? NULL : "DOMAIN is missing";
    int i;

    for (i = 0; !error && i < args->count; i++) {
        error = cli_ready_add(call, args->list[i]);
    }
    return error;
}

/* Rejects invalid combinations of options. */
static const char *check_call(const cli_ready_call *call)
{
    cli_database database;
    const char *error = call->database
                            ? cli_database_find(call->p, call->database, call->state_dir, &database)
                            : NULL;

    if (call->since > cli_option_days_ago(call->limits.now, call->limits.days)) {
        return apr_psprintf(call->p,
                            "--days %d requires more days than --since covers: choose an earlier "
                            "--since, or fewer --days",
                            call->limits.days);
    }
    return error ? apr_pstrcat(call->p, "--database: ", error, NULL) : NULL;
}

/* --- the run --- */

void cli_ready_set_defaults(cli_ready_call *call)
{
    apr_pool_t *p = call->p;

    cli_check_options_default(&call->network);
    call->network.connects = apr_array_make(p, 1, sizeof(cli_check_connect));
    call->network.progress = cli_progress_if_terminal();
    call->files = apr_array_make(p, 1, sizeof(const char *));
    call->domains = apr_array_make(p, 1, sizeof(cli_ready_domain *));
    call->by_name = apr_hash_make(p);
    call->limits.now = apr_time_now();
    call->limits.days = TLSRPT_READINESS_DAYS;
    call->limits.senders = TLSRPT_READINESS_SENDERS;
    call->since = cli_option_days_ago(call->limits.now, TLSRPT_READINESS_SINCE);
}

static int run_ready(apr_pool_t *p, const cli_subcommand *self, int argc, const char *const *argv)
{
    static const int statuses[] = {
        [TLSRPT_READY_YES] = CLI_EXIT_OK,
        [TLSRPT_READY_NOT_YET] = CLI_EXIT_WARNING,
        [TLSRPT_READY_NO] = CLI_EXIT_CRITICAL,
        [TLSRPT_READY_UNKNOWN] = CLI_EXIT_UNKNOWN,
    };
    cli_ready_call call = {.p = p};
    cli_style style = cli_output_style();
    cli_args args;
    const char *error;

    cli_ready_set_defaults(&call);
    error = cli_subcommand_read(p, self, argc, argv, &call, &args);
    if (args.help) {
        return cli_subcommand_help(p, self);
    }
    error = error ? error : take_domains(&call, &args);
    error = error ? error : check_call(&call);
    if (error) {
        cli_usage_error(self, "%s", error);
        return CLI_EXIT_UNKNOWN;
    }
    if (cli_ready_gather(self, &call) != CLI_EXIT_OK) {
        return CLI_EXIT_UNKNOWN;
    }
    if (call.as_json) {
        cli_ready_print_json(&call);
    }
    else {
        cli_ready_print(&call, &style);
    }
    return statuses[cli_ready_worst(&call)];
}

const cli_subcommand cli_ready = {
    .name = "ready",
    .summary = "say whether it is safe to switch to enforce, and what is missing",
    .usage = "[OPTION...] DOMAIN...",
    .arguments = "DOMAIN",
    .description =
        "Says whether it is safe to switch from mode testing to mode enforce, with the evidence: "
        "the stored TLS reports, and the state of the live deployment (as in mta-sts check). If "
        "it is safe, it prints the line to change; if not, what is missing, in order. If mode "
        "enforce is already on, it says whether that is safe.",
    .exit_statuses = "0 ready, or mode enforce is on and safe; 1 not yet; 2 mode enforce would "
                     "delay or bounce mail, or does; 3 could not be determined, or wrong usage.",
    .options = options,
    .run = run_ready,
};
