/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "table_fixture.h"
#include "tlsrpt/spool/receipt.h"

/* 2026-11-24 20:59:49.123456 UTC */
#define RECEIVED APR_INT64_C(1795553989123456)

typedef struct written {
    tlsrpt_receipt receipt;
    const char *line;
} written;

static const written cases[] = {
    {{RECEIVED, "https", "192.0.2.1", NULL},
     "tlsrpt 1 2026-11-24T20:59:49.123456Z https 192.0.2.1 -\n"},
    {{RECEIVED, "mail", NULL, "example.com"},
     "tlsrpt 1 2026-11-24T20:59:49.123456Z mail - example.com\n"},
    {{0, "file", NULL, NULL}, "tlsrpt 1 1970-01-01T00:00:00.000000Z file - -\n"},
    {{APR_INT64_C(253402300799999999), "https", "fe80::1%eth0", NULL},
     "tlsrpt 1 9999-12-31T23:59:59.999999Z https fe80::1%eth0 -\n"},
    {{APR_INT64_C(2147483648000000), "https", "2001:db8::1", "xn--bcher-kva.example"},
     "tlsrpt 1 2038-01-19T03:14:08.000000Z https 2001:db8::1 xn--bcher-kva.example\n"},
    {{APR_INT64_C(1835395199000001), "mail", NULL, NULL},
     "tlsrpt 1 2028-02-28T23:59:59.000001Z mail - -\n"},
};

static void assert_same(const char *one, const char *other)
{
    if (one && other) {
        assert_string_equal(one, other);
    }
    else {
        assert_ptr_equal(one, other);
    }
}

static void test_a_receipt_is_one_line_and_is_read_back(void **state)
{
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const char *line = tlsrpt_receipt_render(*state, &cases[i].receipt);
        tlsrpt_receipt receipt;

        assert_non_null(line);
        assert_string_equal(line, cases[i].line);
        line = apr_pstrcat(*state, line, "the report\n", NULL);
        assert_int_equal(tlsrpt_receipt_read(*state, line, strlen(line), &receipt),
                         strlen(cases[i].line));
        assert_true(receipt.received == cases[i].receipt.received);
        assert_string_equal(receipt.channel, cases[i].receipt.channel);
        assert_same(receipt.peer, cases[i].receipt.peer);
        assert_same(receipt.verified, cases[i].receipt.verified);
    }
}

static void test_invalid_receipts_are_not_written(void **state)
{
    static const tlsrpt_receipt refused[] = {
        {-1, "https", NULL, NULL},
        {APR_INT64_C(253402300800000000), "https", NULL, NULL},
        {APR_INT64_C(0x7fffffffffffffff), "https", NULL, NULL},
        {0, "", NULL, NULL},
        {0, "http", NULL, NULL},
        {0, "https ", NULL, NULL},
        {0, "https", "", NULL},
        {0, "https", "-", NULL},
        {0, "https", "1.2.3.4 x", NULL},
        {0, "https", "1.2.3.4\n", NULL},
        {0, "https", "\x1b[1m", NULL},
        {0, "https", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
        {0, "https", NULL, ""},
        {0, "https", NULL, "-"},
        {0, "https", NULL, "EXAMPLE.com"},
        {0, "https", NULL, "example.com."},
        {0, "https", NULL, "example.com\nx"},
        {0, "https", NULL, "*.example.com"},
    };
    size_t i;

    for (i = 0; i < COUNT(refused); i++) {
        if (tlsrpt_receipt_render(*state, &refused[i])) {
            fail_msg("receipt %u is written", (unsigned)i);
        }
    }
}

static void test_any_other_line_is_not_read(void **state)
{
    static const char *const refused[] = {
        "",
        "\n",
        "{}",
        "tlsrpt 1 ",
        "tlsrpt 1 \n",
        "tlsrpt 1 2026-11-24T20:59:49.123456Z https 192.0.2.1 -",
        "tlsrpt 1 2026-11-24T20:59:49.123456Z https 192.0.2.1\n",
        "tlsrpt 1 2026-11-24T20:59:49.123456Z https 192.0.2.1 - \n",
        "tlsrpt 1 2026-11-24T20:59:49.123456Z https 192.0.2.1 - -\n",
        "tlsrpt 1 2026-11-24T20:59:49.123456Z  https 192.0.2.1 -\n",
        "tlsrpt 1 2026-11-24T20:59:49.123456Z https 192.0.2.1 -\r\n",
        "tlsrpt 2 2026-11-24T20:59:49.123456Z https 192.0.2.1 -\n",
        "TLSRPT 1 2026-11-24T20:59:49.123456Z https 192.0.2.1 -\n",
        "tlsrpt 1 2026-11-24T20:59:49.12345Z https 192.0.2.1 -\n",
        "tlsrpt 1 2026-11-24T20:59:49.123456 https 192.0.2.1 -\n",
        "tlsrpt 1 2026-11-24T20:59:49.123456+00:00 https 192.0.2.1 -\n",
        "tlsrpt 1 2026-11-24 20:59:49.123456Z https 192.0.2.1 -\n",
        "tlsrpt 1 2026-02-29T20:59:49.123456Z https 192.0.2.1 -\n",
        "tlsrpt 1 2026-13-01T20:59:49.123456Z https 192.0.2.1 -\n",
        "tlsrpt 1 2026-00-01T20:59:49.123456Z https 192.0.2.1 -\n",
        "tlsrpt 1 2026-11-24T24:00:00.000000Z https 192.0.2.1 -\n",
        "tlsrpt 1 2026-11-24T20:59:60.000000Z https 192.0.2.1 -\n",
        "tlsrpt 1 2026-11-24T20:-1:49.123456Z https 192.0.2.1 -\n",
        "tlsrpt 1 1969-12-31T23:59:59.999999Z https 192.0.2.1 -\n",
        "tlsrpt 1 2026-11-24T20:59:49.123456Z ftp 192.0.2.1 -\n",
        "tlsrpt 1 2026-11-24T20:59:49.123456Z https 192.0.2.1/24 -\n",
        "tlsrpt 1 2026-11-24T20:59:49.123456Z https 192.0.2.1 Example.com\n",
    };
    size_t i;

    for (i = 0; i < COUNT(refused); i++) {
        tlsrpt_receipt receipt;

        if (tlsrpt_receipt_read(*state, refused[i], strlen(refused[i]), &receipt) != 0) {
            fail_msg("is read: %s", refused[i]);
        }
    }
}

static void test_the_line_is_searched_in_the_given_bytes_only(void **state)
{
    const char *line = cases[0].line;
    tlsrpt_receipt receipt;
    size_t len;

    for (len = 0; len < strlen(line); len++) {
        char *cut = apr_pmemdup(*state, line, len);

        assert_int_equal(tlsrpt_receipt_read(*state, cut, len, &receipt), 0);
    }
    assert_int_equal(tlsrpt_receipt_read(*state, line, len, &receipt), len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_receipt_is_one_line_and_is_read_back),
        POOL_TEST(test_invalid_receipts_are_not_written),
        POOL_TEST(test_any_other_line_is_not_read),
        POOL_TEST(test_the_line_is_searched_in_the_given_bytes_only),
    };

    return RUN_POOL_TESTS(tests);
}
