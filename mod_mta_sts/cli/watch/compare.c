/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch/compare.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

/* --- changes --- */

/* Whether an item has been unchanged for a day, as far as runs have checked it. */
static int is_steady(const cli_watch_item *item)
{
    return item->last - item->turned >= CLI_WATCH_STEADY;
}

/* Whether a further beginning would be one too many within a day. A time in the future was recorded
 * while the clock was wrong. */
static int is_once_too_often(const cli_watch_report *report, apr_time_t now)
{
    apr_time_t oldest = report->starts[CLI_WATCH_STARTS - 1];

    return oldest && oldest <= now && now - oldest < CLI_WATCH_STEADY;
}

static int is_worse(const cli_watch_item *item, const cli_watch_report *report)
{
    return item->seen >= item->needed &&
           cli_watch_rank(item->severity) > cli_watch_rank(report->severity);
}

/* Returns whether there is a change to report. */
static int judge(const cli_watch_item *item, const cli_watch_report *report, apr_time_t now,
                 cli_watch_change *change)
{
    int is_over =
        item->gone >= item->needed && (report->phase != CLI_WATCH_FLAPPING || is_steady(item));

    if (report->phase == CLI_WATCH_CALM) {
        change->event = CLI_WATCH_NEW;
        change->is_flapping = is_once_too_often(report, now);
        return item->seen >= item->needed;
    }
    change->event = is_over ? CLI_WATCH_RESOLVED : CLI_WATCH_WORSE;
    change->is_flapping = !is_over && (report->phase == CLI_WATCH_FLAPPING ||
                                       (report->is_eased && is_once_too_often(report, now)));
    return is_over || is_worse(item, report);
}

static int compare_changes(const void *a_, const void *b_)
{
    const cli_watch_change *a = a_, *b = b_;
    const cli_watch_item *one = a->item, *other = b->item;
    int order = (a->event == CLI_WATCH_RESOLVED) - (b->event == CLI_WATCH_RESOLVED);

    order = order ? order : cli_watch_rank(other->severity) - cli_watch_rank(one->severity);
    order = order ? order : strcmp(one->domain, other->domain);
    order = order ? order : strcmp(one->part, other->part);
    order = order ? order : strcmp(one->subject, other->subject);
    order = order ? order : strcmp(one->id, other->id);
    return order ? order : strcmp(one->kind, other->kind);
}

/* A key that all stages of a problem have in common, such as "certificate-expires-soon" and
 * "certificate-expired".
 */
static const char *stage_key(apr_pool_t *p, const cli_watch_item *item)
{
    return apr_psprintf(p, "%s\x1f%s\x1f%s\x1f%.*s", item->domain, item->part, item->subject,
                        (int)strcspn(item->id, "-"), item->id);
}

/* Marks problems that are over only because a later stage has replaced them, so that they are not
 * reported as good news. */
static void join_stages(apr_pool_t *p, apr_array_header_t *changes)
{
    apr_hash_t *over = apr_hash_make(p);
    int i;

    for (i = 0; i < changes->nelts; i++) {
        cli_watch_change *change = &APR_ARRAY_IDX(changes, i, cli_watch_change);

        if (change->event == CLI_WATCH_RESOLVED) {
            apr_hash_set(over, stage_key(p, change->item), APR_HASH_KEY_STRING, change);
        }
    }
    for (i = 0; i < changes->nelts && apr_hash_count(over); i++) {
        cli_watch_change *change = &APR_ARRAY_IDX(changes, i, cli_watch_change);
        cli_watch_change *before =
            change->event == CLI_WATCH_NEW
                ? apr_hash_get(over, stage_key(p, change->item), APR_HASH_KEY_STRING)
                : NULL;

        if (before && strcmp(before->item->id, change->item->id) != 0 &&
            cli_watch_rank(change->item->severity) >= cli_watch_rank(before->item->severity)) {
            change->replaces = before->item->id;
            before->is_replaced = 1;
        }
    }
}

/* --- domains --- */

/* Adds domains with open problems that are no longer in httpd's configuration. */
static void add_dropped(const cli_watch_state *state, const cli_watch_look *look,
                        cli_watch_channel channel, apr_array_header_t *changes)
{
    apr_hash_t *open = cli_watch_count_open(state, channel);
    apr_hash_index_t *index;

    for (index = apr_hash_first(state->p, open); index; index = apr_hash_next(index)) {
        const char *domain = apr_hash_this_key(index);
        int count = *(const int *)apr_hash_this_val(index);

        if (cli_watch_is_dropped(state, look, domain)) {
            APR_ARRAY_PUSH(changes, cli_watch_change) = (cli_watch_change){
                .event = CLI_WATCH_DROPPED,
                .domain = domain,
                .message = apr_psprintf(
                    state->p,
                    "%s is no longer in httpd's configuration, and no longer watched (%d %s open)",
                    domain, count, count == 1 ? "problem was" : "problems were")};
        }
    }
}

