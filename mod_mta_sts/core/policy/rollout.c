/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/rollout.h"

#include <stdlib.h>
#include <string.h>

#include <apr_hash.h>

/* --- names --- */

const char *mta_sts_rollout_doubt_name(mta_sts_rollout_doubt doubt)
{
    switch (doubt) {
    case MTA_STS_ROLLOUT_NO_LOG:
        return "no-log";
    case MTA_STS_ROLLOUT_LATE:
        return "log-begins-later";
    case MTA_STS_ROLLOUT_GAPS:
        return "gaps";
    case MTA_STS_ROLLOUT_LOST:
        return "lost-requests";
    case MTA_STS_ROLLOUT_OTHERS:
        return "others";
    default:
        return "too-many-networks";
    }
}

/* --- the policies --- */

static apr_time_t max_age_of(const mta_sts_policy *policy)
{
    return policy->max_age > 0 ? apr_time_from_sec(policy->max_age) : 0;
}

static apr_time_t later(apr_time_t one, apr_time_t other)
{
    return one > other ? one : other;
}

static mta_sts_rollout_policy *earlier_at(const mta_sts_rollout *rollout, int i)
{
    return APR_ARRAY_IDX(rollout->earlier, i, mta_sts_rollout_policy *);
}

/* Whether a policy, and not another one, is the current one. If only one of several machines has
 * been changed, it is the policy that was begun last. A configured policy takes precedence, as in
 * httpd. */
static int is_preferred(const mta_sts_rollout_served *one, const mta_sts_rollout_served *other)
{
    return !other                               ? 1
           : one->is_served != other->is_served ? one->is_served
           : one->is_hosted != other->is_hosted ? other->is_hosted
                                                : one->from > other->from;
}

static const mta_sts_rollout_served *find_current(const apr_array_header_t *served, const char *id)
{
    const mta_sts_rollout_served *found = NULL;
    int i;

    for (i = 0; i < served->nelts; i++) {
        const mta_sts_rollout_served *one = &APR_ARRAY_IDX(served, i, mta_sts_rollout_served);

        if ((id ? strcmp(one->id, id) == 0 : one->is_served) && is_preferred(one, found)) {
            found = one;
        }
    }
    return found;
}

static mta_sts_rollout_policy *make_policy(apr_pool_t *p, const mta_sts_rollout_served *served)
{
    mta_sts_rollout_policy *policy = apr_pcalloc(p, sizeof(*policy));

    policy->id = served->id;
    policy->policy = served->policy;
    policy->from = served->from;
    policy->until = served->until;
    policy->hosts = apr_array_make(p, 1, sizeof(const char *));
    policy->networks = apr_array_make(p, 4, sizeof(mta_sts_rollout_network));
    policy->notes = apr_array_make(p, 1, sizeof(const char *));
    return policy;
}

/* Another machine may have been serving the current policy for longer. */
static void add_current(mta_sts_rollout *rollout, const mta_sts_rollout_served *served)
{
    if (served->is_served && served->from < rollout->current->from) {
        rollout->current->from = served->from;
    }
}

static mta_sts_rollout_policy *find_earlier(const mta_sts_rollout *rollout, const char *id)
{
    int i;

    for (i = 0; i < rollout->earlier->nelts; i++) {
        if (strcmp(earlier_at(rollout, i)->id, id) == 0) {
            return earlier_at(rollout, i);
        }
    }
    return NULL;
}

static void add_earlier(apr_pool_t *p, mta_sts_rollout *rollout,
                        const mta_sts_rollout_served *served)
{
    mta_sts_rollout_policy *policy = find_earlier(rollout, served->id);

    if (!policy) {
        policy = make_policy(p, served);
        APR_ARRAY_PUSH(rollout->earlier, mta_sts_rollout_policy *) = policy;
    }
    policy->from = served->from < policy->from ? served->from : policy->from;
    policy->until = later(policy->until, served->until);
    if (served->is_served) {
        policy->until = rollout->now;
        policy->is_served = 1;
        policy->is_hosted |= served->is_hosted;
    }
    if (served->is_served && served->host) {
        APR_ARRAY_PUSH(policy->hosts, const char *) = served->host;
    }
}

static void set_times(mta_sts_rollout_policy *policy, apr_time_t now)
{
    policy->until = policy->until > now ? now : policy->until;
    policy->cached = policy->until + max_age_of(policy->policy);
    policy->needed = later(policy->from, now - max_age_of(policy->policy));
}

static int compare_policies(const void *one, const void *other)
{
    const mta_sts_rollout_policy *a = *(mta_sts_rollout_policy *const *)one,
                                 *b = *(mta_sts_rollout_policy *const *)other;

    return a->until != b->until ? (a->until < b->until ? 1 : -1) : strcmp(a->id, b->id);
}

/* Determines when the record begins. For a hosted policy, the end is recorded even if its beginning
 * is not. */
static void note_since(mta_sts_rollout *rollout, const mta_sts_rollout_served *one)
{
    const apr_time_t since = one->from ? one->from : one->is_served ? 0 : one->until;

    if (since && (!rollout->since || since < rollout->since)) {
        rollout->since = since;
    }
}

static void set_unrecorded(mta_sts_rollout *rollout, const apr_int64_t *max_age)
{
    const apr_time_t since =
        rollout->since && rollout->since < rollout->now ? rollout->since : rollout->now;

    rollout->unrecorded = since + apr_time_from_sec(max_age ? *max_age : MTA_STS_MAX_AGE_MAX);
}

static void set_all_times(mta_sts_rollout *rollout)
{
    int i;

    if (rollout->current) {
        rollout->current->until = rollout->now;
        set_times(rollout->current, rollout->now);
    }
    for (i = 0; i < rollout->earlier->nelts; i++) {
        set_times(earlier_at(rollout, i), rollout->now);
    }
}

