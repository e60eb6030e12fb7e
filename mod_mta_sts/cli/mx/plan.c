/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <apr_strings.h>

#include "cli/mx/call.h"
#include "core/base/name.h"
#include "core/policy/provider.h"

int cli_mx_contains(const apr_array_header_t *list, const char *text)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(list, i, const char *), text) == 0) {
            return 1;
        }
    }
    return 0;
}

static void add(apr_array_header_t *list, const char *text)
{
    if (!cli_mx_contains(list, text)) {
        APR_ARRAY_PUSH(list, const char *) = text;
    }
}

/* --- comparing --- */

/* The first pattern that covers a host, or NULL. */
static const char *find_pattern(const mta_sts_policy *policy, const char *host)
{
    int i;

    for (i = 0; i < policy->mx->nelts; i++) {
        const char *pattern = APR_ARRAY_IDX(policy->mx, i, const char *);

        if (mta_sts_name_matches_mx(pattern, host)) {
            return pattern;
        }
    }
    return NULL;
}

static const char *host_at(const cli_mx_plan *plan, int i)
{
    return APR_ARRAY_IDX(plan->facts->mxs, i, const mta_sts_check_mx *)->host;
}

static const char *find_host(const cli_mx_plan *plan, const char *pattern)
{
    int i;

    for (i = 0; i < plan->facts->mxs->nelts; i++) {
        if (mta_sts_name_matches_mx(pattern, host_at(plan, i))) {
            return host_at(plan, i);
        }
    }
    return NULL;
}

static void compare(apr_pool_t *p, cli_mx_plan *plan)
{
    int i;

    for (i = 0; i < plan->facts->mxs->nelts; i++) {
        const cli_mx_match host = {host_at(plan, i), find_pattern(plan->policy, host_at(plan, i))};

        APR_ARRAY_PUSH(plan->hosts, cli_mx_match) = host;
        if (!host.other) {
            add(plan->missing, mta_sts_provider_pattern(p, host.name));
        }
    }
    for (i = 0; i < plan->policy->mx->nelts; i++) {
        const char *pattern = APR_ARRAY_IDX(plan->policy->mx, i, const char *);

        APR_ARRAY_PUSH(plan->patterns, cli_mx_match) =
            (cli_mx_match){pattern, find_host(plan, pattern)};
    }
}

/* --- deciding --- */

static void make_changed(const cli_mx_call *call, cli_mx_plan *plan)
{
    apr_pool_t *p = call->p;
    apr_array_header_t *mx = apr_array_make(p, plan->policy->mx->nelts + 1, sizeof(const char *));
    apr_size_t len;
    const char *text;
    int i;

    for (i = 0; i < plan->policy->mx->nelts; i++) {
        const char *pattern = APR_ARRAY_IDX(plan->policy->mx, i, const char *);

        if (!cli_mx_contains(call->remove, pattern)) {
            add(mx, pattern);
        }
    }
    for (i = 0; i < plan->missing->nelts; i++) {
        add(mx, APR_ARRAY_IDX(plan->missing, i, const char *));
    }
    for (i = 0; i < call->add->nelts; i++) {
        add(mx, APR_ARRAY_IDX(call->add, i, const char *));
    }
    plan->changed = *plan->policy;
    plan->changed.mx = mx;
    plan->is_changed = mx->nelts != plan->policy->mx->nelts || call->remove->nelts;
    if (mx->nelts) {
        text = mta_sts_policy_render(p, &plan->changed, &len);
        plan->id = mta_sts_policy_id(p, text, len);
    }
}

/* Finds the MX hosts that would not be covered any more after --remove. */
static void find_early(cli_mx_plan *plan)
{
    int i;

    for (i = 0; i < plan->hosts->nelts; i++) {
        const cli_mx_match *host = &APR_ARRAY_IDX(plan->hosts, i, cli_mx_match);

        if (host->other && !mta_sts_policy_covers(&plan->changed, host->name)) {
            add(plan->early, host->name);
        }
    }
}

/* Rejects a change to a policy that would make senders refuse mail. */
static void refuse(const cli_mx_call *call, cli_mx_plan *plan)
{
    apr_pool_t *p = call->p;
    int i;

    if (!plan->is_mx_known) {
        add(plan->refused,
            apr_psprintf(p, "the MX records of %s could not be looked up (%s)", call->domain,
                         mta_sts_answer_status_name(plan->facts->mx.status)));
    }
    for (i = 0; i < plan->early->nelts; i++) {
        add(plan->refused,
            apr_psprintf(p, "%s is still an MX host: its MX record must be deleted first",
                         APR_ARRAY_IDX(plan->early, i, const char *)));
    }
    if (!plan->changed.mx->nelts) {
        add(plan->refused, "the policy would have no mx left: to withdraw the policy, see "
                           "mta-sts-setup --remove, or mta-sts policy remove");
    }
    for (i = 0; i < plan->hosts->nelts; i++) {
        const char *host = APR_ARRAY_IDX(plan->hosts, i, cli_mx_match).name, *name;

        if (mta_sts_name_parse_host(p, host, MTA_STS_NAME_ALABEL, &name)) {
            add(plan->refused, "an MX record does not contain a host name: see mta-sts check");
        }
    }
}

static const char *check_request(const cli_mx_call *call, const cli_mx_plan *plan)
{
    int i;

    for (i = 0; i < call->remove->nelts; i++) {
        const char *pattern = APR_ARRAY_IDX(call->remove, i, const char *);

        if (!cli_mx_contains(plan->policy->mx, pattern)) {
            return apr_psprintf(call->p, "--remove: the policy has no mx %s; it has %s", pattern,
                                apr_array_pstrcat(call->p, plan->policy->mx, ' '));
        }
        if (cli_mx_contains(call->add, pattern)) {
            return apr_psprintf(call->p, "%s is both in --add and in --remove", pattern);
        }
    }
    return NULL;
}

const char *cli_mx_plan_make(const cli_mx_call *call, cli_mx_plan *plan)
{
    apr_pool_t *p = call->p;
    mta_sts_answer_status status = plan->facts->mx.status;

    plan->hosts = apr_array_make(p, 4, sizeof(cli_mx_match));
    plan->patterns = apr_array_make(p, 4, sizeof(cli_mx_match));
    plan->missing = apr_array_make(p, 2, sizeof(const char *));
    plan->early = apr_array_make(p, 2, sizeof(const char *));
    plan->refused = apr_array_make(p, 2, sizeof(const char *));
    plan->is_mx_known = status == MTA_STS_ANSWER_OK || status == MTA_STS_ANSWER_NODATA ||
                        status == MTA_STS_ANSWER_NXDOMAIN;
    compare(p, plan);
    make_changed(call, plan);
    find_early(plan);
    refuse(call, plan);
    return check_request(call, plan);
}
