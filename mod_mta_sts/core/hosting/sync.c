/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hosting/sync.h"

#include <string.h>

#include <apr_strings.h>

#define PAGE 5000 /* rows; libpq holds a whole result in memory */

/* With more changes than this, comparing all rows is faster. */
#define CHANGES_MAX 20000

#define FULL_INTERVAL apr_time_from_sec(3600)
#define HELD_INTERVAL apr_time_from_sec(60)
/* How often the time of the last sync is written if nothing changes, in microseconds. */
#define NOTE_INTERVAL apr_time_from_sec(30)

#define ENDING "httpd is stopping or restarting"

typedef struct work {
    mta_sts_database *source;
    mta_sts_snapshot *snapshot;
    mta_sts_sync *sync;
    mta_sts_source_state seen; /* of the source */
    apr_pool_t *p;
    apr_pool_t *page; /* cleared after each page */
    apr_int64_t gone; /* number of domains marked as deleted */
} work;

static const char *snapshot_error(work *w, const char *error)
{
    w->sync->is_snapshot_error = w->sync->is_snapshot_error || error;
    return error;
}

/* --- one row --- */

static const char *store(work *w, const mta_sts_hosted_row *row, apr_int64_t digest,
                         const mta_sts_snapshot_row *before)
{
    mta_sts_findings *findings = mta_sts_findings_make(w->page);
    const mta_sts_hosted_policy *policy = mta_sts_hosted_row_read(w->page, row, findings);

    w->sync->has_changed = 1;
    return snapshot_error(
        w, policy ? mta_sts_snapshot_serve(w->snapshot, row->domain, digest, policy, before)
                  : mta_sts_snapshot_refuse(w->snapshot, row->domain, digest,
                                            mta_sts_findings_at(findings, 0)));
}

static const char *delete (work *w, const mta_sts_snapshot_row *before)
{
    w->gone++;
    return snapshot_error(w, mta_sts_snapshot_mark_gone(w->snapshot, before->domain));
}

/* Compares the row in the source (NULL: there is none) with that in the snapshot (before; NULL:
 * there is none), and updates the snapshot. */
static const char *compare(work *w, const mta_sts_hosted_row *row,
                           const mta_sts_snapshot_row *before)
{
    apr_int64_t digest = row ? mta_sts_hosted_row_digest(w->page, row) : 0;

    if (!row) {
        return before ? delete (w, before) : NULL;
    }
    return before && before->digest == digest ? NULL : store(w, row, digest, before);
}

/* --- pages --- */

/* Rows of the source and of the snapshot, both sorted by domain. */
static const char *merge(work *w, const apr_array_header_t *rows, const apr_array_header_t *known)
{
    const char *error = NULL;
    int i = 0, j = 0;

    while (!error && (i < rows->nelts || j < known->nelts)) {
        const mta_sts_source_row *row =
            i < rows->nelts ? &APR_ARRAY_IDX(rows, i, mta_sts_source_row) : NULL;
        const mta_sts_snapshot_row *before =
            j < known->nelts ? &APR_ARRAY_IDX(known, j, mta_sts_snapshot_row) : NULL;
        int order = !row ? 1 : !before ? -1 : strcmp(row->row.domain, before->domain);

        error = compare(w, order <= 0 && !row->is_deleted ? &row->row : NULL,
                        order >= 0 ? before : NULL);
        i += order <= 0;
        j += order >= 0;
    }
    return error;
}

/* The snapshot's rows in the range of a page of the source, which may have been deleted from the
 * source. There may be any number of them, so they are read page by page, too. */
static const char *merge_range(work *w, const char *after, const char *last,
                               const apr_array_header_t *rows)
{
    apr_array_header_t *known, part = *rows;
    const char *error = NULL;
    int done = 0;

    do {
        const char *end = last;

        error = snapshot_error(
            w, mta_sts_snapshot_rows(w->snapshot, after, last, PAGE, w->page, &known));
        if (!error && known->nelts == PAGE) { /* merge only up to the last row of this page */
            end = APR_ARRAY_IDX(known, PAGE - 1, mta_sts_snapshot_row).domain;
        }
        part.elts = rows->elts + (apr_size_t)done * sizeof(mta_sts_source_row);
        for (part.nelts = 0;
             !error && done + part.nelts < rows->nelts &&
             (known->nelts < PAGE ||
              strcmp(APR_ARRAY_IDX(&part, part.nelts, mta_sts_source_row).row.domain, end) <= 0);
             part.nelts++) {
        }
        error = error ? error : merge(w, &part, known);
        done += part.nelts;
        after = end;
    } while (!error && known->nelts == PAGE);
    return error;
}

