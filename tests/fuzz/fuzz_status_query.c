/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "httpd/status/query.h"

/* The query string of the status page: what it says is also what it is rendered to. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    mts_status_query query, again;
    const char *error =
        mts_status_query_read(p, apr_pstrmemdup(p, (const char *)data, size), &query);

    CHECK(!error || is_printable(error));
    CHECK(query.range && query.page >= 1);
    if (!error) {
        const char *text = mts_status_query_render(p, &query);

        CHECK(text[0] == '?' && text[strcspn(text, " \"'<>\r\n")] == '\0');
        CHECK(!mts_status_query_read(p, text + 1, &again));
        CHECK(strcmp(mts_status_query_render(p, &again), text) == 0);
    }
    apr_pool_destroy(p);
    return 0;
}
