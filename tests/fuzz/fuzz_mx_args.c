/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "core/base/name.h"
#include "core/policy/repair.h"

/* The value of MTASTSMx as an admin wrote it: what is proposed instead is valid. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    const char *args = apr_pstrmemdup(p, (const char *)data, size), *clauses = NULL, *pattern;
    const char *right = mta_sts_repair_mx_args(p, args, &clauses);
    char *one, *last;

    if (right) {
        CHECK(*right && is_printable(right));
        CHECK(clauses && is_printable(clauses));
        for (one = apr_strtok(apr_pstrdup(p, right), " ", &last); one;
             one = apr_strtok(NULL, " ", &last)) {
            CHECK(!mta_sts_name_parse_mx(p, one, MTA_STS_NAME_ULABEL, &pattern));
        }
    }
    apr_pool_destroy(p);
    return 0;
}