static const char *compare_all(work *w)
{
    const char *error, *after = "";
    apr_array_header_t *rows;

    do {
        const char *last;

        if (w->sync->is_ending && w->sync->is_ending(NULL)) {
            return ENDING;
        }
        error = mta_sts_source_read_all(w->source, after, PAGE, w->page, &rows);
        if (error) {
            return error;
        }
        last = rows->nelts == PAGE ? APR_ARRAY_IDX(rows, PAGE - 1, mta_sts_source_row).row.domain
                                   : NULL;
        error = merge_range(w, after, last, rows);
        after = last ? apr_pstrdup(w->p, last) : NULL;
        apr_pool_clear(w->page);
    } while (!error && after);
    return error;
}

static const char *find(work *w, const char *domain, const mta_sts_snapshot_row **found)
{
    apr_array_header_t *known;
    const char *error =
        snapshot_error(w, mta_sts_snapshot_find(w->snapshot, domain, w->page, &known));

    *found = !error && known->nelts ? &APR_ARRAY_IDX(known, 0, mta_sts_snapshot_row) : NULL;
    return error;
}

static const char *compare_each(work *w, const apr_array_header_t *rows)
{
    const char *error = NULL;
    int i;

    for (i = 0; i < rows->nelts && !error; i++) {
        const mta_sts_source_row *row = &APR_ARRAY_IDX(rows, i, mta_sts_source_row);
        const mta_sts_snapshot_row *before;

        error = find(w, row->row.domain, &before);
        error = error ? error : compare(w, row->is_deleted ? NULL : &row->row, before);
    }
    return error;
}

static const char *compare_changed(work *w)
{
    const char *error, *after = "";
    apr_array_header_t *rows;
    int count;

    do {
        if (w->sync->is_ending && w->sync->is_ending(NULL)) {
            return ENDING;
        }
        error = mta_sts_source_read_changed(w->source, w->sync->state.position, after, PAGE,
                                            w->page, &rows);
        count = rows->nelts;
        error = error ? error : compare_each(w, rows);
        after =
            count ? apr_pstrdup(w->p, APR_ARRAY_IDX(rows, count - 1, mta_sts_source_row).row.domain)
                  : after;
        apr_pool_clear(w->page);
    } while (!error && count == PAGE);
    return error;
}

/* --- deletions --- */

/* Determines whether so many domains have disappeared that an admin must confirm it. held: out:
 * their number; else 0. */
static const char *judge_gone(work *w, apr_int64_t *held)
{
    int is_confirmed = 0;
    apr_int64_t gone = 0;
    const char *error = snapshot_error(w, mta_sts_snapshot_count_gone(w->snapshot, &gone));

    if (!error && gone >= MTA_STS_SYNC_HELD_MIN && gone > w->sync->state.served / 2) {
        error = mta_sts_source_is_confirmed(w->source, &is_confirmed);
        *held = is_confirmed ? 0 : gone;
    }
    return error;
}

/* Deletions that were held back before stay so if no domain has disappeared and not all rows were
 * compared. */
static const char *apply_gone(work *w)
{
    apr_int64_t held = w->gone || w->sync->is_full ? 0 : w->sync->state.held;
    const char *error = w->gone ? judge_gone(w, &held) : NULL;

    if (!error && w->gone && !held) {
        w->sync->has_changed = 1;
        error = snapshot_error(w, mta_sts_snapshot_delete_gone(w->snapshot));
    }
    w->sync->has_changed = w->sync->has_changed || held != w->sync->state.held;
    w->sync->state.held = held;
    return error;
}

/* --- a complete sync --- */

