/* SPDX-License-Identifier: Apache-2.0 */
/* When each change is safe. */
#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "core/policy/rollout.h"

const char *mta_sts_rollout_action_name(mta_sts_rollout_action action)
{
    static const char *const names[] = {
        [MTA_STS_ROLLOUT_REMOVE_MX] = "remove-mx",
        [MTA_STS_ROLLOUT_STRICTER] = "stricter-mode",
        [MTA_STS_ROLLOUT_WITHDRAW] = "withdraw",
    };

    return names[action];
}

static apr_time_t later(apr_time_t one, apr_time_t other)
{
    return one > other ? one : other;
}

static mta_sts_rollout_policy *earlier_at(const mta_sts_rollout *rollout, int i)
{
    return APR_ARRAY_IDX(rollout->earlier, i, mta_sts_rollout_policy *);
}

typedef int is_relevant(const mta_sts_rollout_policy *policy, const char *mx);

static void add_hosts(mta_sts_rollout_date *date, const mta_sts_rollout_policy *policy)
{
    int i, j;

    for (i = 0; i < policy->hosts->nelts; i++) {
        const char *host = APR_ARRAY_IDX(policy->hosts, i, const char *);

        for (j = 0; j < date->hosts->nelts; j++) {
            if (strcmp(APR_ARRAY_IDX(date->hosts, j, const char *), host) == 0) {
                break;
            }
        }
        if (j == date->hosts->nelts) {
            APR_ARRAY_PUSH(date->hosts, const char *) = host;
        }
    }
}

static void add_to_date(mta_sts_rollout_date *date, const mta_sts_rollout_policy *policy,
                        apr_time_t now)
{
    date->recorded = later(date->recorded, policy->cached);
    date->has_log = date->has_log && !policy->doubts && !policy->is_served;
    date->is_served |= policy->is_served;
    add_hosts(date, policy);
    if (policy->cached_by_log > now) {
        date->by_log = later(date->by_log, policy->cached_by_log);
    }
}

static void set_certain(const mta_sts_rollout *rollout, mta_sts_rollout_date *date)
{
    date->has_unrecorded = rollout->unrecorded > later(date->recorded, rollout->now);
    date->is_certain = !date->is_served && !date->has_unrecorded;
}

static mta_sts_rollout_date date_of(const mta_sts_rollout *rollout, mta_sts_rollout_action action,
                                    const char *mx, is_relevant *relevant)
{
    mta_sts_rollout_date date = {.action = action, .mx = mx, .has_log = 1, .since = rollout->since};
    int i;

    date.hosts = apr_array_make(rollout->dates->pool, 1, sizeof(const char *));
    for (i = 0; i < rollout->earlier->nelts; i++) {
        const mta_sts_rollout_policy *policy = earlier_at(rollout, i);

        if (relevant(policy, mx)) {
            add_to_date(&date, policy, rollout->now);
        }
    }
    set_certain(rollout, &date);
    return date;
}

static void add_date(mta_sts_rollout *rollout, const mta_sts_rollout_date *date)
{
    APR_ARRAY_PUSH(rollout->dates, mta_sts_rollout_date) = *date;
}

static int any(const mta_sts_rollout_policy *policy, const char *mx)
{
    (void)policy;
    (void)mx;
    return 1;
}

static int is_policy(const mta_sts_rollout_policy *policy, const char *mx)
{
    (void)mx;
    return policy->policy->mode != MTA_STS_MODE_NONE;
}

static int names(const mta_sts_policy *policy, const char *mx)
{
    int i;

    for (i = 0; i < policy->mx->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(policy->mx, i, const char *), mx) == 0) {
            return 1;
        }
    }
    return *mx != '*' && mta_sts_policy_covers(policy, mx);
}

/* Whether copies of the policy restrict senders to MX hosts that include this one: in mode testing,
 * senders deliver to every MX host. */
static int requires(const mta_sts_rollout_policy *policy, const char *mx)
{
    return policy->policy->mode == MTA_STS_MODE_ENFORCE && names(policy->policy, mx);
}

static int has_date(const mta_sts_rollout *rollout, const char *mx)
{
    int i;

    for (i = 0; i < rollout->dates->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(rollout->dates, i, mta_sts_rollout_date).mx, mx) == 0) {
            return 1;
        }
    }
    return 0;
}

