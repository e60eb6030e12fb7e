/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch/compare.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

/* --- counting --- */

/* Whether the item was already counted by a run that began later: two ran at once. */
static int is_counted(const cli_watch_item *item, const cli_watch_look *look)
{
    return item->last >= look->began && item->last <= apr_time_now();
}

static void count_seen(cli_watch_item *item, const cli_watch_item *now, const cli_watch_look *look)
{
    item->severity = now->severity;
    item->message = now->message;
    item->fix = now->fix;
    item->needed = now->needed;
    if (is_counted(item, look)) {
        return;
    }
    if (!item->seen) {
        item->turned = look->began;
        item->first = item->gone && item->gone < item->needed ? item->first : look->began;
    }
    item->seen++;
    item->gone = 0;
    item->last = apr_time_now();
}

static void count_gone(cli_watch_item *item, const cli_watch_look *look)
{
    if (is_counted(item, look)) {
        return;
    }
    item->turned = item->gone ? item->turned : look->began;
    item->gone++;
    item->seen = 0;
    item->last = apr_time_now();
}

static void count(cli_watch_state *state, const cli_watch_look *look)
{
    apr_hash_index_t *index;

    for (index = apr_hash_first(state->p, look->items); index; index = apr_hash_next(index)) {
        const char *key = apr_hash_this_key(index);
        const cli_watch_item *now = apr_hash_this_val(index);
        cli_watch_item *item = apr_hash_get(state->items, key, APR_HASH_KEY_STRING);

        if (!item && apr_hash_count(state->items) >= CLI_WATCH_ITEMS_MAX + 1) {
            continue; /* when others are forgotten there is room for it */
        }
        if (!item) {
            item = apr_pmemdup(state->p, now, sizeof(*item));
            apr_hash_set(state->items, key, APR_HASH_KEY_STRING, item);
        }
        count_seen(item, now, look);
    }
    for (index = apr_hash_first(state->p, state->items); index; index = apr_hash_next(index)) {
        cli_watch_item *item = apr_hash_this_val(index);

        if (!apr_hash_get(look->items, apr_hash_this_key(index), APR_HASH_KEY_STRING) &&
            cli_watch_look_covers(look, item)) {
            count_gone(item, look);
        }
    }
}

/* --- changes --- */

/* How severe something is, compared with what was reported. */
static int rank(mta_sts_severity severity)
{
    return severity == MTA_STS_UNKNOWN ? 0 : (int)severity;
}

/* Whether it was like this for a day, as far as runs looked at it. */
static int is_steady(const cli_watch_item *item)
{
    return item->last - item->turned >= CLI_WATCH_STEADY;
}

/* Returns whether there is a change to report. */
static int judge(const cli_watch_item *item, cli_watch_change *change)
{
    int is_here = item->seen >= item->needed, is_over = item->gone >= item->needed;

    switch (item->phase) {
    case CLI_WATCH_CALM:
        change->event = CLI_WATCH_NEW;
        change->is_flapping = item->starts + 1 >= CLI_WATCH_STARTS_MAX;
        return is_here;
    case CLI_WATCH_OPEN:
        change->event = is_over ? CLI_WATCH_RESOLVED : CLI_WATCH_WORSE;
        return is_over || (is_here && rank(item->severity) > rank(item->reported));
    default:
        change->event = CLI_WATCH_RESOLVED;
        return is_over && is_steady(item);
    }
}

static int compare_changes(const void *a_, const void *b_)
{
    const cli_watch_change *a = a_, *b = b_;
    const cli_watch_item *one = a->item, *other = b->item;
    int order = (a->event == CLI_WATCH_RESOLVED) - (b->event == CLI_WATCH_RESOLVED);

    order = order ? order : rank(other->severity) - rank(one->severity);
    order = order ? order : strcmp(one->domain, other->domain);
    order = order ? order : strcmp(one->part, other->part);
    order = order ? order : strcmp(one->subject, other->subject);
    order = order ? order : strcmp(one->id, other->id);
    return order ? order : strcmp(one->kind, other->kind);
}

/* What the stages of one problem have in common: "certificate-expires-soon", "certificate-expired".
 */
static const char *stage_key(apr_pool_t *p, const cli_watch_item *item)
{
    return apr_psprintf(p, "%s\x1f%s\x1f%s\x1f%.*s", item->domain, item->part, item->subject,
                        (int)strcspn(item->id, "-"), item->id);
}

/* What follows something else is no good news about that. */
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
            rank(change->item->severity) >= rank(before->item->severity)) {
            change->replaces = before->item->id;
            before->is_replaced = 1;
        }
    }
}

/* --- domains --- */

/* The number of a domain's problems that were reported and are not over. */
static int count_open(const cli_watch_state *state, const char *domain)
{
    apr_hash_index_t *index;
    int open = 0;

    for (index = apr_hash_first(state->p, state->items); index; index = apr_hash_next(index)) {
        const cli_watch_item *item = apr_hash_this_val(index);

        open += strcmp(item->domain, domain) == 0 && item->phase != CLI_WATCH_CALM;
    }
    return open;
}

static void drop_domain(cli_watch_state *state, const char *domain)
{
    apr_hash_index_t *index;

    for (index = apr_hash_first(state->p, state->items); index; index = apr_hash_next(index)) {
        const cli_watch_item *item = apr_hash_this_val(index);

        if (strcmp(item->domain, domain) == 0) {
            apr_hash_set(state->items, apr_hash_this_key(index), APR_HASH_KEY_STRING, NULL);
        }
    }
    apr_hash_set(state->domains, domain, APR_HASH_KEY_STRING, NULL);
}

