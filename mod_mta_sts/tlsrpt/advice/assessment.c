/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/assessment.h"

#include <apr_strings.h>

mta_sts_severity tlsrpt_assessment_missing(const tlsrpt_assessment *a)
{
    return a->is_enforced ? MTA_STS_INFO : MTA_STS_WARNING;
}

const char *tlsrpt_assessment_report(const tlsrpt_assessment *a)
{
    return apr_pstrcat(a->p, "mta-sts report", a->facts->place ? a->facts->place : "", " --domain ",
                       a->facts->domain, NULL);
}

const char *tlsrpt_ready_name(tlsrpt_ready ready)
{
    static const char *const names[] = {
        [TLSRPT_READY_YES] = "yes",
        [TLSRPT_READY_NOT_YET] = "not-yet",
        [TLSRPT_READY_NO] = "no",
        [TLSRPT_READY_UNKNOWN] = "unknown",
    };

    return names[ready];
}

const char *tlsrpt_readiness_part_name(tlsrpt_readiness_part part)
{
    static const char *const names[] = {
        [TLSRPT_READINESS_POLICY] = "policy",
        [TLSRPT_READINESS_MX] = "mx",
        [TLSRPT_READINESS_REPORTS] = "reports",
    };

    return names[part];
}
