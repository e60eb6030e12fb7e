/* SPDX-License-Identifier: Apache-2.0 */
/* The output for people. */
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/common/wrap.h"
#include "cli/common/command.h"
#include "cli/rollout/call.h"
#include "core/base/format.h"

#define NETWORKS_MAX 20 /* maximum number of networks for one policy */

static const char *time_text(const cli_rollout_call *call, apr_time_t time)
{
    return mta_sts_format_time(call->p, time);
}

static void print_line(int indent, const char *text)
{
    printf("%*s", indent, "");
    cli_print_wrapped(indent, text);
}

/* "0123456789abcdef0123, mode testing, max_age 1 week" */
static const char *describe(const cli_rollout_call *call, const mta_sts_rollout_policy *policy)
{
    return apr_pstrcat(call->p, cli_printable(call->p, policy->id), ", mode ",
                       mta_sts_mode_name(policy->policy->mode), ", max_age ",
                       mta_sts_format_duration(call->p, policy->policy->max_age), NULL);
}

static const char *networks_text(const cli_rollout_call *call, apr_int64_t count)
{
    return mta_sts_format_count(call->p, count, "network", "networks");
}

static void print_networks(const cli_rollout_call *call, const mta_sts_rollout_policy *policy,
                           int is_earlier)
{
    int i, all = policy->networks->nelts;
    int shown = all > NETWORKS_MAX + 1 ? NETWORKS_MAX : all;

    for (i = 0; i < shown; i++) {
        const mta_sts_rollout_network *one =
            &APR_ARRAY_IDX(policy->networks, i, mta_sts_rollout_network);
        const char *names = cli_names_text(call->p, call->names, one->network);

        printf("      %-22s last on %s", cli_printable(call->p, one->network),
               time_text(call, one->last));
        if (is_earlier) {
            printf(", until %s", time_text(call, one->until));
        }
        printf("%s%s%s%s\n", *one->agent ? "  " : "",
               *one->agent ? cli_printable(call->p, one->agent) : "", names ? "  " : "",
               names ? names : "");
    }
    if (shown < all) {
        printf("      and %s more; all: --format json\n",
               mta_sts_format_number(call->p, all - shown));
    }
}

static const char *join(const cli_rollout_call *call, const apr_array_header_t *notes)
{
    const char *text = "";
    int i;

    for (i = 0; i < notes->nelts; i++) {
        text =
            apr_pstrcat(call->p, text, i ? "; " : "", APR_ARRAY_IDX(notes, i, const char *), NULL);
    }
    return text;
}

/* Prints why the log does not contain all fetches that matter. */
static void print_doubts(const cli_rollout_call *call, const mta_sts_rollout_policy *policy)
{
    if (policy->doubts) {
        print_line(4, apr_pstrcat(call->p, "the fetch log is not complete for this policy: ",
                                  join(call, policy->notes), NULL));
    }
}

static void print_current(const cli_rollout_call *call, const mta_sts_rollout_policy *policy)
{
    int count = policy->networks->nelts;

    printf("  Policy %s\n", describe(call, policy));
    if (policy->from) {
        printf("    served since %s\n", time_text(call, policy->from));
    }
    printf("    fetched from %s%s\n", count ? networks_text(call, count) : "no logged network",
           count ? ":" : "");
    print_networks(call, policy, 0);
    print_doubts(call, policy);
}

/* What to do about machines that still serve an earlier policy. */
static const char *still_text(const cli_rollout_call *call, const mta_sts_rollout_policy *policy)
{
    const char *names = mta_sts_format_names(call->p, policy->hosts, 5);

    return !policy->hosts->nelts ? "and still is"
           : policy->is_hosted
               ? apr_pstrcat(call->p, "and still by ", names,
                             ": the change has not been read from the database there yet", NULL)
               : apr_pstrcat(call->p, "and still by ", names,
                             ": reload httpd there with the new policy", NULL);
}

static void print_served(const cli_rollout_call *call, const mta_sts_rollout_policy *policy)
{
    const char *until = policy->is_served
                            ? still_text(call, policy)
                            : apr_pstrcat(call->p, "until ", time_text(call, policy->until), NULL);

    print_line(4, policy->from ? apr_pstrcat(call->p, "served from ", time_text(call, policy->from),
                                             " ", until, NULL)
                               : apr_pstrcat(call->p, "served ", until, NULL));
}

static void print_by_log(const cli_rollout_call *call, const mta_sts_rollout_policy *policy)
{
    const int count = policy->networks->nelts;

    if (policy->updated) {
        printf("    %s fetched it and later the current one\n",
               networks_text(call, policy->updated));
    }
    printf("    fetched from %s%s not fetched the current one since%s\n",
           count ? networks_text(call, count) : "no logged network that",
           count == 1 ? " that has"
           : count    ? " that have"
                      : " has",
           count ? ":" : "");
    print_networks(call, policy, 1);
    print_doubts(call, policy);
}

static void print_earlier(const cli_rollout_call *call, const mta_sts_rollout_policy *policy)
{
    printf("  Earlier policy %s\n", describe(call, policy));
    print_served(call, policy);
    printf("    copies may be used until %s%s\n", time_text(call, policy->cached),
           policy->is_served ? ", and longer while it is served" : "");
    print_by_log(call, policy);
}

