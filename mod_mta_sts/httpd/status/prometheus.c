/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status page for Prometheus, in the text format 0.0.4. The number of time series is bounded:
 * there are series only for registered result types, and for at most MTS_STATUS_SERIES_MAX domains
 * with a policy on this server. The number of omitted domains is a metric, too.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "httpd/hosting/renewal.h"
#include "httpd/shared/counters.h"
#include "httpd/shared/fetch_table.h"
#include "httpd/config/report_config.h"
#include "httpd/status/hosted.h"
#include "httpd/status/series.h"
#include "httpd/status/view.h"

static void put_head(mta_sts_buffer *out, const char *name, const char *type, const char *help)
{
    mta_sts_buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Escapes the value of a label. */
static const char *label(apr_pool_t *p, const char *value)
{
    char *escaped = apr_palloc(p, 2 * strlen(value) + 1), *to = escaped;

    for (; *value; value++) {
        if (*value == '\\' || *value == '"' || *value == '\n') {
            *to++ = '\\';
        }
        *to++ = *value == '\n' ? 'n' : *value;
    }
    *to = '\0';
    return escaped;
}

static void put_value(mta_sts_buffer *out, const char *name, const char *label_name,
                      const char *value, apr_int64_t number)
{
    mta_sts_buffer_printf(out, "%s{%s=\"%s\"} %" APR_INT64_T_FMT "\n", name, label_name,
                          label(out->p, value), number);
}

static void put_gauge(mta_sts_buffer *out, const char *name, const char *help, apr_int64_t number)
{
    put_head(out, name, "gauge", help);
    mta_sts_buffer_printf(out, "%s %" APR_INT64_T_FMT "\n", name, number);
}

/* Adds the counters whose names begin with a prefix and "-"; the label is the rest of the name. */
static void put_counters(mta_sts_buffer *out, const char *name, const char *help,
                         const char *beginning)
{
    apr_size_t len = strlen(beginning);
    int i;

    put_head(out, name, "counter", help);
    for (i = 0; i < MTS_COUNTERS; i++) {
        const char *counter = mts_counters_name((mts_counter)i);

        if (strncmp(counter, beginning, len) == 0 && counter[len] == '-') {
            put_value(out, name, "outcome", counter + len + 1,
                      (apr_int64_t)mts_counters_value((mts_counter)i));
        }
    }
}

static void put_endpoint(mta_sts_buffer *out)
{
    put_gauge(out, "mta_sts_counting_start_timestamp_seconds",
              "Time when the counters started at 0.", apr_time_sec(mts_counters_since()));
    put_counters(out, "mta_sts_policy_requests_total", "Requests for policies by outcome.",
                 "policy");
    put_counters(out, "mta_sts_reports_total", "Reports received over HTTPS by outcome.", "report");
    put_head(out, "mta_sts_fetches_lost_total", "counter",
             "Requests for policies that were answered, but not recorded in the fetch log.");
    mta_sts_buffer_printf(out, "mta_sts_fetches_lost_total %" APR_INT64_T_FMT "\n",
                          mts_fetch_table_lost());
}

static void put_areas(mta_sts_buffer *out, const char *name, const char *help, apr_int64_t reports,
                      apr_int64_t quarantine)
{
    put_head(out, name, "gauge", help);
    put_value(out, name, "area", "reports", reports);
    put_value(out, name, "area", "quarantine", quarantine);
}

static void put_spool(const mts_status_view *view)
{
    const mts_report_config *config = mts_report_config_of(view->r->server);
    mts_usage reports = mts_counters_usage(TLSRPT_REPORTS);
    mts_usage quarantine = mts_counters_usage(TLSRPT_QUARANTINE);

    put_areas(view->out, "mta_sts_spool_files",
              "Number of reports on disk; those by mail are counted within ten minutes.",
              reports.files, quarantine.files);
    put_areas(view->out, "mta_sts_spool_bytes", "Disk space used by reports.", reports.bytes,
              quarantine.bytes);
    put_areas(view->out, "mta_sts_spool_quota_bytes", "Disk space that reports may use.",
              config->spool_quota, config->quarantine_quota);
}

static void put_policies(const mts_status_view *view)
{
    static const char name[] = "mta_sts_policy_domains", found[] = "mta_sts_findings";
    int i;

    put_head(view->out, name, "gauge", "Number of policy domains by mode.");
    for (i = MTA_STS_MODE_NONE; i <= MTA_STS_MODE_ENFORCE; i++) {
        put_value(view->out, name, "mode", mta_sts_mode_name((mta_sts_mode)i),
                  view->domains->modes[i]);
    }
    put_head(view->out, found, "gauge", "Number of findings at the last start by severity.");
    for (i = MTA_STS_INFO; i <= MTA_STS_UNKNOWN; i++) {
        put_value(view->out, found, "severity", mta_sts_severity_name((mta_sts_severity)i),
                  view->startup->counts[i]);
    }
    put_gauge(view->out, "mta_sts_start_timestamp_seconds",
              "Time when configuration and certificates were read.",
              apr_time_sec(view->startup->when));
}

static void put_hosted(const mts_status_view *view)
{
    const mts_status_hosted *hosted = view->hosted;

    if (!hosted) {
        return;
    }
    put_gauge(view->out, "mta_sts_hosting_up",
              "1 if hosted domains can be looked up on this machine, else 0.", !hosted->problem);
    if (hosted->problem) {
        return;
    }
    put_gauge(view->out, "mta_sts_hosted_domains", "Number of hosted domains that are served.",
              hosted->state.served);
    put_gauge(view->out, "mta_sts_hosted_rows_wrong",
              "Number of rows of hosted domains that are wrong.", hosted->state.wrong);
    put_gauge(
        view->out, "mta_sts_hosted_domains_held",
        "Number of hosted domains that are served although they are missing from the database.",
        hosted->state.held);
    put_gauge(view->out, "mta_sts_hosted_sync_age_seconds",
              "Seconds since hosted domains were last read from the database.",
              apr_time_sec(view->now - hosted->state.synced));
}

/* --- certificates --- */

typedef struct expiry {
    const char *domain;
    apr_time_t when, warning; /* when it expires; from when on it counts as expiring soon */
} expiry;

static int compare_expiry(const void *a, const void *b)
{
    const expiry *one = a, *other = b;

    return one->when != other->when ? (one->when < other->when ? -1 : 1)
                                    : strcmp(one->domain, other->domain);
}

static void add_expiry(apr_array_header_t *expiries, const mts_domain *domain)
{
    if (domain->certificate) {
        apr_time_t end = domain->certificate->not_after;

        APR_ARRAY_PUSH(expiries, expiry) =
            (expiry){domain->name, end, end - mta_sts_certificate_soon(domain->certificate, -1)};
    }
}

static apr_array_header_t *expiries_of(const mts_status_view *view)
{
    const apr_array_header_t *list = view->domains->list;
    apr_array_header_t *expiries = apr_array_make(view->p, list->nelts, sizeof(expiry));
    int i;

    if (view->domain) {
        add_expiry(expiries, view->domain);
    }
    for (i = 0; !view->query.domain && i < list->nelts; i++) {
        add_expiry(expiries, &APR_ARRAY_IDX(list, i, mts_domain));
    }
    return expiries;
}

/* Adds the certificates that expire first. Returns the number of omitted ones. */
static int put_certificates(const mts_status_view *view)
{
    static const char name[] = "mta_sts_certificate_expiry_timestamp_seconds";
    static const char soon[] = "mta_sts_certificate_warning_timestamp_seconds";
    apr_array_header_t *expiries = expiries_of(view);
    int i;

    qsort(expiries->elts, (size_t)expiries->nelts, sizeof(expiry), compare_expiry);
    put_head(view->out, name, "gauge", "Time when the certificate of the policy host expires.");
    for (i = 0; i < expiries->nelts && i < MTS_STATUS_SERIES_MAX; i++) {
        const expiry *one = &APR_ARRAY_IDX(expiries, i, expiry);

        put_value(view->out, name, "domain", one->domain, apr_time_sec(one->when));
    }
    put_head(view->out, soon, "gauge",
             "Time from which the certificate of the policy host counts as expiring soon.");
    for (i = 0; i < expiries->nelts && i < MTS_STATUS_SERIES_MAX; i++) {
        const expiry *one = &APR_ARRAY_IDX(expiries, i, expiry);

        put_value(view->out, soon, "domain", one->domain, apr_time_sec(one->warning));
    }
    return expiries->nelts - i;
}

static void put_key_pairs(mta_sts_buffer *out)
{
    static const char name[] = "mta_sts_key_pairs";
    mts_pair_numbers numbers = mts_renewal_numbers();

    put_head(out, name, "gauge",
             "Key pairs of MTASTSCertificates by state, and policy domains without one.");
    put_value(out, name, "state", "used", numbers.pairs.used);
    put_value(out, name, "state", "broken", numbers.pairs.broken);
    put_value(out, name, "state", "expire_soon", numbers.pairs.soon);
    put_value(out, name, "state", "waiting", numbers.pairs.waiting);
    put_value(out, name, "state", "missing", numbers.missing);
}

/* --- reports --- */

/* @param first index of the first result of each series */
static void put_results(const mts_status_view *view, const char *name,
                        const apr_array_header_t *series, int first)
{
    int i, t;

    for (i = 0; i < series->nelts; i++) {
        const mts_status_series *one = &APR_ARRAY_IDX(series, i, mts_status_series);
        const char *domain = label(view->p, one->domain);

        for (t = 0; t < MTS_STATUS_RESULTS; t++) {
            if (one->sessions[first + t] || t == 0) {
                mta_sts_buffer_printf(
                    view->out, "%s{domain=\"%s\",result_type=\"%s\"} %" APR_INT64_T_FMT "\n", name,
                    domain, mts_status_result_label(t), one->sessions[first + t]);
            }
        }
    }
}

/* Alerts should use the metric of verified reports, which only senders can influence, and nobody
 * else. */
static void put_sessions(const mts_status_view *view, const apr_array_header_t *series)
{
    static const char verified[] = "mta_sts_sessions", others[] = "mta_sts_unverified_sessions";
    const char *range = view->query.range->text;

    put_head(view->out, verified, "gauge",
             apr_psprintf(view->p, "Number of sessions %s by result, in verified reports.", range));
    put_results(view, verified, series, 0);
    put_head(view->out, others, "gauge",
             apr_psprintf(view->p,
                          "Number of sessions %s by result, in unverified reports, which anyone "
                          "can submit.",
                          range));
    put_results(view, others, series, MTS_STATUS_RESULTS);
}

static void put_ends(const mts_status_view *view, const apr_array_header_t *series)
{
    static const char name[] = "mta_sts_last_report_end_timestamp_seconds";
    int i;

    put_head(view->out, name, "gauge", "End of the day that the latest report is about.");
    for (i = 0; i < series->nelts; i++) {
        const mts_status_series *one = &APR_ARRAY_IDX(series, i, mts_status_series);

        if (one->end) {
            put_value(view->out, name, "domain", one->domain, apr_time_sec(one->end));
        }
    }
}

/* Adds the series. Returns the number of omitted domains. */
static int put_reports(const mts_status_view *view)
{
    int omitted = 0;
    const apr_array_header_t *series =
        mts_status_series_of(view->r, view->domains, &view->query, view->now, &omitted);

    put_gauge(view->out, "mta_sts_index_up", "1 if the index of the reports can be read, else 0.",
              series != NULL);
    if (!view->reports->problem && !view->query.domain) {
        put_gauge(view->out, "mta_sts_fetch_log_full",
                  "1 if the fetch log is full, so that its oldest days are deleted before their "
                  "time, else 0.",
                  view->reports->findings->list->nelts);
    }
    if (series) {
        put_sessions(view, series);
        put_ends(view, series);
        put_gauge(view->out, "mta_sts_set_apart",
                  "Number of senders and days whose unverified reports are implausible, and not "
                  "counted in any other metric.",
                  view->reports->apart_count);
    }
    if (view->reports->received) {
        put_gauge(view->out, "mta_sts_last_report_age_seconds",
                  "Seconds since the last report was received.",
                  apr_time_sec(view->now - view->reports->received));
    }
    return omitted;
}

void mts_status_prometheus(const mts_status_view *view)
{
    static const char name[] = "mta_sts_domains_omitted";
    int certificates, sessions;

    if (view->query.is_in_path) { /* the page of a customer */
        put_certificates(view);
        put_reports(view);
        return;
    }
    put_endpoint(view->out);
    put_spool(view);
    put_policies(view);
    put_hosted(view);
    certificates = put_certificates(view);
    put_key_pairs(view->out);
    sessions = put_reports(view);
    put_head(view->out, name, "gauge",
             "Number of domains without a series because there are too many.");
    put_value(view->out, name, "of", "certificates", certificates);
    put_value(view->out, name, "of", "sessions", sessions);
}
