/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include "core/dns/rdata.h"
#include "findings_fixture.h"

#define ROW(type, bytes, text, preference)                                                         \
    {                                                                                              \
        type, bytes, sizeof(bytes) - 1, text, preference                                           \
    }

static void test_rdata_becomes_text_or_is_rejected(void **state)
{
    static const struct {
        int type;
        const char *bytes;
        apr_size_t len;
        const char *text; /* NULL: refused */
        int preference;
    } rows[] = {
        ROW(MTA_STS_RDATA_A, "\xc0\x00\x02\x01", "192.0.2.1", 0),
        ROW(MTA_STS_RDATA_A, "\xc0\x00\x02", NULL, 0),
        ROW(MTA_STS_RDATA_AAAA, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", "2001:db8::1", 0),
        ROW(MTA_STS_RDATA_AAAA, "\x20\x01", NULL, 0),
        ROW(MTA_STS_RDATA_TXT, "\x03one\x03two", "onetwo", 0),
        ROW(MTA_STS_RDATA_TXT, "\0", "", 0),
        ROW(MTA_STS_RDATA_TXT,
            "\x03"
            "a\0b",
            "a\1b", 0),
        ROW(MTA_STS_RDATA_TXT, "", NULL, 0),
        ROW(MTA_STS_RDATA_TXT, "\x04one", NULL, 0),
        ROW(MTA_STS_RDATA_MX, "\x00\x0a\x02MX\x04Test\0", "mx.test", 10),
        ROW(MTA_STS_RDATA_MX, "\x01\x00\0", ".", 256),
        ROW(MTA_STS_RDATA_MX,
            "\0\0\x03"
            "a.b\0",
            "a\\046b", 0),
        ROW(MTA_STS_RDATA_MX, "\0\0\x02\x1b\xff\0", "\\027\\255", 0),
        ROW(MTA_STS_RDATA_MX, "\0\0", NULL, 0),
        ROW(MTA_STS_RDATA_MX, "\0\0\x02mx", NULL, 0),
        ROW(MTA_STS_RDATA_MX, "\0\0\x02mx\0x", NULL, 0),
        ROW(MTA_STS_RDATA_MX, "\0\0\xc0\x0c", NULL, 0),
        ROW(MTA_STS_RDATA_NS, "\x02NS\x04Test\0", "ns.test", 0),
        ROW(MTA_STS_RDATA_NS, "\x02ns", NULL, 0),
        ROW(MTA_STS_RDATA_PTR, "\x02MX\x04Test\0", "mx.test", 0),
        ROW(MTA_STS_RDATA_TLSA, "\x03\x01\x01\xab\xcd", "3 1 1 abcd", 0),
        ROW(MTA_STS_RDATA_TLSA, "\x03\x01\x01", NULL, 0),
        ROW(MTA_STS_RDATA_SOA, "\0", NULL, 0),
    };
    size_t i;
    int preference;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *bytes = exact_copy(rows[i].bytes, rows[i].len);
        const char *text = mta_sts_rdata_text(*state, rows[i].type, (unsigned char *)bytes,
                                              rows[i].len, &preference);

        free(bytes);
        if (!text != !rows[i].text || (text && strcmp(text, rows[i].text) != 0)) {
            fail_msg("row %d: %s", (int)i, text ? text : "refused");
        }
        if (text) {
            assert_int_equal(preference, rows[i].preference);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_rdata_becomes_text_or_is_rejected)};

    return RUN_POOL_TESTS(tests);
}
