/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "core/dns/rdata.h"
#include "core/dns/zone_text.h"

/* The byte that an escape stands for, and where it ends. */
static char read_escape(const char **at)
{
    const char *c = *at;
    int code;

    if (c[1] == '"' || c[1] == '\\') {
        *at = c + 2;
        return c[1];
    }
    CHECK(sscanf(c + 1, "%3d", &code) == 1 && code < 256);
    *at = c + 4;
    return (char)code;
}

/* RFC 1035 section 5.1, implemented differently from the core. */
static const char *read_strings(apr_pool_t *p, const char *zone)
{
    char *text = apr_palloc(p, strlen(zone) + 1), *out = text;
    int is_inside = 0;

    while (*zone) {
        CHECK(*zone >= ' ' && *zone < 0x7f);
        if (*zone == '"') {
            is_inside = !is_inside;
            zone++;
        }
        else if (*zone == '\\') {
            *out++ = read_escape(&zone);
        }
        else {
            CHECK(is_inside || *zone == ' ');
            *out = *zone++;
            out += is_inside;
        }
    }
    CHECK(!is_inside);
    *out = '\0';
    return text;
}

/* A TXT record that strangers wrote, in a zone file for people to paste. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    int preference;
    const char *text = mta_sts_rdata_text(p, MTA_STS_RDATA_TXT, data, size, &preference);

    if (text) {
        CHECK(strcmp(read_strings(p, mta_sts_zone_strings(p, text)), text) == 0);
    }
    apr_pool_destroy(p);
    return 0;
}
