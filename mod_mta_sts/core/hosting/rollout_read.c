/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/rollout_read.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "core/database/fetches.h"
#include "core/database/history.h"
#include "core/database/last_fetches.h"
#include "core/hosting/edit.h"
#include "core/hosting/past.h"
#include "core/hosting/source.h"
#include "core/hosting/tables.h"
#include "core/policy/text.h"

/* By how much the clocks of several machines may differ, in microseconds. */
#define AHEAD apr_time_from_sec(60)

typedef struct reader {
    mta_sts_database *db;
    const mta_sts_rollout_query *query;
    apr_pool_t *p;
    apr_array_header_t *served; /* of mta_sts_rollout_served */
    apr_array_header_t *past;   /* of mta_sts_past_policy */
    mta_sts_rollout *rollout;
} reader;

/* --- what was served --- */

static const mta_sts_policy *policy_of(const reader *r, const mta_sts_history_entry *entry)
{
    mta_sts_policy *policy = mta_sts_policy_text_read(r->p, entry->text, strlen(entry->text),
                                                      mta_sts_findings_make(r->p));

    policy->max_age = entry->max_age < 0 || entry->max_age > MTA_STS_MAX_AGE_MAX
                          ? MTA_STS_MAX_AGE_MAX /* the entry is damaged */
                          : entry->max_age;
    if (policy->mode == MTA_STS_MODE_UNSET) { /* the entry is damaged: assume the worst */
        policy->mode = MTA_STS_MODE_ENFORCE;
    }
    return policy;
}

/* Other machines confirm from time to time that they still serve a policy. If the clock was not
 * set, the beginning is not known. */
static mta_sts_rollout_served served_of(const reader *r, const mta_sts_history_entry *entry)
{
    const int is_local = strcmp(entry->host, r->query->host) == 0;
    mta_sts_rollout_served served = {.id = entry->id,
                                     .policy = policy_of(r, entry),
                                     .host = entry->host,
                                     .from =
                                         entry->first < MTA_STS_HISTORY_FIRST ? 0 : entry->first,
                                     .until = entry->last};

    if (entry->is_served) {
        served.until = is_local ? r->query->now : entry->last + MTA_STS_HISTORY_INTERVAL;
        served.is_served = is_local || served.until + MTA_STS_HISTORY_INTERVAL > r->query->now;
    }
    return served;
}

static const char *add_history(const reader *r)
{
    apr_array_header_t *entries;
    const char *error = mta_sts_history_read(r->db, r->query->domain, r->p, &entries);
    int i;

    for (i = 0; !error && i < entries->nelts; i++) {
        APR_ARRAY_PUSH(r->served, mta_sts_rollout_served) =
            served_of(r, &APR_ARRAY_IDX(entries, i, mta_sts_history_entry));
    }
    return error;
}

/* --- hosted domains --- */

/* Since when a machine has served a configured policy, which hides the hosted one; 0: it serves
 * none. host: NULL: the last machine that began. */
static apr_time_t hidden_since(const reader *r, const char *host)
{
    apr_time_t since = 0;
    int i;

    for (i = 0; i < r->served->nelts; i++) {
        const mta_sts_rollout_served *one = &APR_ARRAY_IDX(r->served, i, mta_sts_rollout_served);

        if (one->is_served && !one->is_hosted && (!host || strcmp(one->host, host) == 0)) {
            since = one->from > since ? one->from : since ? since : 1;
        }
    }
    return since;
}

/* Finds the machines that serve the domain's current or former row: those that are running and have
 * no configured policy for it. */
static const char *find_machines(const reader *r, apr_array_header_t **machines,
                                 apr_int64_t *position)
{
    const char *error = mta_sts_source_machines(r->db, r->p, machines);
    int i, kept = 0;

    error = error ? error : mta_sts_edit_position(r->db, r->query->domain, position);
    for (i = 0; i < (*machines)->nelts; i++) {
        const mta_sts_source_machine one = APR_ARRAY_IDX(*machines, i, mta_sts_source_machine);

        if (one.seen < MTA_STS_SOURCE_ALIVE && !hidden_since(r, one.host)) {
            APR_ARRAY_IDX(*machines, kept++, mta_sts_source_machine) = one;
        }
    }
    (*machines)->nelts = kept;
    return error;
}

