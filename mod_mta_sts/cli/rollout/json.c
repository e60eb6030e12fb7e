/* SPDX-License-Identifier: Apache-2.0 */
/* The output for programs. */
#include <stdio.h>

#include "cli/rollout/call.h"
#include "core/base/format.h"

/* null for 0 */
static json_t *time_json(const cli_rollout_call *call, apr_time_t time)
{
    return time ? json_string(mta_sts_format_timestamp(call->p, time)) : json_null();
}

static json_t *networks_json(const cli_rollout_call *call, const mta_sts_rollout_policy *policy)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < policy->networks->nelts; i++) {
        const mta_sts_rollout_network *one =
            &APR_ARRAY_IDX(policy->networks, i, mta_sts_rollout_network);

        json_array_append_new(
            array, json_pack("{s:s, s:o, s:s?, s:I, s:o, s:o}", "network", one->network, "names",
                             cli_names_json(call->p, call->names, one->network), "agent",
                             *one->agent ? one->agent : NULL, "requests", (json_int_t)one->requests,
                             "last_fetch_at", time_json(call, one->last), "cached_until",
                             time_json(call, one->until)));
    }
    return array;
}

static json_t *log_json(const cli_rollout_call *call, const mta_sts_rollout_policy *policy)
{
    json_t *reasons = json_array();
    int doubt;

    for (doubt = 1; doubt < 1 << MTA_STS_ROLLOUT_DOUBTS; doubt <<= 1) {
        if (policy->doubts & doubt) {
            json_array_append_new(reasons, json_string(mta_sts_rollout_doubt_name(doubt)));
        }
    }
    return json_pack("{s:b, s:o, s:o, s:o}", "complete", policy->doubts == 0, "needed_since",
                     time_json(call, policy->needed), "reasons", reasons, "notes",
                     cli_strings_to_json(policy->notes));
}

/* What the current policy and earlier ones have in common. */
static json_t *policy_json(const cli_rollout_call *call, const mta_sts_rollout_policy *policy)
{
    return json_pack(
        "{s:s, s:s, s:o, s:I, s:o, s:o, s:o, s:o}", "id", policy->id, "mode",
        mta_sts_mode_name(policy->policy->mode), "mx", cli_strings_to_json(policy->policy->mx),
        "max_age", (json_int_t)policy->policy->max_age, "served_since",
        time_json(call, policy->from), "networks", networks_json(call, policy), "cached_until",
        time_json(call, policy->cached), "log", log_json(call, policy));
}

static json_t *earlier_json(const cli_rollout_call *call, const mta_sts_rollout_policy *policy)
{
    json_t *json = policy_json(call, policy);
    const int has_log = !policy->doubts && !policy->is_served;

    json_object_set_new(json, "served_until",
                        policy->is_served ? json_null() : time_json(call, policy->until));
    json_object_set_new(json, "served_by", cli_strings_to_json(policy->hosts));
    json_object_set_new(json, "updated_networks", json_integer(policy->updated));
    json_object_set_new(json, "cached_until_by_log",
                        has_log ? time_json(call, policy->cached_by_log) : json_null());
    return json;
}

static json_t *safe_json(const cli_rollout_call *call, apr_time_t time)
{
    return time_json(call, time ? time : call->now);
}

static json_t *date_json(const cli_rollout_call *call, const mta_sts_rollout_date *date)
{
    return json_pack("{s:s, s:s?, s:o, s:o, s:b, s:o, s:o}", "action",
                     mta_sts_rollout_action_name(date->action), "mx", date->mx, "certain_at",
                     date->is_certain ? safe_json(call, date->recorded) : json_null(),
                     "worst_case_at", safe_json(call, date->recorded), "log_complete",
                     date->has_log, "by_log_at",
                     date->has_log ? safe_json(call, date->by_log) : json_null(), "served_by",
                     cli_strings_to_json(date->hosts));
}

static json_t *domain_json(const cli_rollout_call *call, const cli_rollout_domain *domain)
{
    const mta_sts_rollout *rollout = domain->rollout;
    const int outstanding = cli_rollout_is_outstanding(domain);
    json_t *earlier = json_array(), *dates = json_array();
    int i;

    for (i = 0; rollout && i < rollout->earlier->nelts; i++) {
        json_array_append_new(earlier, earlier_json(call, APR_ARRAY_IDX(rollout->earlier, i,
                                                                        mta_sts_rollout_policy *)));
    }
    for (i = 0; rollout && i < rollout->dates->nelts; i++) {
        json_array_append_new(
            dates, date_json(call, &APR_ARRAY_IDX(rollout->dates, i, mta_sts_rollout_date)));
    }
    return json_pack(
        "{s:s, s:s?, s:o, s:o, s:o, s:o, s:o, s:o}", "domain", domain->domain, "unicode",
        cli_domain_unicode(call->p, domain->domain), "outstanding",
        outstanding < 0 ? json_null() : json_boolean(outstanding), "recorded_since",
        time_json(call, rollout ? rollout->since : 0), "unrecorded_until",
        time_json(call, rollout && rollout->unrecorded > call->now ? rollout->unrecorded : 0),
        "current", rollout && rollout->current ? policy_json(call, rollout->current) : json_null(),
        "earlier", earlier, "safe", dates);
}

void cli_rollout_print_json(const cli_rollout_call *call)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < call->domains->nelts; i++) {
        json_array_append_new(
            array, domain_json(call, &APR_ARRAY_IDX(call->domains, i, cli_rollout_domain)));
    }
    cli_print_json(
        json_pack("{s:o, s:o}", "checked_at", time_json(call, call->now), "domains", array));
}
