/* SPDX-License-Identifier: Apache-2.0 */
/* Updates the state with the observations of a run. */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/watch/compare.h"

#define UNREPORTED_MAX 3 /* maximum number of critical problems that are quoted */

/* --- counting --- */

/* Whether a run that began later has already counted the item, because two runs overlapped. */
static int is_counted(const cli_watch_item *item, const cli_watch_look *look)
{
    return item->last >= look->began && item->last <= apr_time_now();
}

/* After an item has certainly become less severe, it can get worse again. */
static void ease(cli_watch_item *item)
{
    int i;

    for (i = 0; i < CLI_WATCH_CHANNELS; i++) {
        cli_watch_report *report = &item->reports[i];

        if (report->phase == CLI_WATCH_OPEN && item->level >= item->needed &&
            cli_watch_rank(item->severity) < cli_watch_rank(report->severity)) {
            report->severity = item->severity;
            report->is_eased = 1;
        }
    }
}

static void count_seen(cli_watch_item *item, const cli_watch_item *now, const cli_watch_look *look)
{
    int is_same = item->seen && item->severity == now->severity;

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
        item->families = 0;
    }
    item->families |= now->families;
    item->level = is_same ? item->level + 1 : 1;
    item->seen++;
    item->gone = 0;
    item->last = apr_time_now();
    ease(item);
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

static void note_domains(cli_watch_state *state, const cli_watch_look *look)
{
    apr_hash_index_t *index;

    for (index = apr_hash_first(state->p, look->domains); index; index = apr_hash_next(index)) {
        cli_watch_domain *domain = apr_palloc(state->p, sizeof(*domain));

        domain->name = apr_hash_this_key(index);
        domain->is_configured = look->is_configured;
        apr_hash_set(state->domains, domain->name, APR_HASH_KEY_STRING, domain);
    }
}

