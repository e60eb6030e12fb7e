/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/endpoint/answer.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>

#include "httpd/shared/module.h"
#include "httpd/shared/limit.h"

APLOG_USE_MODULE(mta_sts);

/* The maximum number of rejections that are logged per minute, for all addresses together. */
#define LOG_LINES_MAX 100

typedef struct answer {
    int status;
    int level;               /* of the log line */
    const char *retry_after; /* in seconds; NULL: a retry would get the same response */
    const char *sentence;
} answer;

/* By outcome. Problems that the admin must fix are logged as errors or warnings; outcomes on which
 * fail2ban can act, as warnings. */
static const answer answers[MTS_COUNTERS] = {
    [MTS_REPORT_NEW] = {HTTP_CREATED, APLOG_INFO, NULL, "Thank you: the report was stored."},
    [MTS_REPORT_REPEATED] = {HTTP_OK, APLOG_INFO, NULL,
                             "Thank you: this report was stored before."},
    [MTS_REPORT_QUARANTINED] = {HTTP_ACCEPTED, APLOG_INFO, NULL, "Accepted, but quarantined"},
    [MTS_REPORT_METHOD] = {HTTP_METHOD_NOT_ALLOWED, APLOG_INFO, NULL,
                           "This URL receives SMTP TLS reports (RFC 8460) by POST; GET "
                           "returns nothing else."},
    [MTS_REPORT_LIMITED] = {HTTP_SERVICE_UNAVAILABLE, APLOG_WARNING, "60",
                            "too many reports from this address in one minute"},
    [MTS_REPORT_INCOMPLETE] = {HTTP_BAD_REQUEST, APLOG_WARNING, NULL, "its body is incomplete"},
    [MTS_REPORT_TOO_LARGE] = {HTTP_REQUEST_ENTITY_TOO_LARGE, APLOG_WARNING, NULL,
                              "it is larger than the limit"},
    [MTS_REPORT_NOT_A_REPORT] = {HTTP_UNSUPPORTED_MEDIA_TYPE, APLOG_WARNING, NULL,
                                 "it is neither gzip nor JSON"},
    [MTS_REPORT_NO_POLICIES] = {HTTP_BAD_REQUEST, APLOG_WARNING, NULL,
                                "it is JSON without an array of policies"},
    [MTS_REPORT_BUSY] = {HTTP_SERVICE_UNAVAILABLE, APLOG_WARNING, "60",
                         "too many reports are being received at the same time"},
    [MTS_REPORT_SHARE] =
        {HTTP_SERVICE_UNAVAILABLE, APLOG_WARNING, "3600",
         "the networks of this address have used up their share of the space for reports"},
    [MTS_REPORT_QUOTA] = {HTTP_SERVICE_UNAVAILABLE, APLOG_ERR, "3600",
                          "there is no space left for reports"},
    [MTS_REPORT_NOT_STORED] = {HTTP_SERVICE_UNAVAILABLE, APLOG_ERR, "600",
                               "it could not be written to disk"},
};

/* The directive that sets the limit, for the log. */
static const char *const limits[MTS_COUNTERS] = {
    [MTS_REPORT_LIMITED] = " (see MTASTSReportLimit)",
    [MTS_REPORT_TOO_LARGE] = " (see MTASTSReportMaxSize)",
    [MTS_REPORT_SHARE] = " (see MTASTSReportQuota)",
    [MTS_REPORT_QUOTA] = " (see MTASTSReportQuota)",
};

static int is_stored(mts_counter outcome)
{
    return outcome == MTS_REPORT_NEW || outcome == MTS_REPORT_REPEATED ||
           outcome == MTS_REPORT_QUARANTINED;
}

/* Rejections are logged once a minute for each address and outcome, LOG_LINES_MAX in all. When that
 * is reached, further addresses take no space in the table of limits. */
static int may_log(const request_rec *r, const char *id)
{
    apr_time_t now = apr_time_now();

    return !mts_limit_is_reached("log", "", LOG_LINES_MAX, now) &&
           mts_limit_count(id, r->useragent_ip, 1, now) == MTS_LIMIT_ALLOWED &&
           mts_limit_count("log", "", LOG_LINES_MAX, now) == MTS_LIMIT_ALLOWED;
}

static void log_outcome(request_rec *r, mts_counter outcome, const char *why)
{
    const char *id = mts_counters_name(outcome);
    int level = answers[outcome].level;

    if (!APLOG_R_IS_LEVEL(r, level)) {
        return;
    }
    if (outcome == MTS_REPORT_QUARANTINED) {
        ap_log_rerror(APLOG_MARK, level, 0, r, "report quarantined: %s [%s]", why, id);
    }
    else if (is_stored(outcome)) {
        ap_log_rerror(APLOG_MARK, level, 0, r, "report %s [%s]",
                      outcome == MTS_REPORT_NEW ? "stored" : "stored before", id);
    }
    else if (may_log(r, id)) {
        ap_log_rerror(APLOG_MARK, level, 0, r, "report rejected: %s%s [%s]", why,
                      limits[outcome] ? limits[outcome] : "", id);
    }
}

static const char *sentence_of(const request_rec *r, mts_counter outcome, const char *why)
{
    const char *usual = answers[outcome].sentence;

    if (outcome == MTS_REPORT_QUARANTINED) {
        return apr_pstrcat(r->pool, usual, ": ", why, ".\n", NULL);
    }
    if (is_stored(outcome) || outcome == MTS_REPORT_METHOD) {
        return apr_pstrcat(r->pool, usual, "\n", NULL);
    }
    /* Clients get no details of problems on this machine: these are in the log. */
    return apr_pstrcat(r->pool, "The report was rejected: ",
                       answers[outcome].level == APLOG_ERR ? usual : why, ".\n", NULL);
}

int mts_report_answer(request_rec *r, mts_counter outcome, int status, const char *why)
{
    const answer *usual = &answers[outcome];
    const char *sentence;

    why = why ? why : usual->sentence;
    mts_counters_add(outcome);
    log_outcome(r, outcome, why);
    r->status = status ? status : usual->status;
    sentence = sentence_of(r, outcome, why);
    if (!is_stored(outcome) && ap_request_has_body(r)) {
        r->connection->keepalive = AP_CONN_CLOSE; /* do not wait for the rest of the body */
    }
    if (outcome == MTS_REPORT_METHOD) {
        apr_table_setn(r->headers_out, "Allow", "POST");
    }
    if (usual->retry_after) {
        apr_table_setn(r->headers_out, "Retry-After", usual->retry_after);
    }
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->subprocess_env, "no-gzip", "1");
    apr_table_setn(r->subprocess_env, "no-brotli", "1");
    ap_set_content_type(r, "text/plain; charset=utf-8");
    ap_set_content_length(r, (apr_off_t)strlen(sentence));
    ap_rputs(sentence, r);
    return OK;
}
