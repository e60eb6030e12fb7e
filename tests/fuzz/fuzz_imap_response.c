/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "cli/net/imap_response.h"

#define MOST 65536

static void check_response(const cli_imap_response *r, const char *bytes, apr_size_t len)
{
    int i;

    CHECK(!r->body || (r->body >= bytes && r->body + r->body_len <= bytes + len));
    CHECK(r->kind != CLI_IMAP_SEARCH || r->uids);
    for (i = 0; r->uids && i < r->uids->nelts; i++) {
        CHECK(APR_ARRAY_IDX(r->uids, i, apr_uint32_t) > 0);
    }
    CHECK((r->kind != CLI_IMAP_DONE && r->kind != CLI_IMAP_CAPABILITY) || r->text);
    CHECK(r->kind != CLI_IMAP_DONE || r->status);
    cli_imap_code_number(r, "UIDVALIDITY");
    if (r->kind == CLI_IMAP_CAPABILITY) {
        cli_imap_has_capability(r->text, "MOVE");
    }
}

/* What a server sends, response by response. A response ends at the same byte whatever came. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    const char *bytes = (const char *)data;
    const char *error = NULL;
    apr_size_t taken = 1, again;
    cli_imap_response response;

    while (size && taken && !error) {
        error = cli_imap_response_find(bytes, size, MOST, &taken);
        CHECK(!error || !taken);
        CHECK(taken <= size && taken <= MOST);
        if (taken) {
            CHECK(!cli_imap_response_find(bytes, taken, MOST, &again) && again == taken);
            CHECK(!cli_imap_response_find(bytes, taken - 1, MOST, &again) && again == 0);
            error = cli_imap_response_read(p, bytes, taken, "M1", &response);
            if (!error) {
                check_response(&response, bytes, taken);
            }
        }
        CHECK(!error || is_printable(error));
        bytes += taken;
        size -= taken;
    }
    apr_pool_destroy(p);
    return 0;
}