void cli_watch_count(cli_watch_state *state, const cli_watch_look *look)
{
    apr_hash_index_t *index;

    note_domains(state, look);
    for (index = apr_hash_first(state->p, look->items); index; index = apr_hash_next(index)) {
        const char *key = apr_hash_this_key(index);
        const cli_watch_item *now = apr_hash_this_val(index);
        cli_watch_item *item = apr_hash_get(state->items, key, APR_HASH_KEY_STRING);

        if (!item && apr_hash_count(state->items) >= CLI_WATCH_ITEMS_MAX + 1) {
            continue; /* it can be added when others have been removed */
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

/* --- domains --- */

int cli_watch_is_dropped(const cli_watch_state *state, const cli_watch_look *look,
                         const char *domain)
{
    const cli_watch_domain *known = apr_hash_get(state->domains, domain, APR_HASH_KEY_STRING);

    return look->is_configured && known && known->is_configured &&
           !apr_hash_get(look->domains, domain, APR_HASH_KEY_STRING);
}

apr_hash_t *cli_watch_count_open(const cli_watch_state *state, cli_watch_channel channel)
{
    apr_hash_t *open = apr_hash_make(state->p);
    apr_hash_index_t *index;

    for (index = apr_hash_first(state->p, state->items); index; index = apr_hash_next(index)) {
        const cli_watch_item *item = apr_hash_this_val(index);
        int *count = apr_hash_get(open, item->domain, APR_HASH_KEY_STRING);

        if (item->reports[channel].phase == CLI_WATCH_CALM) {
            continue;
        }
        if (!count) {
            count = apr_pcalloc(state->p, sizeof(*count));
            apr_hash_set(open, item->domain, APR_HASH_KEY_STRING, count);
        }
        ++*count;
    }
    return open;
}

/* --- forgetting --- */

/* Whether it was reported to all channels, long enough ago, that an item is over. */
static int is_forgettable(const cli_watch_item *item, apr_time_t now)
{
    int i;

    for (i = 0; i < CLI_WATCH_CHANNELS; i++) {
        const cli_watch_report *report = &item->reports[i];
        int is_recent =
            report->ended && report->ended <= now && now - report->ended < CLI_WATCH_STEADY;

        if (report->phase != CLI_WATCH_CALM || is_recent) {
            return 0;
        }
    }
    return !item->seen;
}

/* Ends flapping if an item has been unchanged for a day. */
static void settle(cli_watch_item *item)
{
    int i, is_steady = item->seen && item->last - item->turned >= CLI_WATCH_STEADY;

    for (i = 0; is_steady && i < CLI_WATCH_CHANNELS; i++) {
        if (item->reports[i].phase == CLI_WATCH_FLAPPING) {
            item->reports[i].phase = CLI_WATCH_OPEN;
            memset(item->reports[i].starts, 0, sizeof(item->reports[i].starts));
        }
    }
}

/* Domains that are no longer watched, which was reported to all channels: name -> "". */
static apr_hash_t *find_ended(const cli_watch_state *state, const cli_watch_look *look)
{
    apr_hash_t *output = cli_watch_count_open(state, CLI_WATCH_OUTPUT);
    apr_hash_t *exec = cli_watch_count_open(state, CLI_WATCH_EXEC);
    apr_hash_t *ended = apr_hash_make(state->p);
    apr_hash_index_t *index;

    for (index = apr_hash_first(state->p, state->domains); index; index = apr_hash_next(index)) {
        const char *name = apr_hash_this_key(index);

        if (cli_watch_is_dropped(state, look, name) &&
            !apr_hash_get(output, name, APR_HASH_KEY_STRING) &&
            !apr_hash_get(exec, name, APR_HASH_KEY_STRING)) {
            apr_hash_set(ended, name, APR_HASH_KEY_STRING, "");
        }
    }
    return ended;
}

void cli_watch_forget(cli_watch_state *state, const cli_watch_look *look, apr_time_t now)
{
    apr_hash_t *ended = find_ended(state, look);
    apr_hash_index_t *index;

    for (index = apr_hash_first(state->p, state->items); index; index = apr_hash_next(index)) {
        cli_watch_item *item = apr_hash_this_val(index);

        settle(item);
        if (is_forgettable(item, now) || apr_hash_get(ended, item->domain, APR_HASH_KEY_STRING)) {
            apr_hash_set(state->items, apr_hash_this_key(index), APR_HASH_KEY_STRING, NULL);
        }
    }
    for (index = apr_hash_first(state->p, ended); index; index = apr_hash_next(index)) {
        apr_hash_set(state->domains, apr_hash_this_key(index), APR_HASH_KEY_STRING, NULL);
    }
}

int cli_watch_pending(const cli_watch_state *state)
{
    apr_hash_index_t *index;
    int count = 0;

    for (index = apr_hash_first(state->p, state->items); index; index = apr_hash_next(index)) {
        const cli_watch_item *item = apr_hash_this_val(index);

        count += item->reports[CLI_WATCH_OUTPUT].phase == CLI_WATCH_CALM && item->seen > 0 &&
                 item->seen < item->needed;
    }
    return count;
}

/* --- problems that cannot be reported --- */

static int is_unreported(const cli_watch_item *item)
{
    const cli_watch_report *report = &item->reports[CLI_WATCH_OUTPUT];

    return item->seen > 0 && (report->phase == CLI_WATCH_CALM ||
                              (report->phase == CLI_WATCH_OPEN &&
                               cli_watch_rank(item->severity) > cli_watch_rank(report->severity)));
}

static int compare_texts(const void *one, const void *other)
{
    return strcmp(*(const char *const *)one, *(const char *const *)other);
}

/* "TEXT; TEXT", or "TEXT; TEXT; TEXT; and 4 more". */
static const char *first_of(apr_pool_t *p, const apr_array_header_t *texts)
{
    const char *joined = "";
    int i, count = texts->nelts < UNREPORTED_MAX ? texts->nelts : UNREPORTED_MAX;

    qsort(texts->elts, (size_t)texts->nelts, sizeof(const char *), compare_texts);
    for (i = 0; i < count; i++) {
        joined = apr_pstrcat(p, joined, i ? "; " : "", APR_ARRAY_IDX(texts, i, const char *), NULL);
    }
    return texts->nelts > count ? apr_psprintf(p, "%s; and %d more", joined, texts->nelts - count)
                                : joined;
}

/* The beginning of a line of cli_watch_print. */
static const char *text_of(apr_pool_t *p, const cli_watch_item *item)
{
    int has_subject =
        strcmp(item->subject, item->domain) == 0 || strstr(item->message, item->subject);

    return apr_pstrcat(p, *item->domain ? item->domain : "this machine", ": ",
                       has_subject ? "" : item->subject, has_subject ? "" : ": ", item->message,
                       " [", item->id, "]", NULL);
}

const char *cli_watch_describe_unreported(const cli_watch_state *state)
{
    apr_array_header_t *critical = apr_array_make(state->p, 4, sizeof(const char *));
    apr_hash_index_t *index;
    int count = 0;

    for (index = apr_hash_first(state->p, state->items); index; index = apr_hash_next(index)) {
        const cli_watch_item *item = apr_hash_this_val(index);

        if (!is_unreported(item)) {
            continue;
        }
        count++;
        if (item->severity == MTA_STS_ERROR) {
            APR_ARRAY_PUSH(critical, const char *) = text_of(state->p, item);
        }
    }
    if (!count) {
        return NULL;
    }
    return apr_psprintf(state->p, "%d %s, %d critical%s%s", count,
                        count == 1 ? "problem" : "problems", critical->nelts,
                        critical->nelts ? ": " : "", first_of(state->p, critical));
}
