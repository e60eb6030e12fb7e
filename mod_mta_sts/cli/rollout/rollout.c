/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/common/database.h"
#include "cli/common/state_dir.h"
#include "cli/common/subcommand.h"
#include "cli/rollout/call.h"
#include "core/base/name.h"
#include "core/hosting/rollout_read.h"

/* Parses a max_age, or 0, which means that no policy was served before. */
static const char *take_max_age(apr_pool_t *p, const cli_option *option, void *target,
                                const char *value)
{
    cli_rollout_call *call = target;

    (void)option;
    call->max_age = 0;
    return strcmp(value, "0") == 0 ? NULL : mta_sts_max_age_parse(p, value, &call->max_age);
}

static const cli_option options[] = {
    {"previous-max-age", 0, "TIME",
     "The largest max_age of policies served before the record began, in seconds or like 30d; 0 if "
     "there were none. Default: it is not known.",
     take_max_age, 0, 0, 0},
    {"format", 0, "text|json", "Output format. Default: text.", cli_take_choice,
     offsetof(cli_rollout_call, as_json), 0, 0},
    CLI_STATE_DIR_OPTION(offsetof(cli_rollout_call, state_dir)),
    CLI_DATABASE_OPTION(offsetof(cli_rollout_call, database)),
    CLI_NAMES_OPTIONS(offsetof(cli_rollout_call, names_options)),
    {0},
};

static cli_rollout_domain *domain_at(const cli_rollout_call *call, int i)
{
    return &APR_ARRAY_IDX(call->domains, i, cli_rollout_domain);
}

/* --- reading the command line; each function returns NULL or what is wrong --- */

static const char *take_domain(cli_rollout_call *call, const char *text)
{
    const char *name,
        *error = mta_sts_name_parse_domain(call->p, cli_option_name(call->p, text), &name);
    int i;

    for (i = 0; !error && i < call->domains->nelts; i++) {
        if (strcmp(domain_at(call, i)->domain, name) == 0) {
            return NULL;
        }
    }
    if (!error) {
        APR_ARRAY_PUSH(call->domains, cli_rollout_domain) = (cli_rollout_domain){.domain = name};
    }
    return error;
}

static const char *take_domains(cli_rollout_call *call, const cli_args *args)
{
    const char *error = args->count ? NULL : "DOMAIN is missing";
    int i;

    for (i = 0; !error && i < args->count; i++) {
        error = take_domain(call, args->list[i]);
    }
    return error;
}

static const char *check_database(const cli_rollout_call *call)
{
    cli_database database;
    const char *error = call->database
                            ? cli_database_find(call->p, call->database, call->state_dir, &database)
                            : NULL;

    return error ? apr_pstrcat(call->p, "--database: ", error, NULL) : NULL;
}

/* --- reading the database --- */

/* Reads all domains in one transaction, so that they are consistent. */
static const char *read_domains(const cli_rollout_call *call, mta_sts_database *db)
{
    mta_sts_rollout_query query = {.host = mta_sts_database_host(db),
                                   .now = call->now,
                                   .max_age = call->max_age < 0 ? NULL : &call->max_age};
    const char *error = mta_sts_database_begin_reading(db);
    int i;

    for (i = 0; !error && i < call->domains->nelts; i++) {
        query.domain = domain_at(call, i)->domain;
        error = mta_sts_rollout_read(db, &query, call->p, &domain_at(call, i)->rollout);
    }
    error = error ? apr_pstrdup(call->p, error) : NULL; /* the database may own the text */
    mta_sts_database_rollback(db);
    return error;
}

static void add_networks(apr_array_header_t *networks, const mta_sts_rollout_policy *policy)
{
    int i;

    for (i = 0; policy && i < policy->networks->nelts; i++) {
        APR_ARRAY_PUSH(networks, const char *) =
            APR_ARRAY_IDX(policy->networks, i, mta_sts_rollout_network).network;
    }
}

