/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "cli/import/netrc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    const char *text = apr_pstrmemdup(p, (const char *)data, size);
    const char *password = cli_netrc_find(p, text, "imap.example.com", "tls@example.com");

    CHECK(!password || strlen(password) <= strlen(text));
    apr_pool_destroy(p);
    return 0;
}
