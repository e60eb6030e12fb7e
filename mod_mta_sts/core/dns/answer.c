/* SPDX-License-Identifier: Apache-2.0 */
#include "core/dns/answer.h"

#include <string.h>

#include "core/base/text.h"

const char *mta_sts_answer_status_name(mta_sts_answer_status status)
{
    static const char *const names[] = {
        [MTA_STS_ANSWER_NOT_QUERIED] = "skipped", [MTA_STS_ANSWER_OK] = "ok",
        [MTA_STS_ANSWER_NXDOMAIN] = "nxdomain",   [MTA_STS_ANSWER_NODATA] = "nodata",
        [MTA_STS_ANSWER_SERVFAIL] = "servfail",   [MTA_STS_ANSWER_BOGUS] = "bogus",
        [MTA_STS_ANSWER_TIMEOUT] = "timeout",
    };

    return names[status];
}

const char *mta_sts_dnssec_name(mta_sts_dnssec dnssec)
{
    static const char *const names[] = {
        [MTA_STS_DNSSEC_UNKNOWN] = "unknown",
        [MTA_STS_DNSSEC_INSECURE] = "insecure",
        [MTA_STS_DNSSEC_SECURE] = "secure",
    };

    return names[dnssec];
}

int mta_sts_answer_is_empty(const mta_sts_answer *answer)
{
    return answer->status == MTA_STS_ANSWER_NXDOMAIN || answer->status == MTA_STS_ANSWER_NODATA;
}

int mta_sts_answer_check(const mta_sts_answer *answer, const char *subject, const char *what,
                         mta_sts_findings *findings)
{
    switch (answer->status) {
    case MTA_STS_ANSWER_SERVFAIL:
        mta_sts_finding_add(findings, MTA_STS_ERROR, "dns-servfail", subject,
                            "check the name servers of the zone and, if it is signed, its DNSSEC",
                            "the lookup of the %s fails (SERVFAIL)", what);
        return 1;
    case MTA_STS_ANSWER_BOGUS:
        mta_sts_finding_add(
            findings, MTA_STS_ERROR, "dns-bogus", subject,
            "fix the DNSSEC signatures of the zone, or the DS record at its parent",
            "the answer for the %s fails DNSSEC validation, and senders do not use it%s%s", what,
            answer->detail ? ": " : "",
            answer->detail
                ? mta_sts_text_quote(findings->pool, answer->detail, strlen(answer->detail))
                : "");
        return 1;
    case MTA_STS_ANSWER_TIMEOUT:
        mta_sts_finding_add(findings, MTA_STS_UNKNOWN, "dns-timeout", subject,
                            "try again, with a longer --timeout or another --resolver",
                            "the lookup of the %s timed out", what);
        return 1;
    default:
        return 0;
    }
}
