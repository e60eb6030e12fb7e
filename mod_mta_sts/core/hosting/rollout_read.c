/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/rollout_read.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "core/database/fetches.h"
#include "core/database/history.h"
#include "core/database/last_fetches.h"
#include "core/hosting/past.h"
#include "core/policy/text.h"

typedef struct reader {
    mta_sts_database *db;
    const char *domain, *host;
    apr_time_t now;
    apr_pool_t *p;
    mta_sts_rollout *rollout;
} reader;

/* --- what was served --- */

static const mta_sts_policy *policy_of(const reader *r, const mta_sts_history_entry *entry)
{
    mta_sts_policy *policy = mta_sts_policy_text_read(r->p, entry->text, strlen(entry->text),
                                                      mta_sts_findings_make(r->p));

    policy->max_age = entry->max_age;
    if (policy->mode == MTA_STS_MODE_UNSET) { /* damaged: the worst is assumed */
        policy->mode = MTA_STS_MODE_ENFORCE;
    }
    return policy;
}

/* Another machine confirms from time to time that it still serves. */
static mta_sts_rollout_served served_of(const reader *r, const mta_sts_history_entry *entry)
{
    const int is_local = strcmp(entry->host, r->host) == 0;
    mta_sts_rollout_served served = {.id = entry->id,
                                     .policy = policy_of(r, entry),
                                     .host = entry->host,
                                     .from = entry->first,
                                     .until = entry->last};

    if (entry->is_served) {
        served.until = is_local ? r->now : entry->last + MTA_STS_HISTORY_INTERVAL;
        served.is_served = is_local || served.until + MTA_STS_HISTORY_INTERVAL > r->now;
    }
    return served;
}

static const char *add_history(const reader *r, apr_array_header_t *served)
{
    apr_array_header_t *entries;
    const char *error = mta_sts_history_read(r->db, r->domain, r->p, &entries);
    int i;

    for (i = 0; !error && i < entries->nelts; i++) {
        APR_ARRAY_PUSH(served, mta_sts_rollout_served) =
            served_of(r, &APR_ARRAY_IDX(entries, i, mta_sts_history_entry));
    }
    return error;
}

/* A row was served from the end of the one before it. */
static const char *add_past(const reader *r, apr_array_header_t *served)
{
    apr_array_header_t *past;
    const char *error = mta_sts_past_read(r->db, r->domain, r->now, r->p, &past);
    apr_time_t from = 0;
    int i;

    for (i = 0; !error && i < past->nelts; i++) {
        const mta_sts_past_policy *one = &APR_ARRAY_IDX(past, i, mta_sts_past_policy);

        APR_ARRAY_PUSH(served, mta_sts_rollout_served) = (mta_sts_rollout_served){
            .id = one->policy->id,
            .policy = &one->policy->policy,
            .from = from < one->until ? from : 0,
            .until = one->until,
            .is_served = one->is_current,
        };
        from = one->until;
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
    apr_time_t first = r->rollout->current ? r->rollout->current->needed : r->now;
    int i;

    for (i = 0; i < r->rollout->earlier->nelts; i++) {
        first = earlier_at(r, i)->needed < first ? earlier_at(r, i)->needed : first;
    }
    return first;
}

static const char *add_fetches(const reader *r, int *is_truncated)
{
    apr_array_header_t *read, *fetches;
    const char *error = mta_sts_last_fetches_read(r->db, r->domain, first_needed(r),
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
                  apr_psprintf(r->p, "%s recorded nothing from %s to %s", gap->host,
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
        mta_sts_fetches_cover(r->db, policy->needed, policy->until, r->now, r->p, &coverage);

    error = error ? error
                  : mta_sts_last_fetches_count_others(r->db, policy->id, policy->needed,
                                                      policy->until, &others);
    if (error) {
        return error;
    }
    add_coverage(r, policy, &coverage);
    if (others || (policy->doubts & MTA_STS_ROLLOUT_OTHERS)) {
        doubt(policy, MTA_STS_ROLLOUT_OTHERS,
              "some requests were recorded without their network, policy or domain");
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

const char *mta_sts_rollout_read(mta_sts_database *db, const char *domain, const char *host,
                                 apr_time_t now, apr_pool_t *p, mta_sts_rollout **rollout)
{
    reader r = {db, domain, host, now, p, NULL};
    apr_array_header_t *served = apr_array_make(p, 4, sizeof(mta_sts_rollout_served));
    const char *error = add_history(&r, served);
    int is_truncated = 0;

    *rollout = NULL;
    error = error ? error : add_past(&r, served);
    if (error || !served->nelts) {
        return error;
    }
    r.rollout = mta_sts_rollout_make(p, served, now);
    error = add_fetches(&r, &is_truncated);
    error = error ? error : judge(&r, is_truncated);
    *rollout = error ? NULL : r.rollout;
    return error;
}
