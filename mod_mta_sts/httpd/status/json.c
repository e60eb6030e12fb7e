/* SPDX-License-Identifier: Apache-2.0 */
/* The status page for machines. */
#include <stdlib.h>

#include <apr_strings.h>
#include <jansson.h>

#include "httpd/shared/counters.h"
#include "httpd/status/html.h"
#include "httpd/config/report_config.h"
#include "httpd/status/view.h"
#include "tlsrpt/advice/explain.h"

#define TEXTS_MAX 50

/* "2026-11-25T18:49:00Z", or null. */
static json_t *time_json(apr_time_t time)
{
    char text[64];
    apr_time_exp_t exploded;
    apr_size_t len;

    if (!time) {
        return json_null();
    }
    apr_time_exp_gmt(&exploded, time);
    apr_strftime(text, &len, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &exploded);
    return json_string(text);
}

/* Strings of reports are valid UTF-8; a path of the file system may be anything. */
static json_t *text_json(const char *text)
{
    json_t *string = text ? json_string(text) : NULL;

    return string ? string : text ? json_string("(not UTF-8)") : json_null();
}

static json_t *texts_json(const apr_array_header_t *texts)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < texts->nelts; i++) {
        json_array_append_new(array, text_json(APR_ARRAY_IDX(texts, i, const char *)));
    }
    return array;
}

/* What strangers wrote, bounded: the first of some texts, and each shortened. */
static json_t *short_json(apr_pool_t *p, const char *text)
{
    return text_json(mts_html_shorten(p, text));
}

static json_t *shorts_json(apr_pool_t *p, const apr_array_header_t *texts)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < texts->nelts && i < TEXTS_MAX; i++) {
        json_array_append_new(array, short_json(p, APR_ARRAY_IDX(texts, i, const char *)));
    }
    return array;
}

static json_t *finding_json(const mta_sts_finding *finding)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:i}", "severity",
                     mta_sts_severity_name(finding->severity), "id", finding->id, "subject",
                     text_json(finding->subject), "message", text_json(finding->message), "fix",
                     text_json(finding->fix), "file", text_json(finding->file), "line",
                     finding->line);
}

static json_t *findings_json(const mta_sts_findings *findings)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        json_array_append_new(array, finding_json(mta_sts_findings_at(findings, i)));
    }
    return array;
}

/* --- this httpd --- */

static json_t *counters_json(void)
{
    json_t *counters = json_object();
    int i;

    for (i = 0; i < MTS_COUNTERS; i++) {
        json_object_set_new(counters, mts_counters_name((mts_counter)i),
                            json_integer((json_int_t)mts_counters_value((mts_counter)i)));
    }
    return counters;
}

static json_t *usage_json(tlsrpt_area area, apr_int64_t quota)
{
    mts_usage usage = mts_counters_usage(area);

    return json_pack("{s:I, s:I, s:I}", "files", (json_int_t)usage.files, "bytes",
                     (json_int_t)usage.bytes, "quota", (json_int_t)quota);
}

static void add_endpoint(json_t *root, const mts_status_view *view)
{
    const mts_report_config *config = mts_report_config_of(view->r->server);

    json_object_set_new(root, "counting_since", time_json(mts_counters_since()));
    json_object_set_new(root, "counters", counters_json());
    json_object_set_new(root, "spool", usage_json(TLSRPT_REPORTS, config->spool_quota));
    json_object_set_new(root, "quarantine",
                        usage_json(TLSRPT_QUARANTINE, config->quarantine_quota));
}

/* --- policy domains --- */

static json_t *certificate_json(const mts_domain_facts *facts)
{
    if (!facts->domain->certificate) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:i}", "file", text_json(facts->domain->certificate->path),
                     "not_after", time_json(facts->domain->certificate->not_after), "days",
                     facts->days);
}

static json_t *domain_json(const mts_status_view *view, const mts_domain *domain)
{
    mts_domain_facts facts = mts_domains_facts(view->p, view->domains, domain, view->now);

    return json_pack("{s:o, s:b, s:s, s:o, s:I, s:s, s:b, s:o, s:s, s:o, s:o}", "domain",
                     text_json(domain->name), "pattern", domain->shown->is_pattern, "mode",
                     mta_sts_mode_name(domain->mode), "mx", texts_json(facts.policy->mx), "max_age",
                     (json_int_t)facts.policy->max_age, "id", facts.id, "served", facts.is_served,
                     "place", text_json(facts.place), "records",
                     mts_domains_records(view->p, &facts), "certificate", certificate_json(&facts),
                     "findings", findings_json(facts.findings));
}

/* Without a share it is not known. */
static void add_share(json_t *to, apr_hash_t *shares, const char *name)
{
    const tlsrpt_domain *share = shares ? apr_hash_get(shares, name, APR_HASH_KEY_STRING) : NULL;

    json_object_set_new(to, "successful_sessions",
                        share ? json_integer((json_int_t)share->successful) : json_null());
    json_object_set_new(to, "failed_sessions",
                        share ? json_integer((json_int_t)share->failed) : json_null());
}

static json_t *domains_json(const mts_status_view *view)
{
    mts_status_list list = mts_status_list_of(view);
    apr_hash_t *shares = mts_status_list_shares(view, &list);
    json_t *array = json_array();
    int i;

    for (i = 0; i < list.domains->nelts; i++) {
        const mts_domain *domain = APR_ARRAY_IDX(list.domains, i, const mts_domain *);
        json_t *one = domain_json(view, domain);

        add_share(one, shares, domain->name);
        json_array_append_new(array, one);
    }
    return json_pack("{s:i, s:i, s:i, s:o}", "found", list.found, "page", view->query.page, "pages",
                     list.pages, "list", array);
}

