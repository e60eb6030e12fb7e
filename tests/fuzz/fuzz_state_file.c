/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "cli/import/limits.h"
#include "cli/import/mailbox_state.h"

#define MAILBOX "imaps://a@h.example/INBOX"

/* The files of the state directory that a command reads: limits.json, imap-*.json. */
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
    apr_pool_destroy(p);
    return 0;
}
