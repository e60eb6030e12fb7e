/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "cli/mx/block.h"
#include "core/base/name.h"

/* What is written can be read again, and has the patterns that were wanted. */
static void check_render(apr_pool_t *p, const cli_mx_block *block, int line)
{
    apr_array_header_t *mx = apr_array_make(p, 2, sizeof(const char *));
    cli_mx_block again = {0};
    const char *text;

    APR_ARRAY_PUSH(mx, const char *) = "mx1.example.com";
    APR_ARRAY_PUSH(mx, const char *) = "*.example.net";
    text = cli_mx_block_render(p, block, mx);
    CHECK(!cli_mx_block_parse(p, text, strlen(text), line, "example.com", &again));
    CHECK(!again.why && cli_mx_block_has(p, &again, mx));
    CHECK(cli_mx_block_line(&again, "*.example.net") > block->first);
    CHECK(strcmp(cli_mx_block_render(p, &again, mx), text) == 0);
}

/* A configuration file with a policy block, which begins on the line that the first byte gives. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    int line = size ? data[0] - '0' : 0;
    const char *text = (const char *)data + 1;
    cli_mx_block block = {0};

    if (size && !cli_mx_block_parse(p, text, size - 1, line, "example.com", &block)) {
        const char *again = cli_mx_block_text(p, &block);

        CHECK(strncmp(again, text, size - 1) == 0 && strlen(again) <= size);
        CHECK(block.why || (block.first == line && block.last > block.first));
        CHECK(block.last <= block.lines->nelts);
        if (!block.why) {
            check_render(p, &block, line);
        }
    }
    apr_pool_destroy(p);
    return 0;
}
