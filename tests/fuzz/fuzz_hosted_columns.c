/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "core/hosting/row.h"

/* The next line of a text, which is cut there; NULL, as in the database, if there is none, or it is
 * a single "-". */
static const char *next_column(char **text)
{
    char *column = *text, *lf = column ? strchr(column, '\n') : NULL;

    *text = lf ? lf + 1 : NULL;
    if (lf) {
        *lf = '\0';
    }
    return column && strcmp(column, "-") != 0 ? column : NULL;
}

/* A row of mta_sts_policy as any program can write it: mode, max_age, domain, mx, each a line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    char *text = apr_pstrmemdup(p, (const char *)data, size);
    mta_sts_findings *findings = mta_sts_findings_make(p);
    mta_sts_hosted_row row = {.is_alias_broken = size % 16 == 15};
    const mta_sts_hosted_policy *policy;

    row.mode = next_column(&text);
    row.max_age = next_column(&text);
    row.domain = next_column(&text);
    row.domain = row.domain ? row.domain : "example.com";
    row.mx = next_column(&text);
    row.alias_of = row.is_alias_broken ? row.domain : NULL;
    policy = mta_sts_hosted_row_read(p, &row, findings);
    fuzz_check_findings(findings, 0);
    CHECK((policy != NULL) == (findings->list->nelts == 0));
    CHECK(mta_sts_hosted_row_digest(p, &row) > 0);
    if (policy) {
        CHECK(policy->len == strlen(policy->text) && policy->len <= MTA_STS_POLICY_TEXT_MAX);
        CHECK(is_printable(policy->id) && strlen(policy->id) == 20);
        CHECK(policy->policy.mx->nelts && policy->policy.max_age > 0);
    }
    apr_pool_destroy(p);
    return 0;
}
