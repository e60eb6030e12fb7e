/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <apr_strings.h>

#include "cli/common/output.h"
#include "cli/mx/call.h"
#include "core/base/format.h"

static const char *source_of(const cli_mx_plan *plan)
{
    return !plan->configured             ? "as it is served"
           : plan->configured->is_hosted ? "in the database of this machine"
                                         : "in the configuration of this machine's httpd";
}

/* --- for people --- */

static void print_sign(const cli_style *style, mta_sts_severity severity)
{
    printf("    %s%s%s ", cli_severity_colour(style, severity), cli_severity_sign(style, severity),
           cli_colour_end(style));
}

static void print_hosts(const cli_mx_call *call, const cli_mx_plan *plan, const cli_style *style)
{
    int is_on = plan->policy->mode == MTA_STS_MODE_ENFORCE, i;

    puts("  MX records");
    if (!plan->hosts->nelts) {
        print_sign(style, plan->is_mx_known ? MTA_STS_INFO : MTA_STS_UNKNOWN);
        puts(plan->is_mx_known ? "none" : "could not be looked up");
    }
    for (i = 0; i < plan->hosts->nelts; i++) {
        const cli_mx_match *host = &APR_ARRAY_IDX(plan->hosts, i, cli_mx_match);

        print_sign(style, host->other ? MTA_STS_OK : is_on ? MTA_STS_ERROR : MTA_STS_WARNING);
        printf("%s: ", cli_printable(call->p, host->name));
        if (host->other) {
            printf("covered by \"mx: %s\"\n", cli_printable(call->p, host->other));
        }
        else {
            printf("no mx of the policy covers it: in mode enforce, senders %s not deliver to it\n",
                   is_on ? "do" : "would");
        }
    }
}

static void print_patterns(const cli_mx_call *call, const cli_mx_plan *plan, const cli_style *style)
{
    int i;

    printf("  Policy, %s: mode %s\n", source_of(plan), mta_sts_mode_name(plan->policy->mode));
    for (i = 0; i < plan->patterns->nelts; i++) {
        const cli_mx_match *pattern = &APR_ARRAY_IDX(plan->patterns, i, cli_mx_match);

        const char *name = cli_printable(call->p, pattern->name);

        print_sign(style, pattern->other ? MTA_STS_OK : MTA_STS_INFO);
        if (pattern->other) {
            printf("mx: %s\n", name);
        }
        else {
            printf("mx: %s: no MX record matches it: a future MX host, or a former one (--remove "
                   "%s)\n",
                   name, name);
        }
    }
}

static void print_refused(const cli_mx_call *call, const cli_mx_plan *plan, const cli_style *style)
{
    int i;

    for (i = 0; i < plan->refused->nelts; i++) {
        print_sign(style, MTA_STS_ERROR);
        printf("%s\n", cli_printable(call->p, APR_ARRAY_IDX(plan->refused, i, const char *)));
    }
}

void cli_mx_print(const cli_mx_call *call, const cli_mx_plan *plan)
{
    const apr_array_header_t *steps = cli_mx_steps(call, plan);
    cli_style style = cli_output_style();
    int i;

    printf("%s\n", cli_domain_text(call->p, &style, call->domain));
    print_hosts(call, plan, &style);
    print_patterns(call, plan, &style);
    if (plan->configured && !plan->is_served) {
        print_sign(&style, MTA_STS_WARNING);
        printf("this is not the policy that is served now: see mta-sts check %s\n", call->domain);
    }
    if (!steps->nelts && !plan->refused->nelts) {
        puts("  Nothing to change");
        return;
    }
    puts("  What to do, in this order");
    print_refused(call, plan, &style);
    for (i = 0; i < steps->nelts; i++) {
        printf("    %d. %s\n", i + 1, APR_ARRAY_IDX(steps, i, const char *));
    }
}

/* --- for programs --- */

static json_t *matches_to_json(const apr_array_header_t *list, const char *name, const char *other)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < list->nelts; i++) {
        const cli_mx_match *one = &APR_ARRAY_IDX(list, i, cli_mx_match);

        json_array_append_new(array, json_pack("{s:s, s:s?}", name, one->name, other, one->other));
    }
    return array;
}

void cli_mx_print_json(const cli_mx_call *call, const cli_mx_plan *plan)
{
    json_t *changed =
        plan->is_changed && plan->id
            ? json_pack("{s:o, s:s}", "policy", cli_policy_to_json(&plan->changed), "id", plan->id)
            : json_null();

    cli_print_json(json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s?, s:o}", "domain", call->domain, "source",
        !plan->configured             ? "served"
        : plan->configured->is_hosted ? "database"
                                      : "httpd",
        "policy", cli_policy_to_json(plan->policy), "mx_records",
        matches_to_json(plan->hosts, "host", "pattern"), "mx_patterns",
        matches_to_json(plan->patterns, "pattern", "host"), "change", changed, "refused",
        cli_strings_to_json(plan->refused), "by_hand", plan->by_hand, "steps",
        cli_strings_to_json(cli_mx_steps(call, plan))));
}
