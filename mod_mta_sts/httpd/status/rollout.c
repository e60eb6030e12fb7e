/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status/rollout.h"

#include <apr_strings.h>

#include "core/base/format.h"
#include "httpd/status/html.h"
#include "httpd/status/json_values.h"
#include "tlsrpt/advice/copies.h"

#define EARLIER_SHOWN 5
#define NETWORKS_SHOWN 5
#define NETWORKS_LISTED 100 /* maximum number of networks in JSON */

/* The rollout to show; NULL: nothing is known. */
static const mta_sts_rollout *rollout_of(const mts_status_view *view)
{
    return view->reports->problem ? NULL : view->reports->rollout;
}

static const mta_sts_rollout_policy *earlier_at(const mta_sts_rollout *rollout, int i)
{
    return APR_ARRAY_IDX(rollout->earlier, i, mta_sts_rollout_policy *);
}

static const mta_sts_rollout_network *network_at(const mta_sts_rollout_policy *policy, int i)
{
    return &APR_ARRAY_IDX(policy->networks, i, mta_sts_rollout_network);
}

/* --- HTML --- */

/* The latest networks: "192.0.2.0/24 and 2001:db8:1::/48". */
static const char *names_of(const mts_status_view *view, const mta_sts_rollout_policy *policy)
{
    apr_array_header_t *names = apr_array_make(view->p, NETWORKS_SHOWN, sizeof(const char *));
    int i;

    for (i = 0; i < policy->networks->nelts; i++) {
        const char *network = network_at(policy, i)->network;

        APR_ARRAY_PUSH(names, const char *) = *network ? network : "networks that are not recorded";
    }
    return mta_sts_format_names(view->p, names, NETWORKS_SHOWN);
}

static const char *count_of(const mts_status_view *view, int count)
{
    return mta_sts_format_count(view->p, count, "network", "networks");
}

/* Adds the networks that may have a copy, as far as they are recorded. */
static void put_holders(const mts_status_view *view, const mta_sts_rollout_policy *policy)
{
    const int count = policy->networks->nelts;

    if (count) {
        MTS_HTML(view->out, "; fetched from %s that %s not fetched the current one since: %s",
                 count_of(view, count), count == 1 ? "has" : "have", names_of(view, policy));
    }
    if (policy->updated) {
        MTS_HTML(view->out, "; %s fetched it and later the current one",
                 count_of(view, policy->updated));
    }
}

static const char *after_text(const mts_status_view *view, apr_time_t time)
{
    return time ? apr_pstrcat(view->p, "after ", mta_sts_format_time(view->p, time), NULL) : "now";
}

/* Adds the MX hosts that only earlier policies in mode enforce cover. */
static void put_removals(const mts_status_view *view, const mta_sts_rollout *rollout)
{
    int i;

    for (i = 0; i < rollout->dates->nelts; i++) {
        const mta_sts_rollout_date *date = &APR_ARRAY_IDX(rollout->dates, i, mta_sts_rollout_date);

        if (date->action == MTA_STS_ROLLOUT_REMOVE_MX && rollout->earlier->nelts) {
            MTS_HTML(
                view->out,
                "<div class=\"small soft\">Safe to remove the MX host <code>%s</code>: ", date->mx);
            if (date->has_log) {
                MTS_HTML(view->out, "%s according to the fetch log, ",
                         after_text(view, date->by_log));
            }
            MTS_HTML(view->out, "%s in the worst case</div>", after_text(view, date->recorded));
        }
    }
}

static void put_policies(const mts_status_view *view, const mta_sts_rollout *rollout)
{
    const apr_time_t minute = apr_time_from_sec(59); /* rounds up to the minute shown */
    int i;

    for (i = 0; i < rollout->earlier->nelts && i < EARLIER_SHOWN; i++) {
        const mta_sts_rollout_policy *one = earlier_at(rollout, i);

        MTS_HTML(view->out,
                 "<div class=\"small soft\"><code>%s</code> last served on %s, cached until %s",
                 one->id, mta_sts_format_date(view->p, one->until),
                 mta_sts_format_time(view->p, one->cached + minute));
        put_holders(view, one);
        MTS_HTML(view->out, "</div>");
    }
    if (rollout->current && rollout->earlier->nelts && rollout->current->networks->nelts) {
        MTS_HTML(
            view->out, "<div class=\"small soft\">The current policy was fetched from %s: %s</div>",
            count_of(view, rollout->current->networks->nelts), names_of(view, rollout->current));
    }
    put_removals(view, rollout);
}

