/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "core/policy/rua.h"

/* Report addresses as an admin types them: what is accepted can be part of a record. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    const char *text = apr_pstrmemdup(p, (const char *)data, size), *uri, *again;
    apr_array_header_t *list = apr_array_make(p, 1, sizeof(const char *));
    const char *error = mta_sts_rua_parse(p, text, &uri);
    int i, is_used;

    CHECK(!error || is_printable(error));
    if (!error) {
        CHECK(!mta_sts_rua_check(p, uri, &is_used) && is_used);
        CHECK(!mta_sts_rua_parse(p, uri, &again) && strcmp(uri, again) == 0);
    }
    error = mta_sts_rua_parse_list(p, text, list);
    CHECK(!error || is_printable(error));
    for (i = 0; !error && i < list->nelts; i++) {
        uri = APR_ARRAY_IDX(list, i, const char *);
        CHECK(uri[strcspn(uri, " \t\r\n,;!")] == '\0');
    }
    apr_pool_destroy(p);
    return 0;
}