/* --- all of it --- */

static void add_begin(const cli_watch_state *state, const cli_watch_look *look,
                      cli_watch_channel channel, apr_array_header_t *changes)
{
    if (state->deliveries[channel].is_damaged) {
        APR_ARRAY_PUSH(changes, cli_watch_change) =
            (cli_watch_change){.event = CLI_WATCH_DAMAGED, .message = state->damage};
    }
    else if (state->deliveries[channel].is_first) {
        APR_ARRAY_PUSH(changes, cli_watch_change) = (cli_watch_change){
            .event = CLI_WATCH_BEGIN,
            .message = apr_psprintf(
                state->p,
                "this is the first run: every problem will be reported once, and after that only "
                "changes. What was reported is stored in %s/" CLI_WATCH_FILE "%s%s",
                state->dir, look->nothing ? ". There is no domain to watch yet: " : "",
                look->nothing ? look->nothing : "")};
    }
}

static apr_array_header_t *find_changes(cli_watch_state *state, const cli_watch_look *look,
                                        cli_watch_channel channel)
{
    apr_array_header_t *found = apr_array_make(state->p, 8, sizeof(cli_watch_change));
    apr_time_t now = apr_time_now();
    apr_hash_index_t *index;

    for (index = apr_hash_first(state->p, state->items); index; index = apr_hash_next(index)) {
        cli_watch_change change = {.item = apr_hash_this_val(index)};

        if (judge(change.item, &change.item->reports[channel], now, &change) &&
            !cli_watch_is_dropped(state, look, change.item->domain)) {
            APR_ARRAY_PUSH(found, cli_watch_change) = change;
        }
    }
    return found;
}

apr_array_header_t *cli_watch_compare(cli_watch_state *state, const cli_watch_look *look,
                                      cli_watch_channel channel)
{
    apr_array_header_t *changes = apr_array_make(state->p, 8, sizeof(cli_watch_change));
    apr_array_header_t *found = find_changes(state, look, channel);

    add_begin(state, look, channel, changes);
    add_dropped(state, look, channel, changes);
    if (found->nelts) {
        qsort(found->elts, (size_t)found->nelts, sizeof(cli_watch_change), compare_changes);
    }
    join_stages(state->p, found);
    apr_array_cat(changes, found);
    return changes;
}

/* --- noting --- */

static void note_start(cli_watch_report *report, apr_time_t now)
{
    memmove(report->starts + 1, report->starts, sizeof(report->starts) - sizeof(report->starts[0]));
    report->starts[0] = now;
}

static void note_end(cli_watch_report *report, apr_time_t now)
{
    report->ended = now;
    if (report->phase == CLI_WATCH_FLAPPING) {
        memset(report->starts, 0, sizeof(report->starts));
    }
    report->phase = CLI_WATCH_CALM;
}

static void note(const cli_watch_item *item, const cli_watch_change *change,
                 cli_watch_report *report, apr_time_t now)
{
    if (change->event == CLI_WATCH_RESOLVED) {
        note_end(report, now);
        return;
    }
    if (change->event == CLI_WATCH_NEW || report->is_eased) {
        note_start(report, now);
    }
    report->phase = change->is_flapping ? CLI_WATCH_FLAPPING : CLI_WATCH_OPEN;
    report->severity = item->severity;
    report->is_eased = 0;
}

/* Stops all reporting about a domain. */
static void drop_domain(cli_watch_state *state, const char *domain, cli_watch_channel channel)
{
    apr_hash_index_t *index;

    for (index = apr_hash_first(state->p, state->items); index; index = apr_hash_next(index)) {
        cli_watch_item *item = apr_hash_this_val(index);

        if (strcmp(item->domain, domain) == 0) {
            item->reports[channel] = (cli_watch_report){.phase = CLI_WATCH_CALM};
        }
    }
}

void cli_watch_commit(cli_watch_state *state, const apr_array_header_t *changes,
                      cli_watch_channel channel, apr_time_t now)
{
    int i;

    state->deliveries[channel].is_first = state->deliveries[channel].is_damaged = 0;
    for (i = 0; i < changes->nelts; i++) {
        const cli_watch_change *change = &APR_ARRAY_IDX(changes, i, cli_watch_change);

        if (change->item) {
            note(change->item, change, &change->item->reports[channel], now);
        }
        if (change->domain) {
            drop_domain(state, change->domain, channel);
        }
    }
}

void cli_watch_commit_like(cli_watch_state *state, cli_watch_channel channel,
                           cli_watch_channel other)
{
    apr_hash_index_t *index;

    state->deliveries[channel] = state->deliveries[other];
    for (index = apr_hash_first(state->p, state->items); index; index = apr_hash_next(index)) {
        cli_watch_item *item = apr_hash_this_val(index);

        item->reports[channel] = item->reports[other];
    }
}