void mts_status_rollout_html(const mts_status_view *view)
{
    const mta_sts_rollout *rollout = rollout_of(view);
    mta_sts_rollout_date date;
    const char *text;

    if (!rollout) {
        return;
    }
    date = mta_sts_rollout_copies(rollout);
    text = mta_sts_rollout_copies_text(view->p, &date, !view->query.is_in_path);
    if (!text || (!date.recorded && view->query.is_in_path)) {
        return; /* a customer cannot make use of the time since when policies have been recorded */
    }
    MTS_HTML(view->out, "<dt>Earlier policies</dt><dd>%s", text);
    put_policies(view, rollout);
    MTS_HTML(view->out, "</dd>");
}

/* --- JSON --- */

static json_t *networks_json(const mts_status_view *view, const mta_sts_rollout_policy *policy)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < policy->networks->nelts && i < NETWORKS_LISTED; i++) {
        const mta_sts_rollout_network *one = network_at(policy, i);

        json_array_append_new(
            array, json_pack("{s:s, s:s?, s:I, s:o, s:o}", "network", one->network, "agent",
                             *one->agent ? one->agent : NULL, "requests", (json_int_t)one->requests,
                             "last_fetch_at", mts_json_time(view->p, one->last), "cached_until",
                             mts_json_time(view->p, one->until)));
    }
    return array;
}

/* Policies that senders may still use from their caches; null if the history cannot be read. */
static json_t *earlier_json(const mts_status_view *view)
{
    const mta_sts_rollout *rollout = rollout_of(view);
    json_t *array = view->reports->problem ? json_null() : json_array();
    int i;

    for (i = 0; rollout && i < rollout->earlier->nelts; i++) {
        const mta_sts_rollout_policy *one = earlier_at(rollout, i);

        json_array_append_new(
            array, json_pack("{s:s, s:o, s:o, s:b, s:i, s:i, s:o}", "policy_id", one->id,
                             "last_served_at", mts_json_time(view->p, one->until),
                             "cached_until_at", mts_json_time(view->p, one->cached), "log_complete",
                             one->doubts == 0, "updated_networks", one->updated, "networks_count",
                             one->networks->nelts, "networks", networks_json(view, one)));
    }
    return array;
}

static json_t *copies_json(const mts_status_view *view)
{
    const mta_sts_rollout *rollout = rollout_of(view);
    mta_sts_rollout_date date;

    if (!rollout) {
        return json_null();
    }
    date = mta_sts_rollout_copies(rollout);
    return tlsrpt_copies_to_json(view->p, &date, !view->query.is_in_path);
}

/* The networks that have fetched the current policy. The log is read only if that matters. */
static json_t *fetched_json(const mts_status_view *view)
{
    const mta_sts_rollout *rollout = rollout_of(view);

    return rollout && rollout->current && rollout->earlier->nelts
               ? networks_json(view, rollout->current)
               : json_null();
}

/* The times from which on changes are safe; null: now. */
static json_t *safe_json(const mts_status_view *view)
{
    const mta_sts_rollout *rollout = rollout_of(view);
    json_t *array = json_array();
    int i;

    for (i = 0; rollout && i < rollout->dates->nelts; i++) {
        const mta_sts_rollout_date *date = &APR_ARRAY_IDX(rollout->dates, i, mta_sts_rollout_date);

        json_array_append_new(
            array, json_pack("{s:s, s:s?, s:o, s:b, s:b, s:o}", "action",
                             mta_sts_rollout_action_name(date->action), "mx", date->mx,
                             "worst_case_at", mts_json_time(view->p, date->recorded), "certain",
                             date->is_certain, "log_complete", date->has_log, "by_log_at",
                             mts_json_time(view->p, date->has_log ? date->by_log : 0)));
    }
    return array;
}

void mts_status_rollout_json(const mts_status_view *view, json_t *domain)
{
    json_object_set_new(domain, "earlier_policies", earlier_json(view));
    json_object_set_new(domain, "earlier_copies", copies_json(view));
    json_object_set_new(domain, "fetched_by", fetched_json(view));
    json_object_set_new(domain, "safe", safe_json(view));
}
