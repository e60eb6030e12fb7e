/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/finding.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include <apr_strings.h>

#include "core/base/finding_ids.h"

mta_sts_findings *mta_sts_findings_make(apr_pool_t *p)
{
    mta_sts_findings *findings = apr_palloc(p, sizeof(*findings));

    findings->pool = p;
    findings->list = apr_array_make(p, 4, sizeof(mta_sts_finding));
    return findings;
}

const char *mta_sts_finding_meaning(const char *id)
{
#define ROW(id, meaning) {id, meaning},
    static const struct {
        const char *id, *meaning;
    } rows[] = {MTA_STS_FINDING_IDS(ROW)};
#undef ROW
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].id, id) == 0) {
            return rows[i].meaning;
        }
    }
    return NULL;
}

mta_sts_finding *mta_sts_finding_add(mta_sts_findings *findings, mta_sts_severity severity,
                                     const char *id, const char *subject, const char *fix,
                                     const char *format, ...)
{
    mta_sts_finding *finding = apr_array_push(findings->list);
    va_list args;

#ifdef MTA_STS_DEVELOPER
    assert(mta_sts_finding_meaning(id));
#endif
    finding->severity = severity;
    finding->id = id;
    finding->subject = subject;
    finding->fix = fix;
    finding->file = NULL;
    finding->line = 0;
    va_start(args, format);
    finding->message = apr_pvsprintf(findings->pool, format, args);
    va_end(args);
    return finding;
}

void mta_sts_finding_copy(mta_sts_findings *to, const mta_sts_finding *finding)
{
    mta_sts_finding *made = mta_sts_finding_add(
        to, finding->severity, finding->id, apr_pstrdup(to->pool, finding->subject),
        apr_pstrdup(to->pool, finding->fix), "%s", finding->message);

    made->file = apr_pstrdup(to->pool, finding->file);
    made->line = finding->line;
}

const mta_sts_finding *mta_sts_findings_at(const mta_sts_findings *findings, int i)
{
    return &APR_ARRAY_IDX(findings->list, i, mta_sts_finding);
}

int mta_sts_findings_count(const mta_sts_findings *findings, mta_sts_severity severity)
{
    int i, count = 0;

    for (i = 0; i < findings->list->nelts; i++) {
        count += mta_sts_findings_at(findings, i)->severity == severity;
    }
    return count;
}

const char *mta_sts_severity_name(mta_sts_severity severity)
{
    static const char *const names[] = {"ok", "info", "warning", "error", "unknown"};

    return names[severity];
}