static void add_mx(mta_sts_rollout *rollout, const mta_sts_rollout_policy *policy)
{
    int i;

    for (i = 0; policy->policy->mode == MTA_STS_MODE_ENFORCE && i < policy->policy->mx->nelts;
         i++) {
        const char *mx = APR_ARRAY_IDX(policy->policy->mx, i, const char *);

        if (!has_date(rollout, mx) && !names(rollout->current->policy, mx)) {
            const mta_sts_rollout_date date =
                date_of(rollout, MTA_STS_ROLLOUT_REMOVE_MX, mx, requires);

            add_date(rollout, &date);
        }
    }
}

/* A current policy in a mode other than none first has to be replaced by one in mode none. */
static void add_withdrawal(mta_sts_rollout *rollout)
{
    mta_sts_rollout_date date = date_of(rollout, MTA_STS_ROLLOUT_WITHDRAW, NULL, is_policy);
    const mta_sts_rollout_policy *current = rollout->current;

    if (current && is_policy(current, NULL)) {
        add_to_date(&date, current, rollout->now);
        set_certain(rollout, &date);
    }
    add_date(rollout, &date);
}

void mta_sts_rollout_judge(mta_sts_rollout *rollout)
{
    const mta_sts_rollout_policy *current = rollout->current;
    int i;

    for (i = 0; current && i < rollout->earlier->nelts; i++) {
        add_mx(rollout, earlier_at(rollout, i));
    }
    if (current && current->policy->mode == MTA_STS_MODE_TESTING) {
        const mta_sts_rollout_date date = date_of(rollout, MTA_STS_ROLLOUT_STRICTER, NULL, any);

        add_date(rollout, &date);
    }
    add_withdrawal(rollout);
}

mta_sts_rollout_date mta_sts_rollout_copies(const mta_sts_rollout *rollout)
{
    return date_of(rollout, MTA_STS_ROLLOUT_STRICTER, NULL, any);
}

const mta_sts_rollout_date *mta_sts_rollout_withdrawal(const mta_sts_rollout *rollout)
{
    return &APR_ARRAY_IDX(rollout->dates, rollout->dates->nelts - 1, mta_sts_rollout_date);
}

apr_time_t mta_sts_rollout_expected(const mta_sts_rollout_date *date)
{
    return date->has_log ? date->by_log : date->recorded;
}

int mta_sts_rollout_is_outstanding(const mta_sts_rollout_date *date)
{
    return date->recorded ? 1 : date->is_certain ? 0 : -1;
}

/* --- for people --- */

/* The time, rounded up to a full minute, since minutes are shown. */
static const char *time_text(apr_pool_t *p, apr_time_t time)
{
    return mta_sts_format_time(p, time + apr_time_from_sec(59));
}

static const char *until_text(apr_pool_t *p, const mta_sts_rollout_date *date)
{
    const char *worst = time_text(p, date->recorded);

    if (!date->has_log) {
        return apr_pstrcat(p, "Senders may use an earlier policy from their cache until ", worst,
                           ", in the worst case; the fetch log is not complete enough to give an "
                           "earlier date.",
                           NULL);
    }
    return date->by_log
               ? apr_pstrcat(p, "Senders may use an earlier policy from their cache until ",
                             time_text(p, date->by_log),
                             ", according to the fetch log; in the worst case until ", worst, ".",
                             NULL)
               : apr_pstrcat(p,
                             "According to the fetch log, no sender uses an earlier policy from "
                             "its cache any more; in the worst case, some may until ",
                             worst, ".", NULL);
}

static const char *served_text(apr_pool_t *p, const mta_sts_rollout_date *date, int has_hosts)
{
    if (!date->is_served) {
        return "";
    }
    return has_hosts && date->hosts->nelts
               ? apr_pstrcat(p, " ", mta_sts_format_names(p, date->hosts, 5),
                             date->hosts->nelts == 1 ? " still serves" : " still serve",
                             " an earlier policy, so this date keeps moving forward.", NULL)
               : " An earlier policy is still served, so this date keeps moving forward.";
}

static const char *since_text(apr_pool_t *p, const mta_sts_rollout_date *date)
{
    return !date->has_unrecorded ? ""
           : date->since
               ? apr_pstrcat(p, " Policies served before ", mta_sts_format_time(p, date->since),
                             " are not recorded.", NULL)
               : " It is not recorded when the first policy was served.";
}

const char *mta_sts_rollout_copies_text(apr_pool_t *p, const mta_sts_rollout_date *date,
                                        int has_hosts)
{
    if (!date->recorded) {
        return date->is_certain
                   ? NULL
                   : apr_pstrcat(p, "No recorded earlier policies are cached any longer.",
                                 since_text(p, date), NULL);
    }
    return apr_pstrcat(p, until_text(p, date), served_text(p, date, has_hosts), since_text(p, date),
                       NULL);
}
