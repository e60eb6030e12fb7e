/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "cli/import/content.h"

#define MOST (1 << 20)

/* Reports one after the other, archives: every byte is part of something, and no more is made of
 * them than allowed. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    const char *bytes = (const char *)data;
    const apr_array_header_t *found = cli_content_split(p, bytes, size, MOST);
    int i;

    cli_content_is_known(bytes, size);
    CHECK(found->nelts >= 1 && found->nelts <= CLI_CONTENT_MAX + 1);
    for (i = 0; i < found->nelts; i++) {
        const cli_content *one = &APR_ARRAY_IDX(found, i, cli_content);

        CHECK((one->bytes == NULL) == (one->error != NULL));
        CHECK(!one->error || is_printable(one->error));
        CHECK(!one->bytes || one->len <= (size > MOST ? size : MOST));
    }
    apr_pool_destroy(p);
    return 0;
}
