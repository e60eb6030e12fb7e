/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/command.h"
#include "cli/dns/call.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/common/output.h"
#include "cli/common/wrap.h"
#include "core/base/format.h"
#include "core/dns/delegation.h"
#include "core/dns/steps.h"
#include "core/base/text.h"
#include "core/dns/zone_text.h"
#include "tlsrpt/advice/copies.h"

static const char *show_source(apr_pool_t *p, const cli_dns_call *call,
                               const cli_dns_domain *domain)
{
    const cli_apache_policy *configured = cli_apache_find(call->configured, domain->domain);

    switch (call->source) {
    case CLI_DNS_FILE:
        return strcmp(call->file, "-") == 0 ? "standard input"
                                            : mta_sts_text_quote(p, call->file, strlen(call->file));
    case CLI_DNS_APACHE:
        return configured && configured->is_hosted ? "the hosted domains of this machine's httpd"
                                                   : "the configuration of this machine's httpd";
    default:
        return "what is served now";
    }
}

static void print_findings(const cli_dns_domain *domain)
{
    int i;

    for (i = 0; i < domain->findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(domain->findings, i);

        fprintf(stderr, "mta-sts dns: %s: %s: %s [%s]\n", mta_sts_severity_name(finding->severity),
                finding->subject, finding->message, finding->id);
        if (finding->fix) {
            fprintf(stderr, "    %s\n", finding->fix);
        }
    }
}

static void print_steps(apr_pool_t *p, const mta_sts_publication *publication)
{
    const apr_array_header_t *steps = mta_sts_steps_make(p, publication);
    int i;

    puts("; Steps, in this order:");
    for (i = 0; i < steps->nelts; i++) {
        printf("; %d. %s\n", i + 1, APR_ARRAY_IDX(steps, i, const char *));
    }
}

/* Prints why the date is not certain. */
static void print_doubts(apr_pool_t *p, const mta_sts_rollout_date *copies)
{
    if (copies->is_served && copies->hosts->nelts) {
        printf(";   (%s still %s one, so this date keeps moving forward)\n",
               mta_sts_format_names(p, copies->hosts, CLI_NAMES_MAX),
               copies->hosts->nelts == 1 ? "serves" : "serve");
    }
    if (copies->has_unrecorded && copies->since) {
        printf(";   (policies served before %s are not recorded)\n",
               mta_sts_format_date(p, copies->since));
    }
}

/* Prints the earlier policies, with dates but without the time of day, which is only an
 * estimate. */
static void print_earlier(apr_pool_t *p, const cli_dns_domain *domain)
{
    const mta_sts_rollout_date *copies = domain->facts.copies;
    const char *worst, *by_log;

    if (!copies || !copies->recorded) {
        return;
    }
    worst = mta_sts_format_date(p, copies->recorded);
    by_log = copies->by_log ? mta_sts_format_date(p, copies->by_log) : "";
    printf(";   senders may hold an earlier policy until %s\n", worst);
    if (copies->has_log && strcmp(by_log, worst) != 0) {
        printf(";   (%s%s, according to the fetch log: %s)\n",
               *by_log ? "until " : "none does any more", by_log,
               cli_command(p, "rollout", "", domain->domain));
    }
    print_doubts(p, copies);
}

static void show_text(apr_pool_t *p, const cli_dns_call *call, const apr_array_header_t *domains,
                      const char *(*render)(apr_pool_t *, const mta_sts_publication *))
{
    const cli_style style = cli_output_style();
    int i;

    for (i = 0; i < domains->nelts; i++) {
        const cli_dns_domain *domain = &APR_ARRAY_IDX(domains, i, cli_dns_domain);
        const mta_sts_publication *publication;

        if (domain->policy) {
            publication = mta_sts_publication_make(p, &domain->facts, domain->findings);
            printf("%s; %s: policy id %s, from %s\n"
                   ";   mode %s, max_age %" APR_INT64_T_FMT ", mx %s\n",
                   i ? "\n" : "", cli_domain_text(p, &style, domain->domain), domain->id,
                   show_source(p, call, domain), mta_sts_mode_name(domain->policy->mode),
                   domain->policy->max_age, apr_array_pstrcat(p, domain->policy->mx, ' '));
            print_earlier(p, domain);
            fputs(render(p, publication), stdout);
            print_steps(p, publication);
        }
        print_findings(domain);
    }
}

void cli_dns_show_zone(apr_pool_t *p, const cli_dns_call *call, const apr_array_header_t *domains)
{
    show_text(p, call, domains, mta_sts_zone_render);
}

void cli_dns_show_nsupdate(apr_pool_t *p, const cli_dns_call *call,
                           const apr_array_header_t *domains)
{
    show_text(p, call, domains, mta_sts_nsupdate_render);
}

