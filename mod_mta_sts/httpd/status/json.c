/* SPDX-License-Identifier: Apache-2.0 */
/* The status page as JSON. Times are RFC 3339 in UTC; null means unknown. */
#include <stdlib.h>

#include <apr_strings.h>
#include <jansson.h>

#include "core/base/format.h"
#include "httpd/shared/counters.h"
#include "httpd/status/earlier.h"
#include "httpd/status/html.h"
#include "httpd/status/losses.h"
#include "httpd/config/report_config.h"
#include "httpd/status/view.h"
#include "tlsrpt/advice/explain.h"

#define TEXTS_MAX 50

static json_t *time_json(apr_pool_t *p, apr_time_t time)
{
    return time ? json_string(mta_sts_format_timestamp(p, time)) : json_null();
}

/* Strings of reports are valid UTF-8, but a path of the file system can be any bytes. */
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

/* Text from reports, limited in length. */
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

/* --- this server --- */

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
                     (json_int_t)usage.bytes, "quota_bytes", (json_int_t)quota);
}

static void add_endpoint(json_t *root, const mts_status_view *view)
{
    const mts_report_config *config = mts_report_config_of(view->r->server);

    json_object_set_new(root, "counters_reset_at", time_json(view->p, mts_counters_since()));
    json_object_set_new(root, "counters", counters_json());
    json_object_set_new(root, "spool", usage_json(TLSRPT_REPORTS, config->spool_quota));
    json_object_set_new(root, "quarantine",
                        usage_json(TLSRPT_QUARANTINE, config->quarantine_quota));
}

/* --- policy domains --- */

static json_t *certificate_json(apr_pool_t *p, const mts_domain_facts *facts)
{
    if (!facts->domain->certificate) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:i}", "file", text_json(facts->domain->certificate->path),
                     "expires_at", time_json(p, facts->domain->certificate->not_after),
                     "days_remaining", facts->days);
}

static json_t *domain_json(const mts_status_view *view, const mts_domain *domain)
{
    mts_domain_facts facts = mts_domains_facts(view->p, view->domains, domain, view->now);

    return json_pack("{s:o, s:b, s:s, s:o, s:I, s:s, s:b, s:o, s:s, s:o, s:o}", "domain",
                     text_json(domain->name), "is_pattern", domain->shown->is_pattern, "mode",
                     mta_sts_mode_name(domain->mode), "mx", texts_json(facts.policy->mx),
                     "max_age_seconds", (json_int_t)facts.policy->max_age, "policy_id", facts.id,
                     "is_served", facts.is_served, "defined_in", text_json(facts.location),
                     "dns_records", mts_domains_records(view->p, view->domains, &facts), "certificate",
                     certificate_json(view->p, &facts), "findings", findings_json(facts.findings));
}

/* null if the sessions of the domain are unknown. */
static void add_share(json_t *to, apr_hash_t *shares, const char *name)
{
    const tlsrpt_domain *share = shares ? apr_hash_get(shares, name, APR_HASH_KEY_STRING) : NULL;

    json_object_set_new(to, "successful_sessions",
                        share ? json_integer((json_int_t)share->successful) : json_null());
    json_object_set_new(to, "failed_sessions",
                        share ? json_integer((json_int_t)share->failed) : json_null());
}

/* Policies that senders may still use from their caches; null if the history cannot be read. */
static json_t *earlier_json(const mts_status_reports *reports)
{
    json_t *array = reports->problem ? json_null() : json_array();
    int i;

    for (i = 0; !reports->problem && i < reports->earlier->nelts; i++) {
        const mts_status_earlier *one = &APR_ARRAY_IDX(reports->earlier, i, mts_status_earlier);

        json_array_append_new(
            array, json_pack("{s:s, s:o, s:o}", "policy_id", one->id, "last_served_at",
                             time_json(reports->earlier->pool, one->served), "cached_until_at",
                             time_json(reports->earlier->pool, one->until)));
    }
    return array;
}

/* The domain that the query names. */
static json_t *one_domain_json(const mts_status_view *view)
{
    json_t *domain;

    if (!view->domain) {
        return json_null();
    }
    domain = domain_json(view, view->domain);
    json_object_set_new(domain, "earlier_policies", earlier_json(view->reports));
    return domain;
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
    return json_pack("{s:i, s:i, s:i, s:o}", "matching", list.found, "page", view->query.page,
                     "pages", list.pages, "list", array);
}

/* --- reports --- */

