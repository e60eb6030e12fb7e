/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <openssl/err.h>

#include "core/check/tlsa.h"

#define CERTIFICATES_MAX 4

/* The lines before the first empty one; what follows it. */
static const uint8_t *read_records(apr_pool_t *p, const uint8_t *data, const uint8_t *end,
                                   apr_array_header_t *records)
{
    const uint8_t *lf;

    while (data < end && *data != '\n' && (lf = memchr(data, '\n', (size_t)(end - data)))) {
        APR_ARRAY_PUSH(records, const char *) =
            apr_pstrmemdup(p, (const char *)data, (apr_size_t)(lf - data));
        data = lf + 1;
    }
    return data < end && *data == '\n' ? data + 1 : end;
}

/* Certificates, each after its length in two bytes. */
static apr_array_header_t *read_chain(apr_pool_t *p, const uint8_t *data, const uint8_t *end)
{
    apr_array_header_t *chain = apr_array_make(p, 2, sizeof(mta_sts_der));

    while (end - data > 2 && chain->nelts < CERTIFICATES_MAX) {
        long len = data[0] << 8 | data[1];
        mta_sts_der *der = apr_array_push(chain);

        data += 2;
        der->bytes = data;
        der->len = len > end - data ? end - data : len;
        data += der->len;
    }
    return chain;
}

/* TLSA records of a name server, and the certificates of a mail server. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    apr_array_header_t *records = apr_array_make(p, 4, sizeof(const char *));
    const uint8_t *rest = read_records(p, data, data + size, records);
    const apr_array_header_t *chain = read_chain(p, rest, data + size);
    const char *record = mta_sts_tlsa_record(p, chain);
    mta_sts_tlsa_result result =
        mta_sts_tlsa_compare(p, records, chain, "mx1.example.com", "example.com");

    CHECK(!record || strspn(record, "0123456789abcdef ") == 6 + 64);
    CHECK(records->nelts || result <= MTA_STS_TLSA_UNUSABLE);
    CHECK(records->nelts || result != MTA_STS_TLSA_MATCH);
    if (record) {
        apr_array_clear(records);
        APR_ARRAY_PUSH(records, const char *) = record;
        CHECK(mta_sts_tlsa_compare(p, records, chain, "mx1.example.com", "example.com") ==
              MTA_STS_TLSA_MATCH);
    }
    ERR_clear_error(); /* libFuzzer takes what OpenSSL keeps for a leak, and searches for it */
    apr_pool_destroy(p);
    return 0;
}
