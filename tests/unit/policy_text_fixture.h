/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_POLICY_TEXT_FIXTURE_H
#define TESTS_UNIT_POLICY_TEXT_FIXTURE_H

#include <string.h>

#include <apr_strings.h>

#include "core/policy/text.h"
#include "findings_fixture.h"
#include "table_fixture.h"

/* Tables of policy texts, with the resulting policies and findings. */

/* One policy text, and a summary of its findings. */
typedef struct text_case {
    const char *text;
    apr_size_t len;
    const char *findings;
} text_case;

typedef struct outcome {
    mta_sts_policy *policy;
    mta_sts_findings *findings;
} outcome;

static inline outcome read_text(apr_pool_t *p, const char *text, apr_size_t len)
{
    outcome result;
    char *copy = exact_copy(text, len);

    result.findings = mta_sts_findings_make(p);
    result.policy = mta_sts_policy_text_read(p, copy, len, result.findings);
    free(copy);
    assert_non_null(result.policy);
    assert_non_null(result.policy->mx);
    assert_findings_are_printable(result.findings);
    return result;
}

static inline void check_findings(apr_pool_t *p, const text_case *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        outcome result = read_text(p, cases[i].text, cases[i].len);
        const char *summary = findings_summary(p, result.findings);

        if (strcmp(summary, cases[i].findings) != 0) {
            fail_msg("row %d, %s:\nexpected: %s\nfound:    %s", (int)i,
                     mta_sts_text_quote(p, cases[i].text, cases[i].len), cases[i].findings,
                     summary);
        }
    }
}

/* The patterns of a policy in one line. */
static inline const char *mx_summary(apr_pool_t *p, const mta_sts_policy *policy)
{
    return apr_array_pstrcat(p, policy->mx, ' ');
}

/* The lines of a valid policy text, for texts with a mistake in one line. */
#define VERSION "version: STSv1\r\n"
#define MODE "mode: enforce\r\n"
#define MX "mx: mx1.example.com\r\n"
#define MAX_AGE "max_age: 604800\r\n"

#endif
