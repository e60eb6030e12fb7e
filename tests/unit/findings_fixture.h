/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_FINDINGS_FIXTURE_H
#define TESTS_UNIT_FINDINGS_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "../printable.h"
#include "core/base/finding.h"

/* Findings in the notation of the tables: "error mode-unknown@2, info line-ends-lf@1"; @0: no
 * line. */
static inline const char *findings_summary(apr_pool_t *p, const mta_sts_findings *findings)
{
    const char *summary = "";
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        summary =
            apr_psprintf(p, "%s%s%s %s@%d", summary, i ? ", " : "",
                         mta_sts_severity_name(finding->severity), finding->id, finding->line);
    }
    return summary;
}

/* Asserts the properties of every finding: a subject, and a message of one line without a full
 * stop. */
static inline void assert_findings_are_printable(const mta_sts_findings *findings)
{
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        if (!is_printable(finding->subject) || !is_printable(finding->message) ||
            (finding->fix && !is_printable(finding->fix)) ||
            finding->message[strlen(finding->message) - 1] == '.') {
            fail_msg("finding %s is not fit to be shown: \"%s\", \"%s\", \"%s\"", finding->id,
                     finding->subject, finding->message, finding->fix ? finding->fix : "");
        }
    }
}

/* A copy in a block of exactly this size, so that a sanitizer detects reads beyond its end. */
static inline char *exact_copy(const char *bytes, apr_size_t len)
{
    char *copy = malloc(len ? len : 1);

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    return copy;
}

#endif
