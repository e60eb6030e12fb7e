/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "tlsrpt/report/read.h"
#include "tlsrpt/report/report.h"

static void check_text(const char *text)
{
    CHECK(!text || *text);
}

static void check_failure(const tlsrpt_failure *failure)
{
    CHECK(failure->result_type && failure->sessions >= 0);
    check_text(failure->sending_ip);
    check_text(failure->receiving_mx);
    check_text(failure->receiving_helo);
    check_text(failure->receiving_ip);
    check_text(failure->reason);
    check_text(failure->information);
}

static void check_policy(const tlsrpt_policy *policy)
{
    int i;

    CHECK(policy->type && policy->mx && policy->policy);
    CHECK(policy->successful >= 0 && policy->failed >= 0);
    check_text(policy->domain);
    for (i = 0; i < policy->failures->nelts; i++) {
        check_failure(&APR_ARRAY_IDX(policy->failures, i, tlsrpt_failure));
    }
}

static void check_report(apr_pool_t *p, const tlsrpt_report *report)
{
    int i;

    CHECK(report->organization && report->id);
    CHECK(report->begin >= 0 && report->end >= 0);
    check_text(report->contact);
    for (i = 0; i < report->policies->nelts; i++) {
        check_policy(&APR_ARRAY_IDX(report->policies, i, tlsrpt_policy));
    }
    CHECK(strlen(tlsrpt_report_identity(p, report)) == 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *p = fuzz_pool_make();
    tlsrpt_limits limits = tlsrpt_limits_default;
    tlsrpt_reading *reading;

    limits.inflated = 1 << 20; /* bombs are refused sooner */
    reading = tlsrpt_report_read(p, (const char *)data, size, &limits);
    fuzz_check_findings(reading->findings, 0);
    CHECK((reading->outcome == TLSRPT_READ) == (reading->report != NULL));
    CHECK((reading->outcome == TLSRPT_READ) == (reading->reason == NULL));
    CHECK(!reading->reason || is_printable(reading->reason));
    CHECK(strlen(reading->digest) == 64);
    if (reading->report) {
        check_report(p, reading->report);
    }
    apr_pool_destroy(p);
    return 0;
}
