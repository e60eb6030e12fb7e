/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "httpd/shared/fetch_slot.h"

/* A slot of the fetch log in shared memory, which may be damaged, or filled with a User-Agent. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char id[MTS_FETCH_ID_BYTES] = "0123456789";
    apr_pool_t *p = fuzz_pool_make();
    mts_fetch_slot slot = {0};
    mta_sts_fetch fetch;
    mts_fetch_key key = {.domain = "example.com", .len = 11, .now = 1};
    mts_fetch_position position = {.family = 4};

    memcpy(&slot, data, size < sizeof(slot) ? size : sizeof(slot));
    if (mts_fetch_slot_read(p, &slot, &fetch)) {
        CHECK(!*fetch.agent || is_printable(fetch.agent));
        CHECK(!*fetch.domain || is_printable(fetch.domain));
        CHECK(fetch.last >= fetch.first && strlen(fetch.agent) <= MTS_FETCH_AGENT_MAX);
    }
    mts_fetch_slot_fill(&slot, &key, &position, id, apr_pstrmemdup(p, (const char *)data, size));
    CHECK(mts_fetch_slot_read(p, &slot, &fetch) && strcmp(fetch.domain, "example.com") == 0);
    CHECK(strpbrk(fetch.agent, " \t<>\"'&/\x7f") == NULL);
    apr_pool_destroy(p);
    return 0;
}
