/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <jansson.h>

#include "cli/common/output.h"
#include "cli/common/subcommand.h"
#include "cli/watch/silence.h"
#include "core/base/format.h"
#include "core/database/identity.h"

#define DOMAINS_MAX 3 /* named on one line */

static const cli_watch_change *change_at(const apr_array_header_t *changes, int i)
{
    return &APR_ARRAY_IDX(changes, i, cli_watch_change);
}

static int is_begun(const cli_watch_change *change)
{
    return change->event == CLI_WATCH_NEW || change->event == CLI_WATCH_WORSE;
}

/* --- for people --- */

/* What changes have in common that differ only in their domain. */
static const char *line_key(apr_pool_t *p, const cli_watch_change *change)
{
    const cli_watch_item *item = change->item;

    return apr_psprintf(p, "%d\x1f%d\x1f%d\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s", (int)change->event,
                        change->is_flapping, (int)item->severity, item->part, item->subject,
                        item->id, change->replaces ? change->replaces : "", item->message);
}

/* Groups the changes into lines: key -> array of const char *, the domains. */
static apr_hash_t *group(apr_pool_t *p, const apr_array_header_t *changes)
{
    apr_hash_t *groups = apr_hash_make(p);
    int i;

    for (i = 0; i < changes->nelts; i++) {
        const cli_watch_change *change = change_at(changes, i);
        const char *key = change->item ? line_key(p, change) : "";
        apr_array_header_t *names =
            (apr_array_header_t *)apr_hash_get(groups, key, APR_HASH_KEY_STRING);

        if (!change->item || change->is_replaced) {
            continue;
        }
        if (change->domains) {
            apr_hash_set(groups, key, APR_HASH_KEY_STRING, change->domains);
            continue;
        }
        if (!names) {
            names = apr_array_make(p, 1, sizeof(const char *));
            apr_hash_set(groups, key, APR_HASH_KEY_STRING, names);
        }
        APR_ARRAY_PUSH(names, const char *) = change->item->domain;
    }
    return groups;
}

/* Prints the subject, unless the line already contains it. */
static void print_subject(const cli_watch_change *change)
{
    const cli_watch_item *item = change->item;

    if (!change->subjects && strcmp(item->subject, item->domain) != 0 &&
        !strstr(item->message, item->subject)) {
        printf("%s: ", item->subject);
    }
}

static void print_begun(apr_pool_t *p, const cli_watch_change *change, const char *names)
{
    const cli_watch_item *item = change->item;

    printf("%s: %s: ", cli_watch_event_name(change->event), names);
    printf("%s: ", cli_watch_severity_name(item->severity));
    print_subject(change);
    printf("%s [%s]", item->message, item->id);
    if (change->replaces) {
        printf(" (before: [%s])", change->replaces);
    }
    if (item->severity == MTA_STS_UNKNOWN) {
        printf(" (since %s; what was known before still holds)",
               mta_sts_format_time(p, item->first));
    }
    if (change->is_flapping) {
        printf(" (it comes and goes: it is reported again once it has been resolved for a day)");
    }
    printf("%s%s\n", item->fix ? ": " : "", item->fix ? item->fix : "");
}

static void print_change(apr_pool_t *p, const cli_watch_change *change, const char *names)
{
    if (is_begun(change)) {
        print_begun(p, change, names);
        return;
    }
    printf("resolved: %s: ", names);
    print_subject(change);
    printf("%s [%s] (since %s)\n", change->item->message, change->item->id,
           mta_sts_format_time(p, change->item->first));
}

void cli_watch_print(apr_pool_t *p, const apr_array_header_t *all)
{
    const apr_array_header_t *changes = cli_watch_join_silence(p, all);
    apr_hash_t *groups = group(p, changes);
    int i;

    for (i = 0; i < changes->nelts; i++) {
        const cli_watch_change *change = change_at(changes, i);
        const char *key = change->item ? line_key(p, change) : NULL;
        const apr_array_header_t *names =
            key ? apr_hash_get(groups, key, APR_HASH_KEY_STRING) : NULL;

        if (!change->item) {
            printf("%s: %s\n", cli_watch_event_name(change->event), change->message);
        }
        else if (names && !change->is_replaced) {
            print_change(p, change,
                         change->domains || *change->item->domain
                             ? mta_sts_format_names(p, names, DOMAINS_MAX)
                             : "this machine");
            apr_hash_set(groups, key, APR_HASH_KEY_STRING, NULL); /* one line for all domains */
        }
    }
}

