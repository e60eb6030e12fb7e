/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "cli/import/limits.h"
#include "cli/import/mailbox_state.h"
#include "cli/watch/state_json.h"

#define MAILBOX "imaps://a@h.example/INBOX"

static cli_watch_state empty_state(apr_pool_t *p)
{
    cli_watch_state state = {.p = p, .items = apr_hash_make(p), .domains = apr_hash_make(p)};

    return state;
}

/* What can be read is the same after it was written; otherwise nothing is taken from it. */
static void check_watch(apr_pool_t *p, const char *text, size_t size)
{
    cli_watch_state state = empty_state(p), again = empty_state(p);
    int is_newer;
    const char *error = cli_watch_state_parse(&state, text, size, &is_newer);
    char *rendered;

    if (error) {
        CHECK(is_printable(error));
        CHECK(!apr_hash_count(state.items) && !apr_hash_count(state.domains));
        return;
    }
    CHECK(!is_newer);
    rendered = cli_watch_state_render(&state);
    CHECK(!cli_watch_state_parse(&again, rendered, strlen(rendered), &is_newer));
    CHECK(apr_hash_count(again.items) == apr_hash_count(state.items));
    CHECK(apr_hash_count(again.domains) == apr_hash_count(state.domains));
    free(rendered);
}

/* The files of the state directory that a command reads: limits.json, imap-*.json, watch.json. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    const char *text = (const char *)data;
    cli_limits limits = cli_limits_make();
    cli_mailbox_state state = {0, 0};
    const char *error = cli_limits_read(&limits, text, size);

    CHECK(!error || is_printable(error));
    CHECK(limits.report.sent >= 1024 && limits.report.sent <= TLSRPT_SENT_MAX);
    CHECK(limits.report.inflated >= limits.report.sent);
    CHECK(limits.report.inflated <= TLSRPT_INFLATED_MAX);
    CHECK(limits.quota[TLSRPT_REPORTS] >= TLSRPT_QUOTA_MIN);
    error = cli_mailbox_state_read(text, size, MAILBOX, &state);
    CHECK(!error || is_printable(error));
    CHECK((error != NULL) == (state.uid_validity == 0));
    CHECK(!error || state.last_uid == 0);
    check_watch(p, text, size);
    apr_pool_destroy(p);
    return 0;
}
