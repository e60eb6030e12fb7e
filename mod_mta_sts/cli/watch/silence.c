/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watch/silence.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"

#define TOGETHER 3 /* fewer senders are reported one by one, with their dates */
#define NAMES 5    /* maximum number of senders in the message */

static int is_silence(const cli_watch_change *change, cli_watch_event event)
{
    return change->event == event && change->item && !change->is_flapping &&
           strcmp(change->item->id, "reporter-silent") == 0;
}

static const cli_watch_change *change_at(const apr_array_header_t *changes, int i)
{
    return &APR_ARRAY_IDX(changes, i, cli_watch_change);
}

static int count(const apr_array_header_t *changes, cli_watch_event event)
{
    int i, found = 0;

    for (i = 0; i < changes->nelts; i++) {
        found += is_silence(change_at(changes, i), event);
    }
    return found;
}

static void add(apr_hash_t *known, apr_array_header_t *list, const char *name)
{
    if (!apr_hash_get(known, name, APR_HASH_KEY_STRING)) {
        apr_hash_set(known, name, APR_HASH_KEY_STRING, name);
        APR_ARRAY_PUSH(list, const char *) = name;
    }
}

static const char *describe(apr_pool_t *p, const apr_array_header_t *senders, cli_watch_event event)
{
    const char *names = mta_sts_format_names(p, senders, NAMES);
    const char *number = mta_sts_format_count(p, senders->nelts, "sender", "senders");

    if (senders->nelts == 1) {
        return apr_pstrcat(
            p, names,
            event == CLI_WATCH_NEW
                ? ", which reported regularly about each of these domains, has fallen silent"
                : ", which had fallen silent, reports again",
            NULL);
    }
    return event == CLI_WATCH_NEW
               ? apr_psprintf(p,
                              "%s that reported regularly have fallen silent at the same time: %s",
                              number, names)
               : apr_psprintf(p, "%s that had fallen silent report again: %s", number, names);
}

static cli_watch_change join(apr_pool_t *p, const apr_array_header_t *changes,
                             cli_watch_event event)
{
    apr_array_header_t *domains = apr_array_make(p, 8, sizeof(const char *));
    apr_array_header_t *senders = apr_array_make(p, 8, sizeof(const char *));
    apr_hash_t *known_domains = apr_hash_make(p), *known_senders = apr_hash_make(p);
    cli_watch_change joint = {.event = event, .domains = domains, .subjects = senders};
    int i;

    for (i = 0; i < changes->nelts; i++) {
        const cli_watch_change *change = change_at(changes, i);

        if (!is_silence(change, event)) {
            continue;
        }
        add(known_domains, domains, change->item->domain);
        add(known_senders, senders, change->item->subject);
        if (!joint.item) {
            joint.item = apr_pmemdup(p, change->item, sizeof(*joint.item));
        }
        joint.item->first =
            change->item->first < joint.item->first ? change->item->first : joint.item->first;
    }
    joint.item->domain = domains->nelts == 1 ? joint.item->domain : "";
    joint.item->subject = "reporters";
    joint.item->message = describe(p, senders, event);
    joint.item->fix =
        apr_psprintf(p,
                     "check whether reports still reach this machine: the addresses in the TLSRPT "
                     "record (mta-sts check %s), the import of mail, and httpd's log",
                     APR_ARRAY_IDX(domains, 0, const char *));
    return joint;
}

const apr_array_header_t *cli_watch_join_silence(apr_pool_t *p, const apr_array_header_t *changes)
{
    static const cli_watch_event events[] = {CLI_WATCH_NEW, CLI_WATCH_RESOLVED};
    apr_array_header_t *shown;
    int i, e, is_done;

    for (e = 0; e < 2; e++) {
        if (count(changes, events[e]) < TOGETHER) {
            continue;
        }
        shown = apr_array_make(p, changes->nelts, sizeof(cli_watch_change));
        for (i = 0, is_done = 0; i < changes->nelts; i++) {
            if (!is_silence(change_at(changes, i), events[e])) {
                APR_ARRAY_PUSH(shown, cli_watch_change) = *change_at(changes, i);
            }
            else if (!is_done++) {
                APR_ARRAY_PUSH(shown, cli_watch_change) = join(p, changes, events[e]);
            }
        }
        changes = shown;
    }
    return changes;
}
