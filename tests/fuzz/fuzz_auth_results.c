/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "cli/import/auth_results.h"

/* What a mail server says of signatures: a domain only with a result, and one that may sign. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char from[] = "mail.bigmail.example";
    apr_pool_t *p = fuzz_pool_make();
    const char *value = apr_pstrmemdup(p, (const char *)data, size), *domain;
    const char *const ids[] = {"mx1.example.com", NULL};
    int i;

    for (i = 0; i < 2; i++) {
        cli_auth_result result = cli_auth_results_read(p, value, ids[i], from, &domain);

        CHECK(!domain || result == CLI_AUTH_DKIM);
        CHECK(!domain || strcmp(domain, from) == 0 || strcmp(domain, "bigmail.example") == 0);
    }
    apr_pool_destroy(p);
    return 0;
}