static int is_full_due(const work *w)
{
    const mta_sts_snapshot_state *state = &w->sync->state;
    const mta_sts_source_state *seen = &w->seen;
    apr_time_t age = w->sync->now - state->full;

    if (state->held && age >= 0 && age < HELD_INTERVAL && strcmp(state->source, seen->id) == 0) {
        return 0;
    }
    return strcmp(state->source, seen->id) != 0 || seen->next < state->position ||
           (state->position <= seen->pruned && seen->pruned) || seen->for_all ||
           seen->count > CHANGES_MAX || age < 0 || age >= FULL_INTERVAL || state->held;
}

static int is_news(const work *w)
{
    const mta_sts_snapshot_state *state = &w->sync->state;

    return w->seen.count != state->count || w->seen.newest != state->newest;
}

/* Stores the position up to which the source was read, which is determined in the same transaction
 * of the source. */
static const char *note_position(work *w)
{
    mta_sts_snapshot_state *state = &w->sync->state;
    const char *error;

    state->source = w->seen.id;
    state->full = w->sync->is_full ? w->sync->now : state->full;
    state->synced = w->sync->now;
    if (!state->held) { /* otherwise the deletions must be read again */
        state->position = w->seen.next;
    }
    error = mta_sts_source_poll(w->source, state->position, w->p, &w->seen);
    state->count = w->seen.count;
    state->newest = w->seen.newest;
    return error;
}

static const char *compare_rows(work *w)
{
    const char *error =
        w->sync->state.held ? snapshot_error(w, mta_sts_snapshot_forget_gone(w->snapshot)) : NULL;

    w->sync->has_read = 1;
    error = error ? error : w->sync->is_full ? compare_all(w) : compare_changed(w);
    error = error ? error : apply_gone(w);
    if (!error && w->sync->is_full && !w->sync->state.held) {
        error = snapshot_error(w, mta_sts_snapshot_sweep(w->snapshot));
    }
    if (!error && w->sync->has_changed) {
        error = snapshot_error(w, mta_sts_snapshot_count(w->snapshot, &w->sync->state));
    }
    return error;
}

static const char *apply(work *w)
{
    const char *error;

    w->sync->is_full = is_full_due(w);
    error = w->sync->is_full || is_news(w) ? compare_rows(w) : NULL;
    return error ? error : note_position(w);
}

/* Everything is read in one transaction of the source, and written in one of the snapshot. */
static const char *transfer(work *w)
{
    const char *error = mta_sts_database_begin_reading(w->source);

    error = error ? error : mta_sts_source_poll(w->source, w->sync->state.position, w->p, &w->seen);
    error = error ? error : apply(w);
    error = error ? error : mta_sts_database_commit(w->source);
    mta_sts_database_rollback(w->source);
    return error ? error : snapshot_error(w, mta_sts_snapshot_commit(w->snapshot, &w->sync->state));
}

static int needs_transfer(const work *w)
{
    const mta_sts_snapshot_state *state = &w->sync->state;

    return is_news(w) || is_full_due(w) || (state->count && w->seen.next != state->position) ||
           w->sync->now - state->synced >= NOTE_INTERVAL || w->sync->now < state->synced;
}

const char *mta_sts_sync_run(mta_sts_database *source, mta_sts_snapshot *snapshot,
                             mta_sts_sync *sync, apr_pool_t *p)
{
    work w = {source, snapshot, sync, {0}, p, NULL, 0};
    const char *error;

    sync->has_changed = sync->has_read = sync->is_full = sync->is_snapshot_error = 0;
    error = snapshot_error(&w, mta_sts_snapshot_read_state(snapshot, p, &sync->state));
    error = error ? error : mta_sts_source_poll(source, sync->state.position, p, &w.seen);
    if (error || !needs_transfer(&w)) {
        return error;
    }
    error = snapshot_error(&w, mta_sts_snapshot_begin(snapshot, p, &sync->state));
    if (error) {
        return error;
    }
    apr_pool_create(&w.page, p);
    error = transfer(&w);
    error = error ? apr_pstrdup(p, error) : NULL;
    mta_sts_snapshot_rollback(snapshot);
    apr_pool_destroy(w.page);
    return error;
}
