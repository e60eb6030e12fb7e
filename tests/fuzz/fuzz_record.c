/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <apr_lib.h>
#include <apr_tables.h>

#include "core/policy/record.h"

/* A TXT set: the lines of the input, each up to its first NUL. */
static apr_array_header_t *make_set(apr_pool_t *p, const char *data, size_t size)
{
    apr_array_header_t *texts = apr_array_make(p, 4, sizeof(const char *));
    const char *end = data + size;

    while (data < end) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        const char *stop = newline ? newline : end;

        APR_ARRAY_PUSH(texts, const char *) = apr_pstrndup(p, data, (apr_size_t)(stop - data));
        data = newline ? newline + 1 : end;
    }
    return texts;
}

static apr_array_header_t *make_set_of_one(apr_pool_t *p, const char *text)
{
    apr_array_header_t *texts = apr_array_make(p, 1, sizeof(const char *));

    APR_ARRAY_PUSH(texts, const char *) = text;
    return texts;
}

static int is_id(const char *id)
{
    size_t len = strlen(id), i;

    for (i = 0; i < len; i++) {
        if (!apr_isalnum(id[i])) {
            return 0;
        }
    }
    return len >= 1 && len <= 32;
}

static void check_mta_sts(apr_pool_t *p, const apr_array_header_t *texts)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    const char *id = mta_sts_record_read(p, texts, findings), *again;

    fuzz_check_findings(findings, 0);
    CHECK((id == NULL) == (mta_sts_findings_count(findings, MTA_STS_ERROR) > 0));
    if (!id) {
        return;
    }
    CHECK(is_id(id));
    findings = mta_sts_findings_make(p);
    again = mta_sts_record_read(p, make_set_of_one(p, mta_sts_record_render(p, id)), findings);
    CHECK(again && strcmp(again, id) == 0);
    CHECK(findings->list->nelts == 0);
}

/* Checks that it begins with mailto: or https://, and contains nothing that would end a URI in the
 * record or a quotation. */
static void check_uri(const char *uri)
{
    CHECK(strncasecmp(uri, "mailto:", 7) == 0 || strncasecmp(uri, "https://", 8) == 0);
    CHECK(strpbrk(uri, " \t,;!\"<>\\") == NULL);
    CHECK(is_printable(uri));
}

static void check_tlsrpt(apr_pool_t *p, const apr_array_header_t *texts)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    apr_array_header_t *rua = mta_sts_tlsrpt_record_read(p, texts, findings), *again;
    const char *text;
    int i;

    fuzz_check_findings(findings, 0);
    CHECK((rua == NULL) == (mta_sts_findings_count(findings, MTA_STS_ERROR) > 0));
    if (!rua) {
        return;
    }
    CHECK(rua->nelts > 0);
    for (i = 0; i < rua->nelts; i++) {
        check_uri(APR_ARRAY_IDX(rua, i, const char *));
    }
    text = apr_pstrcat(p, "v=TLSRPTv1; rua=", apr_array_pstrcat(p, rua, ','), NULL);
    findings = mta_sts_findings_make(p);
    again = mta_sts_tlsrpt_record_read(p, make_set_of_one(p, text), findings);
    CHECK(findings->list->nelts == 0);
    CHECK(again && again->nelts == rua->nelts);
    CHECK(strcmp(apr_array_pstrcat(p, again, ','), apr_array_pstrcat(p, rua, ',')) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    const apr_array_header_t *texts = make_set(p, (const char *)data, size);

    check_mta_sts(p, texts);
    check_tlsrpt(p, texts);
    apr_pool_destroy(p);
    return 0;
}
