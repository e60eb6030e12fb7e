/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/advice/assessment.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/text.h"

#define NAMES_SHOWN 3

mta_sts_severity tlsrpt_assessment_missing(const tlsrpt_assessment *a)
{
    return a->is_enforced ? MTA_STS_INFO : MTA_STS_WARNING;
}

int tlsrpt_assessment_is_verified(const tlsrpt_assessment *a)
{
    const tlsrpt_domain *evidence = a->facts->evidence;
    int i;

    for (i = 0; evidence && i < evidence->senders->nelts; i++) {
        if (APR_ARRAY_IDX(evidence->senders, i, tlsrpt_sender).verified) {
            return 1;
        }
    }
    return 0;
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

const char *tlsrpt_assessment_date(apr_pool_t *p, apr_time_t time)
{
    apr_time_exp_t parts;

    apr_time_exp_gmt(&parts, time);
    return apr_psprintf(p, "%04d-%02d-%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

const char *tlsrpt_assessment_last_date(apr_pool_t *p, apr_time_t end)
{
    return end ? tlsrpt_assessment_date(p, end - 1) : "an unspecified day";
}

/* Quoted if it contains characters that a terminal would interpret, or a reader misread. */
static const char *show_name(apr_pool_t *p, const char *name)
{
    apr_size_t len = strlen(name);
    const char *quoted = mta_sts_text_quote(p, name, len);
    int is_plain = len && strlen(quoted) == len + 2 && !strpbrk(name, ",()");

    return is_plain ? name : quoted;
}

const char *tlsrpt_assessment_names(apr_pool_t *p, const apr_array_header_t *names)
{
    const char *text = "";
    int i, shown = names->nelts > NAMES_SHOWN + 1 ? NAMES_SHOWN : names->nelts;

    for (i = 0; i < shown; i++) {
        const char *parting = !i ? "" : i + 1 == names->nelts ? " and " : ", ";

        text = apr_pstrcat(p, text, parting, show_name(p, APR_ARRAY_IDX(names, i, const char *)),
                           NULL);
    }
    return shown < names->nelts ? apr_psprintf(p, "%s and %d more", text, names->nelts - shown)
                                : text;
}