/* --- for programs --- */

static json_t *item_to_json(apr_pool_t *p, const cli_watch_change *change)
{
    const cli_watch_item *item = change->item;
    json_t *domains = change->domains ? cli_strings_to_json(change->domains) : NULL;
    json_t *subjects = change->subjects ? cli_strings_to_json(change->subjects) : NULL;

    return json_pack("{s:s, s:s?, s:s, s:s, s:s, s:s, s:s, s:s?, s:s, s:s?, s:b, s:o*, s:o*}",
                     "change", cli_watch_event_name(change->event), "domain",
                     *item->domain ? item->domain : NULL, "part", item->part, "subject",
                     item->subject, "severity", cli_watch_severity_name(item->severity), "id",
                     item->id, "message", item->message, "fix", item->fix, "since",
                     mta_sts_format_timestamp(p, item->first), "replaces", change->replaces,
                     "flapping", change->is_flapping, "domains", domains, "subjects", subjects);
}

static json_t *change_to_json(apr_pool_t *p, const cli_watch_change *change)
{
    return change->item
               ? item_to_json(p, change)
               : json_pack("{s:s, s:s?, s:s}", "change", cli_watch_event_name(change->event),
                           "domain", change->domain, "message", change->message);
}

/* The numbers of open problems by severity, including these changes. */
static json_t *count_open(apr_pool_t *p, const cli_watch_state *state,
                          const apr_array_header_t *changes, cli_watch_channel channel)
{
    int counts[MTA_STS_UNKNOWN + 1] = {0}, i;
    apr_hash_index_t *index;

    for (index = apr_hash_first(p, state->items); index; index = apr_hash_next(index)) {
        const cli_watch_item *item = apr_hash_this_val(index);

        counts[item->severity] += item->reports[channel].phase != CLI_WATCH_CALM;
    }
    for (i = 0; i < changes->nelts; i++) {
        const cli_watch_change *change = change_at(changes, i);

        if (change->item) {
            counts[change->item->severity] +=
                (change->event == CLI_WATCH_NEW) - (change->event == CLI_WATCH_RESOLVED);
        }
    }
    return json_pack("{s:i, s:i, s:i, s:i}", "critical", counts[MTA_STS_ERROR], "warning",
                     counts[MTA_STS_WARNING], "note", counts[MTA_STS_INFO], "unknown",
                     counts[MTA_STS_UNKNOWN]);
}

char *cli_watch_to_json(apr_pool_t *p, const cli_watch_state *state,
                        const apr_array_header_t *changes, cli_watch_channel channel,
                        apr_time_t now)
{
    const apr_array_header_t *shown = cli_watch_join_silence(p, changes);
    json_t *array = json_array(), *document;
    char *text, *line;
    int i;

    for (i = 0; i < shown->nelts; i++) {
        if (!change_at(shown, i)->is_replaced) {
            json_array_append_new(array, change_to_json(p, change_at(shown, i)));
        }
    }
    document = json_pack("{s:i, s:s, s:s, s:o, s:o}", "version", 1, "host",
                         mta_sts_identity_host(p), "time", mta_sts_format_timestamp(p, now),
                         "changes", array, "open", count_open(p, state, changes, channel));
    text = json_dumps(document, JSON_INDENT(2));
    json_decref(document);
    line = text ? realloc(text, strlen(text) + 2) : NULL;
    if (!line) {
        abort();
    }
    return strcat(line, "\n");
}

int cli_watch_status(const apr_array_header_t *changes)
{
    int i;

    for (i = 0; i < changes->nelts; i++) {
        const cli_watch_change *change = change_at(changes, i);

        if (is_begun(change) && change->item->severity == MTA_STS_ERROR) {
            return CLI_EXIT_CRITICAL;
        }
    }
    return changes->nelts ? CLI_EXIT_WARNING : CLI_EXIT_OK;
}
