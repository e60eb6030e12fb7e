/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "cli/policy/call.h"
#include "core/base/name.h"
#include "core/hosting/row.h"

static int is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* What is exported can be imported again. */
static void check_export(apr_pool_t *p, const mta_sts_hosted_row *row)
{
    const char *text = cli_policy_row_to_json(p, row);
    mta_sts_hosted_row again;

    CHECK(!cli_policy_row_from_json(p, text, strlen(text), &again));
    CHECK(is_same(again.domain, row->domain) && is_same(again.alias_of, row->alias_of));
    CHECK(mta_sts_hosted_row_digest(p, &again) == mta_sts_hosted_row_digest(p, row));
}

static void check_policy(apr_pool_t *p, const mta_sts_hosted_row *row)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    const mta_sts_hosted_policy *policy = mta_sts_hosted_row_read(p, row, findings);

    fuzz_check_findings(findings, 0);
    CHECK((policy != NULL) == (findings->list->nelts == 0));
    if (policy) {
        CHECK(policy->len == strlen(policy->text) && policy->len <= MTA_STS_POLICY_TEXT_MAX);
        CHECK(strlen(policy->id) == 20);
        check_export(p, row);
    }
}

/* A line of mta-sts policy import, and the same values where they come from the table. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    mta_sts_hosted_row row;
    const char *error = cli_policy_row_from_json(p, (const char *)data, size, &row);

    CHECK(!error || is_printable(error));
    if (!error) {
        CHECK(row.domain);
        error = mta_sts_name_parse_domain(p, row.domain, &row.domain);
        CHECK(!error || is_printable(error));
    }
    if (!error && !row.alias_of) {
        check_policy(p, &row);
    }
    apr_pool_destroy(p);
    return 0;
}
