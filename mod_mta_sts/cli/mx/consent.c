/* SPDX-License-Identifier: Apache-2.0 */
/* Asks whether the user agrees with the MX hosts from DNS. */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/common/ask.h"
#include "cli/common/output.h"
#include "cli/mx/call.h"
#include "core/policy/provider.h"

/* The patterns that the change adds only because an MX host in DNS needs them. */
static apr_array_header_t *find_unnamed(const cli_mx_call *call, const cli_mx_plan *plan)
{
    apr_array_header_t *unnamed = apr_array_make(call->p, 2, sizeof(const char *));
    int i;

    for (i = 0; i < plan->missing->nelts; i++) {
        const char *pattern = APR_ARRAY_IDX(plan->missing, i, const char *);

        if (!cli_mx_contains(call->add, pattern)) {
            APR_ARRAY_PUSH(unnamed, const char *) = pattern;
        }
    }
    return unnamed;
}

static void print_hosts(const cli_mx_call *call, const cli_mx_plan *plan,
                        const apr_array_header_t *unnamed)
{
    int i;

    printf(
        "The MX records of %s in DNS%s have hosts that the policy does not cover:\n", call->domain,
        plan->facts->mx.dnssec == MTA_STS_DNSSEC_SECURE ? "" : ", which DNSSEC does not protect,");
    for (i = 0; i < plan->hosts->nelts; i++) {
        const cli_mx_match *host = &APR_ARRAY_IDX(plan->hosts, i, cli_mx_match);
        const char *pattern = mta_sts_provider_pattern(call->p, host->name);

        if (!host->other && cli_mx_contains(unnamed, pattern)) {
            printf("  %s: would be added as \"mx: %s\"\n", cli_printable(call->p, host->name),
                   cli_printable(call->p, pattern));
        }
    }
    puts("Senders deliver mail to the hosts in the policy: add only your own, or your provider's.");
    fflush(stdout);
}

/* The options that name these patterns. */
static const char *options(apr_pool_t *p, const apr_array_header_t *patterns)
{
    const char *text = "";
    int i;

    for (i = 0; i < patterns->nelts; i++) {
        text = apr_pstrcat(p, text, *text ? " " : "", "--add '",
                           APR_ARRAY_IDX(patterns, i, const char *), "'", NULL);
    }
    return text;
}

int cli_mx_consent(const cli_mx_call *call, const cli_mx_plan *plan)
{
    const apr_array_header_t *unnamed = find_unnamed(call, plan);
    cli_answer answer;

    if (!unnamed->nelts) {
        return 1;
    }
    print_hosts(call, plan, unnamed);
    answer = call->is_agreed ? CLI_ANSWER_YES : cli_ask("Add them to the policy?");
    if (answer == CLI_ANSWER_NO) {
        cli_mx_fail("nothing was changed");
    }
    else if (answer == CLI_ANSWER_NOBODY) {
        cli_mx_fail(
            "nothing was changed: there is no terminal to ask on. If these hosts are right, "
            "name them with %s, or accept what DNS has with --yes",
            options(call->p, unnamed));
    }
    return answer == CLI_ANSWER_YES;
}
