/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/summary/allowance.h"

#include <string.h>

/* A name of this length costs as much as two. */
#define NAME_BYTES 64

apr_int64_t tlsrpt_cost_of_name(const char *name)
{
    return 1 + (apr_int64_t)(strlen(name) / NAME_BYTES);
}

apr_int64_t tlsrpt_cost_of_rows(const tlsrpt_report *report)
{
    apr_int64_t rows = report->policies->nelts;
    int i;

    for (i = 0; i < report->policies->nelts; i++) {
        rows += APR_ARRAY_IDX(report->policies, i, tlsrpt_policy).failures->nelts;
    }
    return rows > 0 ? rows - 1 : 0;
}
