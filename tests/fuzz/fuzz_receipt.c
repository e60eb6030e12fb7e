/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "tlsrpt/spool/receipt.h"

/* A receipt that can be read is within bounds, and is rendered to the same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    tlsrpt_receipt receipt;
    apr_size_t len = tlsrpt_receipt_read(p, (const char *)data, size, &receipt);

    CHECK(len <= size && len <= TLSRPT_RECEIPT_MAX);
    if (len > 0) {
        const char *line = tlsrpt_receipt_render(p, &receipt);

        CHECK(line && strlen(line) == len && memcmp(line, data, len) == 0);
        CHECK(receipt.received >= 0);
        CHECK(!receipt.peer || is_printable(receipt.peer));
        CHECK(!receipt.verified || is_printable(receipt.verified));
    }
    apr_pool_destroy(p);
    return 0;
}
