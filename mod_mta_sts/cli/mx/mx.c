/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/check/network_option.h"
#include "cli/common/database.h"
#include "cli/common/hosted.h"
#include "cli/common/output.h"
#include "cli/common/state_dir.h"
#include "cli/mx/call.h"
#include "core/base/name.h"

#define WAIT_MAX 3600 /* seconds */

/* Adds an mx pattern in canonical form. */
static const char *take_pattern(apr_pool_t *p, const cli_option *option, void *target,
                                const char *value)
{
    const char *pattern;
    const char *error =
        mta_sts_name_parse_mx(p, cli_option_name(p, value), MTA_STS_NAME_ULABEL, &pattern);

    if (error) {
        return apr_pstrcat(p, "--", option->name, ": ", error, NULL);
    }
    APR_ARRAY_PUSH(*(apr_array_header_t **)target, const char *) = pattern;
    return NULL;
}

static const cli_option options[] = {
    {"add", 0, "HOST",
     "An MX host, or *. and a domain, to add to the policy before its MX record is published. Can "
     "be repeated.",
     take_pattern, offsetof(cli_mx_call, add), 0, 0},
    {"remove", 0, "HOST",
     "An mx to remove from the policy, after its MX record was deleted. Can be repeated.",
     take_pattern, offsetof(cli_mx_call, remove), 0, 0},
    {"apply", 0, NULL,
     "Change the policy: a hosted row, or what mta-sts-setup wrote, which is tested before httpd "
     "is reloaded. Never makes a change that would cause mail to be refused.",
     cli_take_flag, offsetof(cli_mx_call, is_applied), 0, 0},
    {"yes", 'y', NULL,
     "With --apply: add MX hosts that are in DNS and not named with --add, without asking.",
     cli_take_flag, offsetof(cli_mx_call, is_agreed), 0, 0},
    {"wait", 0, "SECONDS",
     "With --apply, for a hosted row: wait up to this long until all machines serve it.",
     cli_take_number, offsetof(cli_mx_call, wait), 1, WAIT_MAX},
    {"format", 0, "text|json", "Output format. Default: text.", cli_take_choice,
     offsetof(cli_mx_call, as_json), 0, 0},
    CLI_STATE_DIR_OPTION(offsetof(cli_mx_call, state_dir)),
    CLI_DATABASE_OPTION(offsetof(cli_mx_call, database)),
    CLI_NETWORK_OPTIONS(offsetof(cli_mx_call, network)),
    {0},
};

/* --- looking --- */

/* Finds the policy of the domain in this machine's httpd; NULL: there is none, or that is not
 * known. */
static const char *find_configured(cli_mx_call *call, cli_mx_plan *plan)
{
    apr_array_header_t *names = apr_array_make(call->p, 1, sizeof(const char *));
    cli_apache_run *run = cli_apache_start(call->p);
    cli_apache *apache = NULL;
    apr_array_header_t *policies;
    const char *error;

    APR_ARRAY_PUSH(names, const char *) = call->domain;
    plan->unread = cli_apache_finish(call->p, run, &apache);
    plan->has_apache = cli_apache_exists(run);
    if (plan->unread) {
        apache = NULL; /* this machine may not serve the domain */
    }
    if (apache && !call->state_dir) {
        call->state_dir = apache->hosting_dir;
    }
    policies = apache ? apache->policies : apr_array_make(call->p, 1, sizeof(cli_apache_policy));
    error = cli_hosted_add(call->p, apache, call->state_dir, names, policies);
    plan->configured = cli_apache_find(policies, call->domain);
    return error;
}

static int is_same(apr_pool_t *p, const mta_sts_policy *a, const mta_sts_policy *b)
{
    apr_size_t len;

    return a && b &&
           strcmp(mta_sts_policy_render(p, a, &len), mta_sts_policy_render(p, b, &len)) == 0;
}