static mta_sts_rollout_served *push_past(const reader *r, int i)
{
    const mta_sts_past_policy *one = &APR_ARRAY_IDX(r->past, i, mta_sts_past_policy);
    mta_sts_rollout_served *served = apr_array_push(r->served);
    /* A row was served from the end of the one before it. */
    const apr_time_t from = i ? APR_ARRAY_IDX(r->past, i - 1, mta_sts_past_policy).until : 0;

    *served = (mta_sts_rollout_served){.id = one->policy->id,
                                       .policy = &one->policy->policy,
                                       .from = from < one->until ? from : 0,
                                       .until = one->until,
                                       .is_hosted = 1};
    return served;
}

/* Each machine serves the row either with or without its last change. */
static void add_machines(const reader *r, const apr_array_header_t *machines, apr_int64_t position)
{
    const int last = r->past->nelts - 1;
    const int is_current = APR_ARRAY_IDX(r->past, last, mta_sts_past_policy).is_current;
    int i;

    for (i = 0; i < machines->nelts; i++) {
        const mta_sts_source_machine *one = &APR_ARRAY_IDX(machines, i, mta_sts_source_machine);
        const int is_late = one->position < position;
        const int at = is_current && is_late ? last - 1 : last;

        if (at >= 0 && (is_current || is_late)) {
            mta_sts_rollout_served *served = push_past(r, at);

            served->host = one->host;
            served->is_served = 1;
        }
        /* It may serve the change without having recorded that yet; a removal must be safe. */
        if (r->query->only_hosted && at < last) {
            push_past(r, last)->until = r->query->now;
        }
    }
}

/* Adds the policies that were served, or may be served although no machine is known to be running.
 * A policy that a configured one hid all the time was never served. */
static void add_rows(const reader *r, int has_machines)
{
    const apr_time_t hidden = has_machines ? 0 : hidden_since(r, NULL);
    int i;

    for (i = 0; i < r->past->nelts; i++) {
        const int is_current = APR_ARRAY_IDX(r->past, i, mta_sts_past_policy).is_current;
        mta_sts_rollout_served *served;

        if (is_current && has_machines) {
            continue;
        }
        served = push_past(r, i);
        served->is_served = is_current && !hidden;
        served->until = hidden > 1 && hidden < served->until ? hidden : served->until;
        if (hidden && served->until <= served->from) {
            apr_array_pop(r->served);
        }
    }
}

static const char *add_past(reader *r)
{
    apr_array_header_t *machines;
    apr_int64_t position;
    const char *problem, *error = mta_sts_hosting_tables_check(r->db, &problem);

    error = error || problem
                ? error
                : mta_sts_past_read(r->db, r->query->domain, r->query->now, r->p, &r->past);
    if (error || problem || !r->past->nelts) {
        return error;
    }
    error = find_machines(r, &machines, &position);
    if (!error) {
        add_rows(r, machines->nelts > 0);
        add_machines(r, machines, position);
    }
    return error;
}

/* --- who fetched it --- */

static mta_sts_rollout_policy *earlier_at(const reader *r, int i)
{
    return APR_ARRAY_IDX(r->rollout->earlier, i, mta_sts_rollout_policy *);
}

static apr_time_t first_needed(const reader *r)
{
    apr_time_t first = r->rollout->current ? r->rollout->current->needed : r->query->now;
    int i;

    for (i = 0; i < r->rollout->earlier->nelts; i++) {
        first = earlier_at(r, i)->needed < first ? earlier_at(r, i)->needed : first;
    }
    return first;
}

static const char *add_fetches(const reader *r, int *is_truncated)
{
    apr_array_header_t *read, *fetches;
    const char *error =
        mta_sts_last_fetches_read(r->db, r->query->domain, first_needed(r), r->query->now + AHEAD,
                                  MTA_STS_ROLLOUT_FETCHES_MAX, r->p, &read);
    int i;

    fetches = apr_array_make(r->p, read->nelts + 1, sizeof(mta_sts_rollout_fetch));
    for (i = 0; i < read->nelts; i++) {
        const mta_sts_last_fetch *one = &APR_ARRAY_IDX(read, i, mta_sts_last_fetch);

        APR_ARRAY_PUSH(fetches, mta_sts_rollout_fetch) =
            (mta_sts_rollout_fetch){one->network, one->id, one->agent, one->last, one->requests};
    }
    *is_truncated = read->nelts == MTA_STS_ROLLOUT_FETCHES_MAX;
    mta_sts_rollout_add_fetches(r->p, r->rollout, fetches);
    return error;
}

/* --- how far the log can be relied upon --- */

