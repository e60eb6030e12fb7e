/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "cli/net/imap_url.h"

/* The URL of a mailbox: what is accepted can be written again, and sent in a command. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    const char *text = apr_pstrmemdup(p, (const char *)data, size), *error, *name;
    cli_imap_url url, again;

    if (cli_imap_url_is(text)) {
        error = cli_imap_url_read(p, text, &url);
        CHECK(!error || is_printable(error));
        if (!error) {
            CHECK(is_printable(url.user) && is_printable(url.text));
            CHECK(url.host[strcspn(url.host, "/@?#[] ")] == '\0' && *url.host);
            CHECK(!cli_imap_url_read(p, url.text, &again));
            CHECK(strcmp(again.text, url.text) == 0 && strcmp(again.user, url.user) == 0);
            CHECK(strcmp(again.mailbox, url.mailbox) == 0 && again.port == url.port);
        }
    }
    name = cli_imap_mailbox_quote(p, text);
    CHECK(!name || (is_printable(name) && strlen(name) <= 3 * strlen(text) + 2));
    apr_pool_destroy(p);
    return 0;
}