/* A string, or null if there is none or it is not valid text. */
static json_t *string_to_json(const char *text)
{
    json_t *string = text ? json_string(text) : NULL;

    return string ? string : json_null();
}

/* A record in the zone of another party, with the request to that party. */
static json_t *delegated_to_json(apr_pool_t *p, const mta_sts_publication_record *record)
{
    return json_pack("{s:s, s:s, s:s, s:o, s:s, s:o, s:o}", "name", record->delegated, "target",
                     record->name, "type", mta_sts_record_type_rdata_name(record->type), "value",
                     string_to_json(record->is_example ? NULL : record->value), "state",
                     mta_sts_record_state_name(record->state), "now", string_to_json(record->now),
                     "request", string_to_json(mta_sts_delegation_request(p, record)));
}

static json_t *record_to_json(apr_pool_t *p, const mta_sts_publication_record *record)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:o}", "name", record->name, "type",
                     mta_sts_record_type_rdata_name(record->type), "ttl",
                     record->ttl < 0 ? json_null() : json_integer(record->ttl), "value",
                     string_to_json(record->value), "data", mta_sts_zone_value(p, record), "state",
                     mta_sts_record_state_name(record->state), "now", string_to_json(record->now));
}

static int is_record(const mta_sts_publication_record *record)
{
    return !record->delegated && !record->is_example;
}

/* Whether the admin has to complete a record. */
static int is_example(const mta_sts_publication_record *record)
{
    return !record->delegated && record->is_example;
}

static int is_delegated(const mta_sts_publication_record *record)
{
    return record->delegated != NULL;
}

/* The records for which a predicate holds, as JSON. */
static json_t *records_to_json(apr_pool_t *p, const mta_sts_publication *publication,
                               int (*is_wanted)(const mta_sts_publication_record *),
                               json_t *(*to_json)(apr_pool_t *, const mta_sts_publication_record *))
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < publication->records->nelts; i++) {
        const mta_sts_publication_record *record = mta_sts_publication_at(publication, i);

        if (is_wanted(record)) {
            json_array_append_new(array, to_json(p, record));
        }
    }
    return array;
}

static void add_publication(apr_pool_t *p, const cli_dns_domain *domain, json_t *object)
{
    const mta_sts_publication *publication =
        mta_sts_publication_make(p, &domain->facts, domain->findings);
    const mta_sts_rollout_date *copies = domain->facts.copies;

    json_object_set_new(object, "policy", cli_policy_to_json(domain->policy));
    json_object_set_new(object, "id", json_string(domain->id));
    json_object_set_new(object, "earlier_policy_until",
                        string_to_json(copies && copies->recorded
                                           ? mta_sts_format_timestamp(p, copies->recorded)
                                           : NULL));
    json_object_set_new(object, "earlier_copies", tlsrpt_copies_to_json(p, copies, 1));
    json_object_set_new(object, "hold", string_to_json(publication->hold));
    json_object_set_new(object, "records",
                        records_to_json(p, publication, is_record, record_to_json));
    json_object_set_new(object, "examples",
                        records_to_json(p, publication, is_example, record_to_json));
    json_object_set_new(object, "delegated",
                        records_to_json(p, publication, is_delegated, delegated_to_json));
    json_object_set_new(object, "mx_not_covered", cli_strings_to_json(publication->uncovered));
    json_object_set_new(object, "mx_unused", cli_strings_to_json(publication->unused));
    json_object_set_new(object, "steps", cli_strings_to_json(mta_sts_steps_make(p, publication)));
}

static json_t *domain_to_json(apr_pool_t *p, const cli_dns_call *call, const cli_dns_domain *domain)
{
    static const char *const sources[] = {"served", "file", "apache"};
    static const char *const served[] = {"unknown", "nothing", "other", "same"};
    json_t *object = json_pack(
        "{s:s, s:s?, s:s, s:s, s:n, s:n, s:n, s:n, s:n, s:[], s:[], s:[], s:[], s:[], s:[]}",
        "domain", domain->domain, "unicode", cli_domain_unicode(p, domain->domain), "source",
        sources[call->source], "served", served[domain->facts.served], "policy", "id",
        "earlier_policy_until", "earlier_copies", "hold", "records", "examples", "delegated",
        "mx_not_covered", "mx_unused", "steps");

    if (domain->policy) {
        add_publication(p, domain, object);
    }
    json_object_set_new(object, "findings", cli_findings_to_json(domain->findings));
    return object;
}

void cli_dns_show_json(apr_pool_t *p, const cli_dns_call *call, const apr_array_header_t *domains)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < domains->nelts; i++) {
        json_array_append_new(array,
                              domain_to_json(p, call, &APR_ARRAY_IDX(domains, i, cli_dns_domain)));
    }
    cli_print_json(json_pack("{s:o}", "domains", array));
}