static void doubt(mta_sts_rollout_policy *policy, mta_sts_rollout_doubt reason, const char *note)
{
    policy->doubts |= (int)reason;
    APR_ARRAY_PUSH(policy->notes, const char *) = note;
}

static void add_gaps(const reader *r, mta_sts_rollout_policy *policy,
                     const mta_sts_fetches_coverage *coverage)
{
    int i;

    for (i = 0; i < coverage->gaps->nelts; i++) {
        const mta_sts_fetches_gap *gap = &APR_ARRAY_IDX(coverage->gaps, i, mta_sts_fetches_gap);

        if (gap->end > coverage->began) { /* else the note on its beginning says the same */
            doubt(policy, MTA_STS_ROLLOUT_GAPS,
                  apr_psprintf(r->p, "%s recorded nothing from %s to %s",
                               mta_sts_format_name(r->p, gap->host),
                               mta_sts_format_time(r->p, gap->begin),
                               mta_sts_format_time(r->p, gap->end)));
        }
    }
}

static void add_coverage(const reader *r, mta_sts_rollout_policy *policy,
                         const mta_sts_fetches_coverage *coverage)
{
    if (!coverage->began || coverage->began >= policy->until || !coverage->machines) {
        doubt(policy, MTA_STS_ROLLOUT_NO_LOG, "nothing was recorded at that time");
        return;
    }
    if (coverage->began > policy->needed) {
        doubt(policy, MTA_STS_ROLLOUT_LATE,
              apr_pstrcat(r->p, "it begins on ", mta_sts_format_time(r->p, coverage->began), NULL));
    }
    add_gaps(r, policy, coverage);
    if (coverage->lost) {
        doubt(policy, MTA_STS_ROLLOUT_LOST,
              apr_pstrcat(
                  r->p, mta_sts_format_count(r->p, coverage->lost, "request was", "requests were"),
                  " not recorded", NULL));
    }
}

static const char *judge_log(const reader *r, mta_sts_rollout_policy *policy, int is_truncated)
{
    mta_sts_fetches_coverage coverage;
    apr_int64_t others = 0;
    const char *error =
        mta_sts_fetches_cover(r->db, policy->needed, policy->until, r->query->now, r->p, &coverage);

    error = error ? error
                  : mta_sts_last_fetches_count_others(r->db, policy->id, policy->needed,
                                                      policy->until, &others);
    if (error) {
        return error;
    }
    add_coverage(r, policy, &coverage);
    if (others || (policy->doubts & MTA_STS_ROLLOUT_OTHERS)) {
        doubt(policy, MTA_STS_ROLLOUT_OTHERS,
              "some requests were recorded without their network, policy or "
              "domain: " MTA_STS_FETCH_NETWORK_UNKNOWN);
    }
    if (is_truncated) {
        doubt(policy, MTA_STS_ROLLOUT_TRUNCATED, "it has more networks than are read");
    }
    return NULL;
}

static const char *judge(const reader *r, int is_truncated)
{
    const char *error =
        r->rollout->current ? judge_log(r, r->rollout->current, is_truncated) : NULL;
    int i;

    for (i = 0; !error && i < r->rollout->earlier->nelts; i++) {
        error = judge_log(r, earlier_at(r, i), is_truncated);
    }
    mta_sts_rollout_judge(r->rollout);
    return error;
}

/* --- all of it --- */

static const char *add_log(const reader *r)
{
    int is_truncated = 0;
    const char *error = add_fetches(r, &is_truncated);

    return error ? error : judge(r, is_truncated);
}

static const char *make(reader *r)
{
    const mta_sts_rollout_basis basis = {r->query->now, r->query->id, r->query->max_age};

    r->rollout = mta_sts_rollout_make(r->p, r->served, &basis);
    if (r->query->is_brief && !r->rollout->earlier->nelts) {
        mta_sts_rollout_judge(r->rollout);
        return NULL;
    }
    return add_log(r);
}

const char *mta_sts_rollout_read(mta_sts_database *db, const mta_sts_rollout_query *query,
                                 apr_pool_t *p, mta_sts_rollout **rollout)
{
    reader r = {.db = db, .query = query, .p = p};
    const char *error;

    *rollout = NULL;
    r.served = apr_array_make(p, 4, sizeof(mta_sts_rollout_served));
    error = query->only_hosted ? NULL : add_history(&r);
    error = error ? error : add_past(&r);
    if (error || !r.served->nelts) {
        return error;
    }
    error = make(&r);
    *rollout = error ? NULL : r.rollout;
    return error;
}