/* A domain that httpd's configuration does not have any more. */
static void end_domain(cli_watch_state *state, const char *domain, apr_array_header_t *changes)
{
    int open = count_open(state, domain);

    if (!open) {
        drop_domain(state, domain);
        return;
    }
    APR_ARRAY_PUSH(changes, cli_watch_change) = (cli_watch_change){
        .event = CLI_WATCH_DROPPED,
        .domain = domain,
        .message = apr_psprintf(state->p,
                                "%s is not in httpd's configuration any more, and no longer "
                                "watched (%d %s open)",
                                domain, open, open == 1 ? "problem was" : "problems were")};
}

static void update_domains(cli_watch_state *state, const cli_watch_look *look,
                           apr_array_header_t *changes)
{
    apr_hash_index_t *index;

    for (index = apr_hash_first(state->p, look->domains); index; index = apr_hash_next(index)) {
        cli_watch_domain *domain = apr_palloc(state->p, sizeof(*domain));

        domain->name = apr_hash_this_key(index);
        domain->is_configured = look->is_configured;
        apr_hash_set(state->domains, domain->name, APR_HASH_KEY_STRING, domain);
    }
    for (index = apr_hash_first(state->p, state->domains); index; index = apr_hash_next(index)) {
        const cli_watch_domain *domain = apr_hash_this_val(index);

        if (look->is_configured && domain->is_configured &&
            !apr_hash_get(look->domains, domain->name, APR_HASH_KEY_STRING)) {
            end_domain(state, domain->name, changes);
        }
    }
}

/* --- all of it --- */

static void add_begin(const cli_watch_state *state, const cli_watch_look *look,
                      apr_array_header_t *changes)
{
    if (state->damage) {
        APR_ARRAY_PUSH(changes, cli_watch_change) =
            (cli_watch_change){.event = CLI_WATCH_DAMAGED, .message = state->damage};
    }
    else if (state->is_first) {
        APR_ARRAY_PUSH(changes, cli_watch_change) = (cli_watch_change){
            .event = CLI_WATCH_BEGIN,
            .message =
                apr_psprintf(state->p,
                             "this is the first run: all that is wrong will be reported "
                             "once, and after that only what changes. It is noted in "
                             "%s/" CLI_WATCH_FILE "%s%s",
                             state->dir, look->nothing ? ". There is no domain to watch yet: " : "",
                             look->nothing ? look->nothing : "")};
    }
}

apr_array_header_t *cli_watch_compare(cli_watch_state *state, const cli_watch_look *look)
{
    apr_array_header_t *changes = apr_array_make(state->p, 8, sizeof(cli_watch_change));
    apr_array_header_t *found = apr_array_make(state->p, 8, sizeof(cli_watch_change));
    apr_hash_index_t *index;

    add_begin(state, look, changes);
    update_domains(state, look, changes);
    count(state, look);
    for (index = apr_hash_first(state->p, state->items); index; index = apr_hash_next(index)) {
        cli_watch_change change = {.item = apr_hash_this_val(index)};

        if (judge(change.item, &change)) {
            APR_ARRAY_PUSH(found, cli_watch_change) = change;
        }
    }
    if (found->nelts) {
        qsort(found->elts, (size_t)found->nelts, sizeof(cli_watch_change), compare_changes);
    }
    join_stages(state->p, found);
    apr_array_cat(changes, found);
    return changes;
}

static void note(cli_watch_item *item, const cli_watch_change *change, apr_time_t now)
{
    switch (change->event) {
    case CLI_WATCH_NEW:
        item->phase = change->is_flapping ? CLI_WATCH_FLAPPING : CLI_WATCH_OPEN;
        item->reported = item->severity;
        item->starts++;
        break;
    case CLI_WATCH_WORSE:
        item->reported = item->severity;
        break;
    default:
        item->ended = now;
        item->starts = item->phase == CLI_WATCH_FLAPPING ? 0 : item->starts;
        item->phase = CLI_WATCH_CALM;
        break;
    }
}

void cli_watch_commit(cli_watch_state *state, const apr_array_header_t *changes, apr_time_t now)
{
    int i;

    state->is_first = 0;
    state->damage = NULL;
    for (i = 0; i < changes->nelts; i++) {
        const cli_watch_change *change = &APR_ARRAY_IDX(changes, i, cli_watch_change);

        if (change->item) {
            note(change->item, change, now);
        }
        if (change->domain) {
            drop_domain(state, change->domain);
        }
    }
}

void cli_watch_forget(cli_watch_state *state, apr_time_t now)
{
    apr_hash_index_t *index;

    for (index = apr_hash_first(state->p, state->items); index; index = apr_hash_next(index)) {
        cli_watch_item *item = apr_hash_this_val(index);
        int is_old = !item->ended || now - item->ended >= CLI_WATCH_STEADY;

        if (item->phase == CLI_WATCH_CALM && !item->seen && is_old) {
            apr_hash_set(state->items, apr_hash_this_key(index), APR_HASH_KEY_STRING, NULL);
        }
        else if (item->phase == CLI_WATCH_FLAPPING && item->seen && is_steady(item)) {
            item->phase = CLI_WATCH_OPEN; /* it was reported, and has stayed */
            item->starts = 1;
        }
    }
}

int cli_watch_pending(const cli_watch_state *state)
{
    apr_hash_index_t *index;
    int count = 0;

    for (index = apr_hash_first(state->p, state->items); index; index = apr_hash_next(index)) {
        const cli_watch_item *item = apr_hash_this_val(index);

        count += item->phase == CLI_WATCH_CALM && item->seen > 0 && item->seen < item->needed;
    }
    return count;
}
