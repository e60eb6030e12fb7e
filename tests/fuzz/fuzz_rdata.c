/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "core/dns/rdata.h"

/* The first byte chooses the type; the rest is the data of a record. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int types[] = {MTA_STS_RDATA_A,    MTA_STS_RDATA_AAAA, MTA_STS_RDATA_MX,
                                MTA_STS_RDATA_TXT,  MTA_STS_RDATA_TLSA, MTA_STS_RDATA_NS,
                                MTA_STS_RDATA_CNAME};
    apr_pool_t *p = fuzz_pool_make();
    const char *text;
    int preference, type;

    if (size) {
        type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
        text = mta_sts_rdata_text(p, type, data + 1, size - 1, &preference);
        CHECK(preference >= 0 && preference <= 65535);
        CHECK(type == MTA_STS_RDATA_MX || preference == 0);
        CHECK(!text || type == MTA_STS_RDATA_TXT || is_printable(text));
        CHECK(!text || type != MTA_STS_RDATA_TXT || strlen(text) < size);
    }
    apr_pool_destroy(p);
    return 0;
}
