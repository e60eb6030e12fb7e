/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "core/base/name.h"
#include "core/policy/text.h"

static int count_lines(const uint8_t *data, size_t size)
{
    int lines = 1;

    for (; size > 0; size--, data++) {
        lines += *data == '\n';
    }
    return lines;
}

/* A host that the pattern matches: "*" becomes a label. */
static const char *matching_host(apr_pool_t *p, const char *pattern)
{
    return pattern[0] == '*' ? apr_pstrcat(p, "mx", pattern + 1, NULL) : pattern;
}

static void check_valid_policy(apr_pool_t *p, const mta_sts_policy *policy)
{
    int i;

    CHECK(policy->mode != MTA_STS_MODE_UNSET);
    CHECK(policy->max_age >= 0 && policy->max_age <= MTA_STS_MAX_AGE_MAX);
    CHECK(policy->mx->nelts > 0 || policy->mode == MTA_STS_MODE_NONE);
    for (i = 0; i < policy->mx->nelts; i++) {
        const char *pattern = APR_ARRAY_IDX(policy->mx, i, const char *), *again;

        CHECK(mta_sts_name_parse_mx(p, pattern, MTA_STS_NAME_ALABEL, &again) == NULL);
        CHECK(strcmp(again, pattern) == 0);
        CHECK(mta_sts_policy_covers(policy, matching_host(p, pattern)));
    }
}

static void check_same_policy(const mta_sts_policy *a, const mta_sts_policy *b)
{
    int i;

    CHECK(a->mode == b->mode);
    CHECK(a->max_age == b->max_age);
    CHECK(a->mx->nelts == b->mx->nelts);
    for (i = 0; i < a->mx->nelts; i++) {
        CHECK(strcmp(APR_ARRAY_IDX(a->mx, i, const char *),
                     APR_ARRAY_IDX(b->mx, i, const char *)) == 0);
    }
}

/* A valid policy renders to a text that reads to the same policy and renders to the same text. */
static void check_round_trip(apr_pool_t *p, const mta_sts_policy *policy)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    const mta_sts_policy *again;
    const char *text, *text_again;
    apr_size_t len, len_again;

    text = mta_sts_policy_render(p, policy, &len);
    CHECK(len == strlen(text));
    if (len > MTA_STS_POLICY_READ_MAX) {
        return; /* it was written with fewer blanks and shorter terminators */
    }
    again = mta_sts_policy_text_read(p, text, len, findings);
    CHECK(mta_sts_findings_count(findings, MTA_STS_ERROR) == 0);
    CHECK(mta_sts_findings_count(findings, MTA_STS_INFO) == 0);
    check_same_policy(policy, again);
    text_again = mta_sts_policy_render(p, again, &len_again);
    CHECK(len_again == len && memcmp(text, text_again, len) == 0);
    CHECK(strcmp(mta_sts_policy_id(p, text, len), mta_sts_policy_id(p, text_again, len)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    mta_sts_findings *findings = mta_sts_findings_make(p);
    const mta_sts_policy *policy;

    policy = mta_sts_policy_text_read(p, (const char *)data, size, findings);
    fuzz_check_findings(findings, count_lines(data, size));
    CHECK(policy->max_age >= -1 && policy->max_age <= MTA_STS_MAX_AGE_MAX);
    if (mta_sts_findings_count(findings, MTA_STS_ERROR) == 0) {
        check_valid_policy(p, policy);
        check_round_trip(p, policy);
    }
    CHECK(strlen(mta_sts_policy_id(p, (const char *)data, size)) == 20);
    apr_pool_destroy(p);
    return 0;
}
