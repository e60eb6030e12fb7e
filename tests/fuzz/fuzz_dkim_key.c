/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "cli/import/dkim_key.h"

/* A key record: only its service types change, and only if tlsrpt is among them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    const char *key = apr_pstrmemdup(p, (const char *)data, size);
    const char *accepted = cli_dkim_key_accept_tlsrpt(p, key);

    CHECK(strlen(accepted) <= strlen(key) + 1);
    CHECK(strcmp(accepted, key) == 0 || strstr(key, "tlsrpt"));
    CHECK(strcmp(cli_dkim_key_accept_tlsrpt(p, accepted), accepted) == 0);
    apr_pool_destroy(p);
    return 0;
}
