/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "core/policy/text.h"
#include "tlsrpt/advice/policy_match.h"

#define SERVED "version: STSv1\r\nmode: enforce\r\nmx: mx1.example.com\r\nmax_age: 604800\r\n"

/* The policy that a sender applied, according to its report: the type, then the policy-string. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    char *type = apr_pstrmemdup(p, (const char *)data, size), *lf = strchr(type, '\n');
    const char *policy = lf ? lf + 1 : "";
    mta_sts_findings *findings = mta_sts_findings_make(p);
    tlsrpt_policies policies = {0};
    tlsrpt_policy_match match;
    const char *text;

    if (lf) {
        *lf = '\0';
    }
    if (size % 4) {
        policies.served = mta_sts_policy_text_read(p, SERVED, strlen(SERVED), findings);
    }
    match = tlsrpt_policy_match_compare(p, type, policy, &policies);
    CHECK(is_printable(tlsrpt_policy_match_name(match)));
    text = tlsrpt_policy_match_text(p, match, policy, &policies, "example.com");
    CHECK(!text || !*text || is_printable(text));
    text = tlsrpt_policy_summary(p, policy);
    CHECK(!text || !*text || is_printable(text));
    apr_pool_destroy(p);
    return 0;
}