mta_sts_rollout *mta_sts_rollout_make(apr_pool_t *p, const apr_array_header_t *served,
                                      const mta_sts_rollout_basis *basis)
{
    const mta_sts_rollout_served *current = find_current(served, basis->id);
    mta_sts_rollout *rollout = apr_pcalloc(p, sizeof(*rollout));
    int i;

    rollout->now = basis->now;
    rollout->earlier = apr_array_make(p, 2, sizeof(mta_sts_rollout_policy *));
    rollout->dates = apr_array_make(p, 2, sizeof(mta_sts_rollout_date));
    rollout->current = current ? make_policy(p, current) : NULL;
    for (i = 0; i < served->nelts; i++) {
        const mta_sts_rollout_served *one = &APR_ARRAY_IDX(served, i, mta_sts_rollout_served);

        note_since(rollout, one);
        if (current && strcmp(one->id, current->id) == 0) {
            add_current(rollout, one);
        }
        else {
            add_earlier(p, rollout, one);
        }
    }
    set_unrecorded(rollout, basis->max_age);
    set_all_times(rollout);
    return rollout;
}

/* --- the fetches --- */

static void add_network(mta_sts_rollout_policy *policy, const mta_sts_rollout_fetch *fetch)
{
    const apr_time_t until = fetch->last + max_age_of(policy->policy);

    APR_ARRAY_PUSH(policy->networks, mta_sts_rollout_network) = (mta_sts_rollout_network){
        fetch->network, fetch->agent, fetch->last, until, fetch->requests};
    policy->cached_by_log = later(policy->cached_by_log, until);
}

/* A fetch that is recorded without its policy or network may have been of any policy that was
 * served at that time. */
static void doubt_all(mta_sts_rollout *rollout, apr_time_t last)
{
    int i;

    if (rollout->current && last >= rollout->current->needed) {
        rollout->current->doubts |= MTA_STS_ROLLOUT_OTHERS;
    }
    for (i = 0; i < rollout->earlier->nelts; i++) {
        if (last >= earlier_at(rollout, i)->needed) {
            earlier_at(rollout, i)->doubts |= MTA_STS_ROLLOUT_OTHERS;
        }
    }
}

static int is_current(const mta_sts_rollout *rollout, const mta_sts_rollout_fetch *fetch)
{
    return rollout->current && strcmp(rollout->current->id, fetch->id) == 0;
}

/* Requests under "other" belong to no network: the log only has their sum for each hour. */
static void add_current_fetches(mta_sts_rollout *rollout, const apr_array_header_t *fetches,
                                apr_hash_t *updated)
{
    int i;

    for (i = 0; i < fetches->nelts; i++) {
        const mta_sts_rollout_fetch *fetch = &APR_ARRAY_IDX(fetches, i, mta_sts_rollout_fetch);

        if (!*fetch->id || !*fetch->network) {
            doubt_all(rollout, fetch->last);
        }
        else if (is_current(rollout, fetch)) {
            add_network(rollout->current, fetch);
            apr_hash_set(updated, fetch->network, APR_HASH_KEY_STRING, fetch);
        }
    }
}

static void add_earlier_fetch(mta_sts_rollout *rollout, const mta_sts_rollout_fetch *fetch,
                              const mta_sts_rollout_fetch *newest)
{
    mta_sts_rollout_policy *policy = find_earlier(rollout, fetch->id);

    if (!policy || !*fetch->network) {
        return;
    }
    if (fetch->last > policy->until) { /* served by a machine that did not know of the change yet */
        policy->until = fetch->last;
        policy->cached = later(policy->cached, fetch->last + max_age_of(policy->policy));
    }
    if (newest && newest->last > fetch->last) {
        policy->updated++;
    }
    else if (fetch->last + max_age_of(policy->policy) > rollout->now) {
        add_network(policy, fetch);
    }
}

static int compare_networks(const void *one, const void *other)
{
    const mta_sts_rollout_network *a = one, *b = other;

    return a->last != b->last ? (a->last < b->last ? 1 : -1) : strcmp(a->network, b->network);
}

static void sort(apr_array_header_t *networks)
{
    qsort(networks->elts, (size_t)networks->nelts, sizeof(mta_sts_rollout_network),
          compare_networks);
}

/* Drops the policies of which no copies are left, and sorts the others. */
static void finish(mta_sts_rollout *rollout)
{
    apr_array_header_t *earlier = rollout->earlier;
    int i, kept = 0;

    for (i = 0; i < earlier->nelts; i++) {
        mta_sts_rollout_policy *policy = earlier_at(rollout, i);

        if (policy->cached > rollout->now) {
            sort(policy->networks);
            APR_ARRAY_IDX(earlier, kept++, mta_sts_rollout_policy *) = policy;
        }
    }
    earlier->nelts = kept;
    qsort(earlier->elts, (size_t)kept, sizeof(mta_sts_rollout_policy *), compare_policies);
    if (rollout->current) {
        sort(rollout->current->networks);
    }
}

void mta_sts_rollout_add_fetches(apr_pool_t *p, mta_sts_rollout *rollout,
                                 const apr_array_header_t *fetches)
{
    apr_hash_t *updated = apr_hash_make(p);
    int i;

    add_current_fetches(rollout, fetches, updated);
    for (i = 0; i < fetches->nelts; i++) {
        const mta_sts_rollout_fetch *fetch = &APR_ARRAY_IDX(fetches, i, mta_sts_rollout_fetch);

        if (!is_current(rollout, fetch)) {
            add_earlier_fetch(rollout, fetch,
                              apr_hash_get(updated, fetch->network, APR_HASH_KEY_STRING));
        }
    }
    finish(rollout);
}
