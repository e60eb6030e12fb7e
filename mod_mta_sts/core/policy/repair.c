/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy/repair.h"

#include <string.h>

#include <apr_strings.h>

#define CLAUSES_MAX 8 /* more would make the message unreadable */

mta_sts_repair mta_sts_repair_begin(apr_pool_t *p, const char *text, apr_size_t len)
{
    mta_sts_repair repair = {.p = p, .text = apr_pstrmemdup(p, text, len), .len = len};

    repair.found = apr_array_make(p, 4, sizeof(const char *));
    return repair;
}

void mta_sts_repair_note(mta_sts_repair *repair, const char *clause)
{
    int i;

    for (i = 0; i < repair->found->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(repair->found, i, const char *), clause) == 0) {
            return;
        }
    }
    if (i < CLAUSES_MAX) {
        APR_ARRAY_PUSH(repair->found, const char *) = clause;
    }
}

void mta_sts_repair_set(mta_sts_repair *repair, const char *text, apr_size_t len,
                        const char *clause)
{
    if (len != repair->len || (len && memcmp(text, repair->text, len) != 0)) {
        repair->text = apr_pstrmemdup(repair->p, len ? text : "", len);
        repair->len = len;
        mta_sts_repair_note(repair, clause);
    }
}

const char *mta_sts_repair_clauses(const mta_sts_repair *repair)
{
    const char *clauses = "";
    int i, count = repair->found->nelts;

    for (i = 0; i < count; i++) {
        clauses = apr_pstrcat(repair->p, clauses,
                              i == 0           ? ""
                              : i == count - 1 ? " and "
                                               : ", ",
                              APR_ARRAY_IDX(repair->found, i, const char *), NULL);
    }
    return clauses;
}