/* --- which change is safe when --- */

static const char *action_text(const cli_rollout_call *call, const mta_sts_rollout *rollout,
                               const mta_sts_rollout_date *date)
{
    switch (date->action) {
    case MTA_STS_ROLLOUT_REMOVE_MX:
        return apr_pstrcat(call->p, "Remove the MX host ", cli_printable(call->p, date->mx),
                           ", which only earlier policies name", NULL);
    case MTA_STS_ROLLOUT_STRICTER:
        return apr_psprintf(call->p,
                            "Switch to a stricter mode: by then, all senders have the current "
                            "policy, and reports are about it (run %s first)",
                            cli_command(call->p, "ready", "", ""));
    default:
        return rollout->current && rollout->current->policy->mode != MTA_STS_MODE_NONE
                   ? "Withdraw the policy: stop serving it, if it is in mode none from now on"
                   : "Withdraw the policy: delete the records and stop serving it";
    }
}

static const char *date_text(const cli_rollout_call *call, apr_time_t time)
{
    return time ? apr_pstrcat(call->p, "after ", time_text(call, time), NULL) : "now";
}

/* Why the worst case is not certain. */
static const char *doubt_text(const cli_rollout_call *call, const mta_sts_rollout_date *date)
{
    if (date->is_served) {
        return date->hosts->nelts
                   ? apr_pstrcat(call->p, "; it keeps moving forward as long as ",
                                 mta_sts_format_names(call->p, date->hosts, 5),
                                 date->hosts->nelts == 1 ? " serves" : " serve",
                                 " an earlier policy", NULL)
                   : "; it keeps moving forward as long as an earlier policy is served";
    }
    return date->has_unrecorded ? "; not certain, see above" : "";
}

static void print_date(const cli_rollout_call *call, const mta_sts_rollout *rollout,
                       const mta_sts_rollout_date *date)
{
    print_line(4, action_text(call, rollout, date));
    printf("      %-16s", date->is_certain ? "certainly" : "worst case");
    cli_print_wrapped(
        22, apr_pstrcat(call->p, date_text(call, date->recorded), doubt_text(call, date), NULL));
    if (date->recorded) {
        printf("      by the log      %s\n", date->has_log ? date_text(call, date->by_log)
                                                           : "not known: the log is not complete");
    }
}

static void print_dates(const cli_rollout_call *call, const mta_sts_rollout *rollout)
{
    int i, has_log = 0;

    puts("  Safe");
    for (i = 0; i < rollout->dates->nelts; i++) {
        const mta_sts_rollout_date *date = &APR_ARRAY_IDX(rollout->dates, i, mta_sts_rollout_date);

        print_date(call, rollout, date);
        has_log |= date->has_log && date->recorded;
    }
    if (has_log) {
        print_line(4, "The log records networks, not senders: another sender of a network may have "
                      "an older copy. Only the worst case rules that out.");
    }
}

/* Prints until when copies of unrecorded policies may be used. */
static void print_unrecorded(const cli_rollout_call *call, const mta_sts_rollout *rollout)
{
    const char *before =
        rollout->since ? apr_pstrcat(call->p, "Policies served before ",
                                     time_text(call, rollout->since), " are not recorded", NULL)
                       : "It is not recorded when the first policy was served";

    if (rollout->unrecorded <= rollout->now) {
        if (rollout->since) {
            print_line(2, before);
        }
        return;
    }
    print_line(2, apr_pstrcat(call->p, before,
                              ": if another one was served before, copies of it may be used until ",
                              time_text(call, rollout->unrecorded),
                              " at the latest. If there was none, or if you know its max_age, use "
                              "--previous-max-age",
                              NULL));
}

static void print_rollout(const cli_rollout_call *call, const mta_sts_rollout *rollout)
{
    int i;

    if (rollout->current) {
        print_current(call, rollout->current);
    }
    else {
        puts("  No policy is served");
    }
    for (i = 0; i < rollout->earlier->nelts; i++) {
        print_earlier(call, APR_ARRAY_IDX(rollout->earlier, i, mta_sts_rollout_policy *));
    }
    if (!rollout->earlier->nelts) {
        puts("  No recorded earlier policies are cached any longer");
    }
    print_unrecorded(call, rollout);
    print_dates(call, rollout);
}

static void print_domain(const cli_rollout_call *call, const cli_style *style,
                         const cli_rollout_domain *domain)
{
    printf("%s\n", cli_domain_text(call->p, style, domain->domain));
    if (domain->rollout) {
        print_rollout(call, domain->rollout);
        return;
    }
    print_line(2, apr_psprintf(call->p,
                               "no policy of %s is recorded in this database: run this on the "
                               "machine whose httpd serves mta-sts.%s, and after it has started",
                               domain->domain, domain->domain));
}

void cli_rollout_print(const cli_rollout_call *call, const cli_style *style)
{
    int i;

    for (i = 0; i < call->domains->nelts; i++) {
        if (i) {
            putchar('\n');
        }
        print_domain(call, style, &APR_ARRAY_IDX(call->domains, i, cli_rollout_domain));
    }
}
