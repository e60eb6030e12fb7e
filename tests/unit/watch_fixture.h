/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_WATCH_FIXTURE_H
#define TESTS_UNIT_WATCH_FIXTURE_H

#include <apr_strings.h>

#include "cli/watch/compare.h"
#include "cli/watch/state_json.h"

/* An item of `mta-sts watch`, and a state that contains it. */

static inline cli_watch_item database_item(void)
{
    return (cli_watch_item){.domain = "",
                            .part = CLI_WATCH_MACHINE,
                            .subject = "database",
                            .id = "database-failed",
                            .kind = "",
                            .severity = MTA_STS_ERROR,
                            .message = "it is locked",
                            .needed = 1};
}

static inline cli_watch_state *make_state(apr_pool_t *p, const cli_watch_item *item)
{
    cli_watch_state *state = apr_pcalloc(p, sizeof(*state));

    state->p = p;
    state->dir = "/nowhere";
    state->items = apr_hash_make(p);
    state->domains = apr_hash_make(p);
    apr_hash_set(state->items, cli_watch_item_key(p, item), APR_HASH_KEY_STRING,
                 apr_pmemdup(p, item, sizeof(*item)));
    return state;
}

#endif
