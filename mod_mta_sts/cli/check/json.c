/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <apr_strings.h>
#include <jansson.h>

#include "cli/check/show.h"
#include "core/dns/rdata.h"

/* The names documented in mta-sts-check(1). */
static const char *status_name(mta_sts_severity severity)
{
    static const char *const names[] = {
        [MTA_STS_OK] = "ok",          [MTA_STS_INFO] = "ok",         [MTA_STS_WARNING] = "warning",
        [MTA_STS_ERROR] = "critical", [MTA_STS_UNKNOWN] = "unknown",
    };

    return names[severity];
}

/* JSON must be UTF-8. Untrusted text that is not UTF-8 is interpreted as Latin-1. */
static json_t *text_to_json(apr_pool_t *p, const char *text)
{
    json_t *json = json_string(text);
    char *out, *made;

    if (json) {
        return json;
    }
    made = out = apr_palloc(p, strlen(text) * 2 + 1);
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte >= 0x80) {
            *out++ = (char)(0xc0 | byte >> 6);
            byte = (unsigned char)(0x80 | (byte & 0x3f));
        }
        *out++ = (char)byte;
    }
    *out = '\0';
    return json_string(made);
}

static json_t *texts_to_json(apr_pool_t *p, const apr_array_header_t *texts)
{
    json_t *array = json_array();
    int i;

    for (i = 0; texts && i < texts->nelts; i++) {
        json_array_append_new(array, text_to_json(p, APR_ARRAY_IDX(texts, i, const char *)));
    }
    return array;
}

static void add_answer(apr_pool_t *p, json_t *array, const char *name, const char *type,
                       const mta_sts_answer *answer)
{
    if (answer->status != MTA_STS_ANSWER_NOT_QUERIED) {
        json_array_append_new(
            array,
            json_pack("{s:s, s:s, s:s, s:s, s:o, s:s?, s:o}", "name", name, "type", type, "status",
                      mta_sts_answer_status_name(answer->status), "dnssec",
                      mta_sts_dnssec_name(answer->dnssec), "ttl",
                      answer->status == MTA_STS_ANSWER_OK ? json_integer(answer->ttl) : json_null(),
                      "alias", answer->alias, "values", texts_to_json(p, answer->values)));
    }
}

static json_t *answers_to_json(apr_pool_t *p, const mta_sts_check_facts *facts)
{
    json_t *array = json_array();
    int i;

    add_answer(p, array, facts->record_name, "TXT", &facts->record);
    add_answer(p, array, facts->tlsrpt_name, "TXT", &facts->tlsrpt);
    add_answer(p, array, facts->domain, "MX", &facts->mx);
    add_answer(p, array, facts->host, "A", &facts->host_a);
    add_answer(p, array, facts->host, "AAAA", &facts->host_aaaa);
    for (i = 0; i < facts->mxs->nelts; i++) {
        const mta_sts_check_mx *mx = APR_ARRAY_IDX(facts->mxs, i, mta_sts_check_mx *);

        add_answer(p, array, mx->host, "A", &mx->a);
        add_answer(p, array, mx->host, "AAAA", &mx->aaaa);
        add_answer(p, array, mx->host, "TLSA", &mx->tlsa);
    }
    return array;
}

static json_t *certificates_to_json(apr_pool_t *p, const mta_sts_check_facts *facts, apr_time_t now)
{
    const apr_array_header_t *list = cli_check_certificates(p, facts);
    json_t *array = json_array();
    int i;

    for (i = 0; i < list->nelts; i++) {
        const cli_check_certificate *seen = &APR_ARRAY_IDX(list, i, cli_check_certificate);

        json_array_append_new(
            array,
            json_pack("{s:s, s:s, s:i, s:I, s:o}", "host", seen->host, "address", seen->address,
                      "days", mta_sts_certificate_days(seen->certificate, now), "not_after",
                      (json_int_t)apr_time_sec(seen->certificate->not_after), "names",
                      texts_to_json(p, seen->certificate->names)));
    }
    return array;
}

static json_t *sections_to_json(const mta_sts_check_result *result)
{
    json_t *array = json_array();
    int i;

    for (i = 0; i < result->sections->nelts; i++) {
        const mta_sts_check_section *section =
            &APR_ARRAY_IDX(result->sections, i, mta_sts_check_section);

        json_array_append_new(array, json_pack("{s:s, s:s, s:o}", "part",
                                               mta_sts_check_part_name(section->part), "subject",
                                               section->subject, "findings",
                                               cli_findings_to_json(section->findings)));
    }
    return array;
}

static json_t *domain_to_json(apr_pool_t *p, const cli_check_domain *domain, apr_time_t now)
{
    const mta_sts_check_result *result = domain->result;
    const mta_sts_verdict *verdict = &result->verdict;

    return json_pack("{s:s, s:s?, s:s, s:{s:s, s:s, s:s, s:s, s:s?}, s:o, s:o, s:o}", "domain",
                     domain->domain, "unicode", cli_domain_unicode(p, domain->domain), "status",
                     status_name(result->severity), "verdict", "outcome",
                     mta_sts_outcome_name(verdict->outcome), "summary", verdict->summary, "enforce",
                     mta_sts_safety_name(verdict->enforce), "advice", verdict->advice, "dane",
                     verdict->dane, "sections", sections_to_json(result), "dns",
                     answers_to_json(p, domain->facts), "certificates",
                     certificates_to_json(p, domain->facts, now));
}

void cli_check_print_json(apr_pool_t *p, const apr_array_header_t *domains)
{
    json_t *array = json_array();
    apr_time_t now = apr_time_now();
    int i;

    for (i = 0; i < domains->nelts; i++) {
        json_array_append_new(array,
                              domain_to_json(p, &APR_ARRAY_IDX(domains, i, cli_check_domain), now));
    }
    cli_print_json(json_pack("{s:s, s:o}", "status", status_name(cli_check_severity(domains)),
                             "domains", array));
}
