/* SPDX-License-Identifier: Apache-2.0 */
/* The status page as JSON. Times are RFC 3339 in UTC; null means unknown. */
#include <stdlib.h>

#include <apr_strings.h>
#include <jansson.h>

#include "core/base/format.h"
#include "httpd/hosting/renewal.h"
#include "httpd/shared/counters.h"
#include "httpd/status/hosted.h"
#include "httpd/status/json_reports.h"
#include "httpd/status/json_values.h"
#include "httpd/config/report_config.h"
#include "httpd/status/readiness.h"
#include "httpd/status/rollout.h"
#include "httpd/status/view.h"
#include "tlsrpt/advice/explain.h"

static json_t *finding_json(const mta_sts_finding *finding)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:i}", "severity",
                     mta_sts_severity_name(finding->severity), "id", finding->id, "subject",
                     mts_json_text(finding->subject), "message", mts_json_text(finding->message),
                     "fix", mts_json_text(finding->fix), "file", mts_json_text(finding->file),
                     "line", finding->line);
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

static json_t *key_pairs_json(void)
{
    mts_pair_numbers numbers = mts_renewal_numbers();

    return json_pack("{s:i, s:i, s:i, s:i, s:i}", "used", numbers.pairs.used, "broken",
                     numbers.pairs.broken, "expire_soon", numbers.pairs.soon, "waiting",
                     numbers.pairs.waiting, "missing", numbers.missing);
}

static void add_endpoint(json_t *root, const mts_status_view *view)
{
    const mts_report_config *config = mts_report_config_of(view->r->server);

    json_object_set_new(root, "counters_reset_at", mts_json_time(view->p, mts_counters_since()));
    json_object_set_new(root, "counters", counters_json());
    json_object_set_new(root, "spool", usage_json(TLSRPT_REPORTS, config->spool_quota));
    json_object_set_new(root, "quarantine",
                        usage_json(TLSRPT_QUARANTINE, config->quarantine_quota));
    json_object_set_new(root, "key_pairs", key_pairs_json());
}

/* --- policy domains --- */

static json_t *certificate_json(apr_pool_t *p, const mts_domain_facts *facts)
{
    if (!facts->domain->certificate) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:i}", "file",
                     mts_json_text(facts->location ? facts->domain->certificate->path : NULL),
                     "expires_at", mts_json_time(p, facts->domain->certificate->not_after),
                     "days_remaining", facts->days);
}

static json_t *domain_json(const mts_status_view *view, const mts_domain *domain)
{
    mts_domain_facts facts = mts_status_facts(view, domain);

    return json_pack("{s:o, s:b, s:s, s:o, s:I, s:s, s:b, s:o, s:s, s:o, s:o}", "domain",
                     mts_json_text(domain->name), "is_pattern", domain->shown->is_pattern, "mode",
                     mta_sts_mode_name(domain->mode), "mx", mts_json_texts(facts.policy->mx),
                     "max_age_seconds", (json_int_t)facts.policy->max_age, "policy_id", facts.id,
                     "is_served", facts.is_served, "defined_in", mts_json_text(facts.location),
                     "dns_records", mts_domains_records(view->p, view->domains, &facts),
                     "certificate", certificate_json(view->p, &facts), "findings",
                     findings_json(facts.findings));
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

/* Whether the domain is ready for mode enforce, according to its reports. */
static json_t *readiness_json(const mts_status_view *view)
{
    const tlsrpt_readiness *readiness = view->reports->problem ? NULL : view->reports->readiness;

    return readiness
               ? json_pack("{s:s, s:o}", "result",
                           tlsrpt_ready_name(mts_status_readiness_result(readiness)), "findings",
                           findings_json(mts_status_readiness_findings(view->p, readiness)))
               : json_null();
}

/* The domain that the query names. */
static json_t *one_domain_json(const mts_status_view *view)
{
    json_t *domain;

    if (!view->domain) {
        return json_null();
    }
    domain = domain_json(view, view->domain);
    mts_status_rollout_json(view, domain);
    json_object_set_new(domain, "readiness", readiness_json(view));
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

static json_t *startup_json(const mts_status_view *view)
{
    json_t *counts = json_object();
    int i;

    for (i = MTA_STS_INFO; i <= MTA_STS_UNKNOWN; i++) {
        json_object_set_new(counts, mta_sts_severity_name((mta_sts_severity)i),
                            json_integer(view->startup->counts[i]));
    }
    return json_pack("{s:o, s:o, s:o}", "at", mts_json_time(view->p, view->startup->when), "counts",
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

    json_object_set_new(root, "generated_at", mts_json_time(view->p, view->now));
    json_object_set_new(root, "verdict",
                        json_string(mta_sts_severity_name(mts_status_verdict(view))));
    json_object_set_new(root, "range", json_string(view->query.range->name));
    if (view->query.domain) {
        json_object_set_new(root, "domain", one_domain_json(view));
    }
    else {
        json_object_set_new(root, "startup", startup_json(view));
        json_object_set_new(root, "findings",
                            view->reports->problem ? json_null()
                                                   : findings_json(view->reports->findings));
        json_object_set_new(root, "domains", domains_json(view));
        json_object_set_new(root, "hosted", mts_status_hosted_json(view));
        add_endpoint(root, view);
    }
    json_object_set_new(root, "reports", mts_status_reports_json(view));
    put(view, root);
}

void mts_status_error_json(const mts_status_view *view, const char *sentence)
{
    put(view, json_pack("{s:o}", "error", mts_json_text(sentence)));
}