static void find_names(cli_rollout_call *call, mta_sts_database *db)
{
    apr_array_header_t *domains = apr_array_make(call->p, 1, sizeof(const char *));
    apr_array_header_t *networks = apr_array_make(call->p, 16, sizeof(const char *));
    int i, k;

    for (i = 0; i < call->domains->nelts; i++) {
        const mta_sts_rollout *rollout = domain_at(call, i)->rollout;

        APR_ARRAY_PUSH(domains, const char *) = domain_at(call, i)->domain;
        add_networks(networks, rollout ? rollout->current : NULL);
        for (k = 0; rollout && k < rollout->earlier->nelts; k++) {
            add_networks(networks, APR_ARRAY_IDX(rollout->earlier, k, mta_sts_rollout_policy *));
        }
    }
    call->names = cli_names_find(call->p, db, &call->names_options, domains, networks);
}

static const char *read_database(cli_rollout_call *call)
{
    const char *dir = cli_state_dir_find(call->state_dir);
    const char *error = cli_state_dir_become_owner(call->p, dir);
    mta_sts_database *db = NULL;

    error = error ? error : cli_database_open(call->p, call->database, call->state_dir, &db);
    if (error) {
        return error;
    }
    if (!db) {
        return apr_psprintf(call->p,
                            "there is no database in %s, so which policies were served is not "
                            "known: run this on the machine whose httpd serves them, or specify "
                            "its --state-dir or --database",
                            dir);
    }
    error = read_domains(call, db);
    if (!error) {
        find_names(call, db);
    }
    mta_sts_database_close(db);
    return error;
}

/* --- the run --- */

/* If copies for one domain are certainly outstanding, it does not matter what is unknown about
 * others. */
static int status_of(const cli_rollout_call *call)
{
    int status = CLI_EXIT_OK, i;

    for (i = 0; i < call->domains->nelts; i++) {
        const int outstanding = cli_rollout_is_outstanding(domain_at(call, i));

        if (outstanding > 0) {
            return CLI_EXIT_WARNING;
        }
        status = outstanding < 0 ? CLI_EXIT_UNKNOWN : status;
    }
    return status;
}

static int run_rollout(apr_pool_t *p, const cli_subcommand *self, int argc, const char *const *argv)
{
    cli_rollout_call call = {.p = p, .now = apr_time_now(), .max_age = -1};
    cli_style style = cli_output_style();
    cli_args args;
    const char *error;

    call.domains = apr_array_make(p, 1, sizeof(cli_rollout_domain));
    error = cli_subcommand_read(p, self, argc, argv, &call, &args);
    if (args.help) {
        return cli_subcommand_help(p, self);
    }
    error = error ? error : take_domains(&call, &args);
    error = error ? error : check_database(&call);
    if (error) {
        return cli_usage_error(self, "%s", error);
    }
    error = read_database(&call);
    if (error) {
        fprintf(stderr, "mta-sts %s: %s\n", self->name, error);
        return CLI_EXIT_UNKNOWN;
    }
    if (call.as_json) {
        cli_rollout_print_json(&call);
    }
    else {
        cli_rollout_print(&call, &style);
    }
    return status_of(&call);
}

const cli_subcommand cli_rollout = {
    .name = "rollout",
    .summary = "say who has fetched a policy, and until when copies of earlier ones may be used",
    .usage = "[OPTION...] DOMAIN...",
    .arguments = "DOMAIN",
    .description =
        "After a change of a policy: which networks have fetched it, until when senders may use "
        "copies of earlier policies, and when it is safe to remove an MX host, to go to a stricter "
        "mode, or to withdraw the policy. The worst case follows from when each policy was last "
        "served; the fetch log (MTASTSFetchLog), where it is complete, gives earlier dates. A "
        "network may contain several senders, so what it fetched need not be all that they have. "
        "Policies served before the record began may have left copies: until these must have "
        "expired, nothing is certain, unless --previous-max-age is given.",
    .exit_statuses = "0 no sender may use an earlier policy any more; 1 some may; 2 wrong usage; 3 "
                     "not known, or the database cannot be read.",
    .options = options,
    .run = run_rollout,
};
