/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_RECORD_FIXTURE_H
#define TESTS_UNIT_RECORD_FIXTURE_H

#include <string.h>

#include <apr_strings.h>

#include "core/policy/record.h"
#include "findings_fixture.h"
#include "table_fixture.h"

/* Tables of sets of TXT records, with the parsed results and the findings. */

/* Findings of records have no line, so their summary needs none. */
static inline const char *findings_without_lines(apr_pool_t *p, const mta_sts_findings *findings)
{
    char *summary = apr_pstrdup(p, findings_summary(p, findings));
    char *out = summary, *in;

    for (in = summary; *in; in++) {
        if (strncmp(in, "@0", 2) == 0) {
            in++;
            continue;
        }
        *out++ = *in;
    }
    *out = '\0';
    return summary;
}

/* A TXT set, with its records separated by newlines; the result of reading it, NULL for an invalid
 * set; and the findings, in the form of findings_summary without "@0".
 */
typedef struct record_case {
    const char *set;
    const char *result;
    const char *findings;
} record_case;

/* Reads a set; the result as one text: the id, or the report URIs separated by blanks. */
typedef const char *read_function(apr_pool_t *p, const apr_array_header_t *texts,
                                  mta_sts_findings *findings);

static inline const char *read_tlsrpt(apr_pool_t *p, const apr_array_header_t *texts,
                                      mta_sts_findings *findings)
{
    const apr_array_header_t *rua = mta_sts_tlsrpt_record_read(p, texts, findings);

    return rua ? apr_array_pstrcat(p, rua, ' ') : NULL;
}

static inline void check_sets(apr_pool_t *p, read_function *read, const record_case *cases,
                              size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        mta_sts_findings *findings = mta_sts_findings_make(p);
        const char *result = read(p, lines_of(p, cases[i].set), findings);
        const char *expected = cases[i].result ? cases[i].result : "nothing";
        const char *summary = findings_without_lines(p, findings);

        if (strcmp(result ? result : "nothing", expected) != 0 ||
            strcmp(summary, cases[i].findings) != 0) {
            fail_msg("\"%s\":\nexpected: %s; %s\nfound:    %s; %s", cases[i].set, expected,
                     cases[i].findings, result ? result : "nothing", summary);
        }
        assert_findings_are_printable(findings);
        /* The rule of record.h: valid unless one finding is an error. */
        assert_int_equal(result == NULL, mta_sts_findings_count(findings, MTA_STS_ERROR) > 0);
    }
}

#define CHECK_STS(cases) check_sets(*state, mta_sts_record_read, cases, COUNT(cases))
#define CHECK_TLSRPT(cases) check_sets(*state, read_tlsrpt, cases, COUNT(cases))

#endif