static const char *look(cli_mx_call *call, cli_mx_plan *plan)
{
    apr_array_header_t *domains = apr_array_make(call->p, 1, sizeof(cli_check_domain));
    const mta_sts_policy *served, *configured;
    const cli_check_domain *domain;
    const char *error;

    error = find_configured(call, plan);
    if (error) {
        return error;
    }
    APR_ARRAY_PUSH(domains, cli_check_domain) = (cli_check_domain){.domain = call->domain};
    error = cli_check_run(call->p, &call->network, domains);
    if (error) {
        return error;
    }
    domain = &APR_ARRAY_IDX(domains, 0, cli_check_domain);
    served = domain->result->policy;
    configured = plan->configured ? plan->configured->policy : NULL;
    plan->facts = domain->facts;
    plan->policy = configured ? configured : served;
    plan->is_served = is_same(call->p, served, plan->policy);
    plan->is_other_served = configured && served && !plan->is_served;
    return plan->policy
               ? NULL
               : apr_psprintf(call->p,
                              "there is no valid policy of %s to compare with (a sender %s): "
                              "see mta-sts check %s",
                              call->domain, domain->result->verdict.summary, call->domain);
}

/* --- the run --- */

static const char *take_arguments(cli_mx_call *call, const cli_args *args)
{
    cli_database database;
    const char *error;

    if (args->count != 1) {
        return args->count ? "only one DOMAIN at a time" : "DOMAIN is missing";
    }
    if (call->is_applied && call->as_json) {
        return "--apply cannot be combined with --format json";
    }
    error = call->database ? cli_database_find(call->p, call->database, call->state_dir, &database)
                           : NULL;
    return error ? apr_pstrcat(call->p, "--database: ", error, NULL)
                 : mta_sts_name_parse_domain(call->p, cli_option_name(call->p, args->list[0]),
                                             &call->domain);
}

static int run_plan(const cli_mx_call *call, const cli_mx_plan *plan)
{
    if (call->is_applied && (plan->is_changed || plan->refused->nelts)) {
        return cli_mx_apply(call, plan);
    }
    if (call->as_json) {
        cli_mx_print_json(call, plan);
    }
    else {
        cli_mx_print(call, plan);
    }
    return plan->is_changed || plan->refused->nelts || plan->is_other_served ? CLI_EXIT_INVALID
                                                                             : CLI_EXIT_OK;
}

static int run_mx(apr_pool_t *p, const cli_subcommand *self, int argc, const char *const *argv)
{
    cli_mx_call call = {.p = p,
                        .self = self,
                        .add = apr_array_make(p, 2, sizeof(const char *)),
                        .remove = apr_array_make(p, 2, sizeof(const char *))};
    cli_mx_plan plan = {0};
    cli_args args;
    const char *error;

    cli_check_options_default(&call.network);
    call.network.connects = apr_array_make(p, 1, sizeof(cli_check_connect));
    call.network.no_smtp = 1;
    error = cli_subcommand_read(p, self, argc, argv, &call, &args);
    if (args.help) {
        return cli_subcommand_help(p, self);
    }
    error = error ? error : take_arguments(&call, &args);
    if (error) {
        return cli_usage_error(self, "%s", error);
    }
    error = cli_database_check(p, call.database, call.state_dir);
    error = error ? error : look(&call, &plan);
    if (error) {
        return cli_mx_fail("%s", error);
    }
    cli_mx_find_definition(&call, &plan);
    error = cli_mx_plan_make(&call, &plan);
    return error ? cli_usage_error(self, "%s", error) : run_plan(&call, &plan);
}

const cli_subcommand cli_mx = {
    .name = "mx",
    .summary = "compare MX records and policy, and change the policy in the safe order",
    .usage = "[--add HOST]... [--remove HOST]... [--apply [--yes]] [OPTION...] DOMAIN",
    .arguments = "DOMAIN",
    .description =
        "Compares the MX records of a domain with its policy in both directions, and prints what "
        "to "
        "change, in the order in which no mail is refused: a new MX host is in the policy before "
        "its MX record is published, and a former one is removed from the policy after its MX "
        "record was deleted. --apply changes the policy.",
    .exit_statuses =
        "0 MX records and policy agree, or --apply changed the policy, which is served now (for "
        "a hosted row, the command waits for that only with --wait); 1 they do not agree, the "
        "configured policy is "
        "not the one that is served, nothing was changed, or something could not be determined; 2 "
        "wrong usage.",
    .options = options,
    .run = run_mx,
};
