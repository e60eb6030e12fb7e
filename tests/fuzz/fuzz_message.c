/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <apr_tables.h>

#include "cli/import/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    apr_array_header_t *ids = apr_array_make(p, 1, sizeof(const char *)), *parts;
    cli_message_options options = {
        .authserv_ids = ids, .trusts_unnamed = size % 2, .most = 4 << 20};
    const char *error;
    int i;

    APR_ARRAY_PUSH(ids, const char *) = "mx1.example.com";
    error = cli_message_read(p, (const char *)data, size, &options, &parts);
    CHECK(!error || is_printable(error));
    CHECK(parts->nelts <= CLI_MESSAGE_PARTS_MAX);
    for (i = 0; i < parts->nelts; i++) {
        const cli_message_part *part = &APR_ARRAY_IDX(parts, i, cli_message_part);

        CHECK(part->bytes && part->len <= size);
        CHECK(!part->verified || *part->verified);
    }
    apr_pool_destroy(p);
    return 0;
}