static json_t *days_json(const apr_array_header_t *days)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < days->nelts; i++) {
        const tlsrpt_day *day = &APR_ARRAY_IDX(days, i, tlsrpt_day);

        json_array_append_new(array, json_pack("{s:o, s:I, s:I}", "day_start_at",
                                               time_json(days->pool, day->day),
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

        json_array_append_new(array, json_pack("{s:o, s:I, s:I, s:I, s:o, s:b}", "organization",
                                               short_json(senders->pool, sender->organization),
                                               "report_count", (json_int_t)sender->reports,
                                               "successful_sessions",
                                               (json_int_t)sender->successful, "failed_sessions",
                                               (json_int_t)sender->failed, "last_report_end_at",
                                               time_json(senders->pool, sender->last),
                                               "is_verified", sender->is_verified));
    }
    return array;
}

static json_t *cause_json(const mts_status_view *view, const mts_status_cause *cause)
{
    const tlsrpt_explanation *explanation =
        APR_ARRAY_IDX(mts_status_explain(view->p, cause), 0, const tlsrpt_explanation *);
    const tlsrpt_cause *of = cause->cause;

    return json_pack(
        "{s:o, s:b, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:o}",
        "domain", text_json(cause->domain), "is_verified", of->is_verified, "policy_type",
        short_json(view->p, of->policy_type), "result_type", short_json(view->p, of->result_type),
        "receiving_mx", short_json(view->p, of->receiving_mx), "failed_sessions",
        (json_int_t)of->sessions, "first_day_start_at", time_json(view->p, of->first),
        "last_day_end_at", time_json(view->p, of->last), "senders",
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

/* The policies that the senders of a domain used. */
static json_t *seen_json(const mts_status_view *view)
{
    const mts_status_reports *reports = view->reports;
    json_t *array = json_array();
    int i;

    for (i = 0; i < reports->seen->nelts; i++) {
        const tlsrpt_seen_policy *one = &APR_ARRAY_IDX(reports->seen, i, tlsrpt_seen_policy);

        json_array_append_new(
            array,
            json_pack("{s:b, s:o, s:o, s:s, s:o, s:I, s:o}", "is_verified", one->is_verified,
                      "policy_type", short_json(view->p, one->type), "policy",
                      short_json(view->p, one->policy), "policy_match",
                      tlsrpt_policy_match_name(tlsrpt_policy_match_compare(
                          view->p, one->type, one->policy, &reports->policies)),
                      "senders", shorts_json(view->p, one->senders), "sessions",
                      (json_int_t)one->sessions, "last_day_end_at", time_json(view->p, one->last)));
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
            array, json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:I, s:I}", "received_at",
                             time_json(receipts->pool, one->received), "organization",
                             short_json(receipts->pool, one->organization), "report_id",
                             short_json(receipts->pool, one->report_id), "begin_at",
                             time_json(receipts->pool, one->begin), "end_at",
                             time_json(receipts->pool, one->end), "is_verified", one->verified,
                             "successful_sessions", (json_int_t)one->successful, "failed_sessions",
                             (json_int_t)one->failed));
    }
    return array;
}

static json_t *losses_json(const apr_array_header_t *losses)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < losses->nelts; i++) {
        const mts_status_loss *one = &APR_ARRAY_IDX(losses, i, mts_status_loss);

        json_array_append_new(
            array, json_pack("{s:o, s:I, s:s, s:o, s:b}", "domain", text_json(one->domain),
                             "failed_sessions", (json_int_t)one->sessions, "cause",
                             one->explanation->cause, "explanation",
                             text_json(one->explanation->what), "is_verified", one->is_verified));
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
        "{s:n, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:i, s:o, s:i, s:o, s:o, s:o}",
        "problem", "count", (json_int_t)reports->reports, "unverified_count",
        (json_int_t)reports->unverified, "successful_sessions", (json_int_t)reports->successful,
        "failed_sessions", (json_int_t)reports->failed, "verified_successful_sessions",
        (json_int_t)reports->verified_successful, "verified_failed_sessions",
        (json_int_t)reports->verified_failed, "failed_sessions_without_details",
        (json_int_t)tlsrpt_count_add(reports->unspecified[0], reports->unspecified[1]),
        "last_received_at", time_json(view->p, reports->received), "days", days_json(reports->days),
        "senders", senders_json(reports->senders), "senders_omitted", reports->omitted_senders,
        "causes", causes_json(view), "causes_omitted", reports->omitted_causes, "policies_seen",
        seen_json(view), "latest", receipts_json(reports->receipts), "refused_mail",
        losses_json(reports->losses));
}

static json_t *startup_json(const mts_status_view *view)
{
    json_t *counts = json_object();
    int i;

    for (i = MTA_STS_INFO; i <= MTA_STS_UNKNOWN; i++) {
        json_object_set_new(counts, mta_sts_severity_name((mta_sts_severity)i),
                            json_integer(view->startup->counts[i]));
    }
    return json_pack("{s:o, s:o, s:o}", "at", time_json(view->p, view->startup->when), "counts",
                     counts, "findings", findings_json(view->startup->findings));
}

/* Adds the object to the response and frees it. */
static void put(const mts_status_view *view, json_t *root)
{
    char *text = json_dumps(root, JSON_INDENT(1) | JSON_ENSURE_ASCII);

    json_decref(root);
    if (text) {
        mta_sts_buffer_puts(view->out, text);
        mta_sts_buffer_puts(view->out, "\n");
        free(text);
    }
}

void mts_status_json(const mts_status_view *view)
{
    json_t *root = json_object();

    json_object_set_new(root, "generated_at", time_json(view->p, view->now));
    json_object_set_new(root, "verdict",
                        json_string(mta_sts_severity_name(mts_status_verdict(view))));
    json_object_set_new(root, "range", json_string(view->query.range->name));
    if (view->query.domain) {
        json_object_set_new(root, "domain", one_domain_json(view));
    }
    else {
        json_object_set_new(root, "startup", startup_json(view));
        json_object_set_new(root, "domains", domains_json(view));
        add_endpoint(root, view);
    }
    json_object_set_new(root, "reports", reports_json(view));
    put(view, root);
}

void mts_status_error_json(const mts_status_view *view, const char *sentence)
{
    put(view, json_pack("{s:o}", "error", text_json(sentence)));
}
