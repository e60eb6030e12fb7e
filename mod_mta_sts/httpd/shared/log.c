/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/shared/log.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <http_log.h>

#include "httpd/shared/module.h"

APLOG_USE_MODULE(mta_sts);

static int log_level(mta_sts_severity severity)
{
    static const int levels[] = {APLOG_DEBUG, APLOG_INFO, APLOG_WARNING, APLOG_ERR, APLOG_NOTICE};

    return levels[severity];
}

/*
 * Logs one line: location, subject, message, fix, id.
 *
 * @param startup APLOG_STARTUP for a terminal, 0 for the log
 */
static void log_finding(server_rec *s, apr_pool_t *p, const mta_sts_finding *finding, int startup)
{
    const char *location = !finding->file ? ""
                           : finding->line
                               ? apr_psprintf(p, "%s:%d: ", finding->file, finding->line)
                               : apr_pstrcat(p, finding->file, ": ", NULL);
    const char *fix = finding->fix ? apr_pstrcat(p, "; ", finding->fix, NULL) : "";

    ap_log_error(APLOG_MARK, log_level(finding->severity) | startup, 0, s, "%s%s: %s%s [%s]",
                 location, finding->subject, finding->message, fix, finding->id);
}

/* Counts the findings with one id that are not logged. */
typedef struct surplus {
    mta_sts_severity severity;
    int seen;
} surplus;

static void log_surplus(server_rec *s, apr_hash_t *by_id, int startup)
{
    apr_hash_index_t *h;

    for (h = apr_hash_first(NULL, by_id); h; h = apr_hash_next(h)) {
        const surplus *of_id = apr_hash_this_val(h);

        if (of_id->seen > MTS_LOG_LISTED_MAX) {
            ap_log_error(APLOG_MARK, log_level(of_id->severity) | startup, 0, s,
                         "%d more findings like these [%s]", of_id->seen - MTS_LOG_LISTED_MAX,
                         (const char *)apr_hash_this_key(h));
        }
    }
}

void mts_log_findings(server_rec *s, apr_pool_t *p, const mta_sts_findings *findings,
                      int errors_only, int startup)
{
    apr_hash_t *by_id = apr_hash_make(p);
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);
        surplus *of_id = apr_hash_get(by_id, finding->id, APR_HASH_KEY_STRING);

        if (errors_only && finding->severity != MTA_STS_ERROR) {
            continue;
        }
        if (!of_id) {
            of_id = apr_pcalloc(p, sizeof(*of_id));
            of_id->severity = finding->severity;
            apr_hash_set(by_id, finding->id, APR_HASH_KEY_STRING, of_id);
        }
        if (of_id->seen++ < MTS_LOG_LISTED_MAX) {
            log_finding(s, p, finding, startup);
        }
    }
    log_surplus(s, by_id, startup);
}
