/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <jansson.h>

#include "tlsrpt/report/json_scan.h"

static size_t depth_of(const json_t *json)
{
    size_t deepest = 0, i;
    const char *name;
    json_t *value;

    if (!json_is_array(json) && !json_is_object(json)) {
        return 0;
    }
    json_array_foreach(json, i, value)
    {
        size_t depth = depth_of(value);

        deepest = depth > deepest ? depth : deepest;
    }
    json_object_foreach((json_t *)json, name, value)
    {
        size_t depth = depth_of(value);

        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

/* The scan must not report less than jansson needs, and the same for any pieces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tlsrpt_json_scan scan = {0}, pieces = {0};
    json_t *json;
    size_t i;

    tlsrpt_json_scan_feed(&scan, (const char *)data, size);
    for (i = 0; i < size; i++) {
        tlsrpt_json_scan_feed(&pieces, (const char *)data + i, 1);
    }
    CHECK(memcmp(&scan, &pieces, sizeof(scan)) == 0);
    CHECK(scan.before <= size && scan.trailing <= size && scan.longest <= size);
    json = json_loadb((const char *)data + scan.before, size - scan.before,
                      JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, NULL);
    if (json && (json_is_array(json) || json_is_object(json))) {
        CHECK(depth_of(json) <= scan.deepest);
        CHECK(scan.first == (json_is_array(json) ? '[' : '{'));
        CHECK(scan.where == TLSRPT_JSON_AFTER);
    }
    json_decref(json);
    return 0;
}
