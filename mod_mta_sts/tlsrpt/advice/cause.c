/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tlsrpt/advice/explain.h"
#include "tlsrpt/summary/summary.h"

static const tlsrpt_explanation *explain(apr_pool_t *p, const char *domain,
                                         const tlsrpt_cause *cause, const char *reason)
{
    const tlsrpt_facts facts = {.result_type = cause->result_type,
                                .policy_type = cause->policy_type,
                                .reason = reason,
                                .domain = domain,
                                .mx = cause->receiving_mx};

    return tlsrpt_explain(p, &facts);
}

static int has_explanation(const apr_array_header_t *list, const tlsrpt_explanation *wanted)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(list, i, const tlsrpt_explanation *)->cause, wanted->cause) == 0) {
            return 1;
        }
    }
    return 0;
}

apr_array_header_t *tlsrpt_explain_cause(apr_pool_t *p, const char *domain,
                                         const tlsrpt_cause *cause)
{
    apr_array_header_t *list = apr_array_make(p, 2, sizeof(const tlsrpt_explanation *));
    const tlsrpt_explanation *general = explain(p, domain, cause, NULL);
    int i;

    for (i = 0; i < cause->reasons->nelts; i++) {
        const tlsrpt_explanation *special =
            explain(p, domain, cause, APR_ARRAY_IDX(cause->reasons, i, const char *));

        if (strcmp(special->cause, general->cause) != 0 && !has_explanation(list, special)) {
            APR_ARRAY_PUSH(list, const tlsrpt_explanation *) = special;
        }
    }
    if (!list->nelts) {
        APR_ARRAY_PUSH(list, const tlsrpt_explanation *) = general;
    }
    return list;
}