/* --- reports --- */

static json_t *days_json(const apr_array_header_t *days)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < days->nelts; i++) {
        const tlsrpt_day *day = &APR_ARRAY_IDX(days, i, tlsrpt_day);

        json_array_append_new(array, json_pack("{s:o, s:I, s:I}", "day", time_json(day->day),
                                               "successful_sessions", (json_int_t)day->successful,
                                               "failed_sessions", (json_int_t)day->failed));
    }
    return array;
}

static json_t *senders_json(const apr_array_header_t *senders)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < senders->nelts; i++) {
        const tlsrpt_sender *sender = &APR_ARRAY_IDX(senders, i, tlsrpt_sender);

        json_array_append_new(array,
                              json_pack("{s:o, s:I, s:I, s:I, s:o, s:b}", "organization",
                                        short_json(senders->pool, sender->organization), "reports",
                                        (json_int_t)sender->reports, "successful_sessions",
                                        (json_int_t)sender->successful, "failed_sessions",
                                        (json_int_t)sender->failed, "last", time_json(sender->last),
                                        "verified", sender->verified));
    }
    return array;
}

static json_t *cause_json(const mts_status_view *view, const mts_status_cause *cause)
{
    const tlsrpt_explanation *explanation =
        APR_ARRAY_IDX(mts_status_explain(view->p, cause), 0, const tlsrpt_explanation *);
    const tlsrpt_cause *of = cause->cause;

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:o}", "domain",
        text_json(cause->domain), "policy_type", short_json(view->p, of->policy_type),
        "result_type", short_json(view->p, of->result_type), "receiving_mx",
        short_json(view->p, of->receiving_mx), "sessions", (json_int_t)of->sessions, "first",
        time_json(of->first), "last", time_json(of->last), "senders",
        shorts_json(view->p, of->senders), "reasons", shorts_json(view->p, of->reasons),
        "receiving_ips", shorts_json(view->p, of->receiving_ips), "cause", explanation->cause,
        "owner", tlsrpt_owner_name(explanation->owner), "explanation", text_json(explanation->what),
        "action", text_json(explanation->action), "command", text_json(explanation->command));
}

static json_t *causes_json(const mts_status_view *view)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < view->reports->causes->nelts; i++) {
        json_array_append_new(
            array, cause_json(view, &APR_ARRAY_IDX(view->reports->causes, i, mts_status_cause)));
    }
    return array;
}

static json_t *receipts_json(const apr_array_header_t *receipts)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < receipts->nelts; i++) {
        const tlsrpt_index_report *one = &APR_ARRAY_IDX(receipts, i, tlsrpt_index_report);

        json_array_append_new(
            array,
            json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:I, s:I}", "received",
                      time_json(one->received), "organization",
                      short_json(receipts->pool, one->organization), "report_id",
                      short_json(receipts->pool, one->report_id), "begin", time_json(one->begin),
                      "end", time_json(one->end), "verified", one->verified, "successful_sessions",
                      (json_int_t)one->successful, "failed_sessions", (json_int_t)one->failed));
    }
    return array;
}

static json_t *reports_json(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;

    if (reports->problem) {
        return json_pack("{s:o}", "problem", text_json(reports->problem));
    }
    return json_pack(
        "{s:n, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:i, s:o, s:i, s:o}", "problem", "reports",
        (json_int_t)reports->reports, "unverified", (json_int_t)reports->unverified,
        "successful_sessions", (json_int_t)reports->successful, "failed_sessions",
        (json_int_t)reports->failed, "failed_without_cause", (json_int_t)reports->unspecified,
        "newest_received", time_json(reports->received), "days", days_json(reports->days),
        "senders", senders_json(reports->senders), "senders_left_out", reports->more_senders,
        "causes", causes_json(view), "causes_left_out", reports->more_causes, "last_received",
        receipts_json(reports->receipts));
}

static json_t *noticed_json(const mts_status_view *view)
{
    json_t *counts = json_object();
    int i;

    for (i = MTA_STS_INFO; i <= MTA_STS_UNKNOWN; i++) {
        json_object_set_new(counts, mta_sts_severity_name((mta_sts_severity)i),
                            json_integer(view->noticed->counts[i]));
    }
    return json_pack("{s:o, s:o, s:o}", "when", time_json(view->noticed->when), "counts", counts,
                     "findings", findings_json(view->noticed->findings));
}

void mts_status_json(const mts_status_view *view)
{
    json_t *root = json_object();
    char *text;

    json_object_set_new(root, "time", time_json(view->now));
    json_object_set_new(root, "range", json_string(view->query.range->name));
    if (view->query.domain) {
        json_object_set_new(root, "domain",
                            view->domain ? domain_json(view, view->domain) : json_null());
    }
    else {
        json_object_set_new(root, "noticed", noticed_json(view));
        json_object_set_new(root, "domains", domains_json(view));
        add_endpoint(root, view);
    }
    json_object_set_new(root, "reports", reports_json(view));
    text = json_dumps(root, JSON_INDENT(1) | JSON_ENSURE_ASCII);
    json_decref(root);
    if (text) {
        mta_sts_buffer_puts(view->out, text);
        mta_sts_buffer_puts(view->out, "\n");
        free(text);
    }
}
