/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report/call.h"
#include "tlsrpt/index/origin.h"

/* Failures that are looked for: anyone can send reports with any number. */
#define LOOKUPS_MAX 2000

int cli_report_fetches(apr_pool_t *p, const cli_report_call *call, const cli_report_item *item,
                       const tlsrpt_policy *policy, const tlsrpt_failure *failure,
                       tlsrpt_fetch_answer *answer)
{
    apr_array_header_t *networks = apr_array_make(p, 2, sizeof(const char *));
    const tlsrpt_fetch_question question = {.domain = policy->domain,
                                            .result_type = failure->result_type,
                                            .networks = networks,
                                            .signer = item->signer,
                                            .begin = item->report->begin,
                                            .end = item->report->end,
                                            .now = apr_time_now()};

    static int lookups;

    if (lookups >= LOOKUPS_MAX || !policy->domain || !tlsrpt_fetch_is_about(failure->result_type)) {
        return 0;
    }
    lookups++;
    tlsrpt_origin_add(networks, failure->sending_ip);
    tlsrpt_origin_add(networks, item->peer);
    return !tlsrpt_fetch_answer_find(cli_served_database(call->served), &question, p, answer);
}
