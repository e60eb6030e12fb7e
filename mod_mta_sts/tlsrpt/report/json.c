/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/report/json.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/format.h"
#include "core/base/name.h"
#include "core/base/time.h"
#include "tlsrpt/report/member.h"
#include "tlsrpt/report/result_type.h"

#define NAME_MAX_BYTES 253
/* Maximum number of conversions of names to A-labels for one report. */
#define CONVERSIONS_MAX 100
#define DAY (86400 * APR_USEC_PER_SEC)

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static const char *read_information(tlsrpt_reader *r, const tlsrpt_value *object)
{
    const char *text = tlsrpt_member_string(r, object, "additional-information", NULL);

    if (!text) {
        text = tlsrpt_member_string(r, object, "additional-info-uri", NULL);
        if (text) {
            tlsrpt_member_note(r, MTA_STS_INFO, "information-alias", "additional-information",
                               "is named additional-info-uri");
        }
    }
    if (text && strpbrk(text, " \t\r\n")) {
        tlsrpt_member_note(r, MTA_STS_INFO, "information-not-a-uri", "additional-information",
                           "contains blanks, so it is not a URI");
    }
    return text;
}

static const char *read_result_type(tlsrpt_reader *r, const tlsrpt_value *object)
{
    const char *type = tlsrpt_member_string(r, object, "result-type", "result-type-missing");

    if (tlsrpt_result_type_of(type) == TLSRPT_RESULT_OTHER) {
        tlsrpt_member_note_value(r, MTA_STS_INFO, "result-type-unknown", "result-type", type,
                                 "is not registered");
    }
    return or_empty(type);
}

static void read_failure(tlsrpt_reader *r, const tlsrpt_value *object, tlsrpt_failure *failure)
{
    static const char incomplete[] = "failure-incomplete";

    failure->result_type = read_result_type(r, object);
    failure->sessions = tlsrpt_member_count(r, object, "failed-session-count");
    failure->sending_ip = tlsrpt_member_string(r, object, "sending-mta-ip", incomplete);
    failure->receiving_mx = tlsrpt_member_string(r, object, "receiving-mx-hostname", incomplete);
    failure->receiving_helo = tlsrpt_member_string(r, object, "receiving-mx-helo", NULL);
    failure->receiving_ip = tlsrpt_member_string(r, object, "receiving-ip", incomplete);
    failure->reason = tlsrpt_member_string(r, object, "failure-reason-code", NULL);
    failure->information = read_information(r, object);
}

static void check_sum(tlsrpt_reader *r, const tlsrpt_policy *policy)
{
    apr_int64_t sum = 0;
    int i;

    for (i = 0; i < policy->failures->nelts; i++) {
        sum = tlsrpt_count_add(sum, APR_ARRAY_IDX(policy->failures, i, tlsrpt_failure).sessions);
    }
    if (sum != policy->failed && !tlsrpt_member_is_noted(r, "failures-sum")) {
        tlsrpt_member_note(r, MTA_STS_INFO, "failures-sum", "failure-details",
                           apr_psprintf(r->ptemp,
                                        "contain %" APR_INT64_T_FMT
                                        " sessions, the summary %" APR_INT64_T_FMT,
                                        sum, policy->failed));
    }
}

static void read_failures(tlsrpt_reader *r, const tlsrpt_value *object, tlsrpt_policy *policy)
{
    const tlsrpt_value *details =
        tlsrpt_member_container(r, object, "failure-details", TLSRPT_ARRAY);
    const tlsrpt_value *detail = tlsrpt_value_first(details);
    int i, count = (int)tlsrpt_value_count(details), left = r->limits->failures - r->failures;

    policy->failures = apr_array_make(r->p, count < left ? count : left, sizeof(tlsrpt_failure));
    if (!details) {
        tlsrpt_member_note(r, MTA_STS_INFO, "failure-details-missing", "failure-details",
                           "is missing");
    }
    for (i = 0; detail && !r->error; i++, detail = detail->next) {
        if (++r->failures > r->limits->failures) {
            r->error =
                apr_psprintf(r->p, "it has more than %d failure details", r->limits->failures);
            return;
        }
        if (detail->type != TLSRPT_OBJECT) {
            tlsrpt_member_note_type(r, "failure-details",
                                    "contains elements other than objects, which were ignored");
            continue;
        }
        r->failure = i;
        read_failure(r, detail, apr_array_push(policy->failures));
        r->failure = -1;
    }
    check_sum(r, policy);
}

static const char *read_policy_type(tlsrpt_reader *r, const tlsrpt_value *object)
{
    const char *type = tlsrpt_member_string(r, object, "policy-type", "policy-type-missing");

    if (type && strcmp(type, "sts") != 0 && strcmp(type, "tlsa") != 0 &&
        strcmp(type, "no-policy-found") != 0) {
        tlsrpt_member_note_value(r, MTA_STS_INFO, "policy-type-unknown", "policy-type", type,
                                 "is not known");
    }
    return or_empty(type);
}

/* Whether a name may be converted to A-labels: libidn2 takes up to a millisecond per name, and a
 * report can contain thousands of names. ASCII names need no conversion. */
static int may_convert(tlsrpt_reader *r, const char *name)
{
    const char *c = name;

    while (*c && !(*c & 0x80)) {
        c++;
    }
    return strlen(name) <= NAME_MAX_BYTES && (!*c || r->conversions++ < CONVERSIONS_MAX);
}

/* Reads the policy domain, and converts it to its canonical form if it has one. */
static const char *read_domain(tlsrpt_reader *r, const tlsrpt_value *object)
{
    const char *sent = tlsrpt_member_string(r, object, "policy-domain", "policy-domain-missing");
    const char *name, *domain;
    apr_size_t len;

    if (!sent) {
        return NULL;
    }
    len = strlen(sent);
    name = len > 1 && sent[len - 1] == '.' ? apr_pstrmemdup(r->ptemp, sent, len - 1) : sent;
    if (!may_convert(r, name) ||
        mta_sts_name_parse_host(r->ptemp, name, MTA_STS_NAME_ULABEL, &domain)) {
        tlsrpt_member_note_value(r, MTA_STS_WARNING, "policy-domain-malformed", "policy-domain",
                                 sent, "is not a host name");
        return apr_pstrdup(r->p, mta_sts_format_lower(r->ptemp, name));
    }
    if (domain != sent) {
        tlsrpt_member_note_value(r, MTA_STS_INFO, "policy-domain-form", "policy-domain", sent,
                                 "is not in lower-case ASCII without a final dot");
    }
    return domain == sent ? sent : apr_pstrdup(r->p, domain);
}

/* Reads mx-host: a string in appendix B of RFC 8460, and called mx-host-pattern in drafts. Used for
 * MTA-STS only. */
static apr_array_header_t *read_mx(tlsrpt_reader *r, const tlsrpt_value *object, const char *type)
{
    const tlsrpt_value *value = tlsrpt_member_of(object, "mx-host");

    if (!value) {
        value = tlsrpt_member_of(object, "mx-host-pattern");
        if (value) {
            tlsrpt_member_note(r, MTA_STS_INFO, "mx-host-alias", "mx-host",
                               "is named mx-host-pattern");
        }
    }
    if (!value && strcmp(type, "sts") == 0) {
        tlsrpt_member_note(r, MTA_STS_INFO, "mx-host-missing", "mx-host", "is missing");
    }
    return tlsrpt_member_strings(r, value, "mx-host", "mx-host-not-array");
}

static apr_array_header_t *read_policy_string(tlsrpt_reader *r, const tlsrpt_value *object,
                                              const char *type)
{
    const tlsrpt_value *value = tlsrpt_member_of(object, "policy-string");
    apr_array_header_t *lines =
        tlsrpt_member_strings(r, value, "policy-string", "policy-string-not-array");

    if (!lines->nelts && strcmp(type, "no-policy-found") != 0) {
        tlsrpt_member_note(r, MTA_STS_INFO, "policy-string-missing", "policy-string",
                           value ? "is empty" : "is missing");
    }
    if (lines->nelts && APR_ARRAY_IDX(lines, 0, const char *)[0] == '[') {
        tlsrpt_member_note(r, MTA_STS_INFO, "policy-string-nested", "policy-string",
                           "contains JSON inside a string");
    }
    return lines;
}

static void read_policy(tlsrpt_reader *r, const tlsrpt_value *object, tlsrpt_policy *policy)
{
    const tlsrpt_value *applied = tlsrpt_member_container(r, object, "policy", TLSRPT_OBJECT);
    const tlsrpt_value *summary = tlsrpt_member_container(r, object, "summary", TLSRPT_OBJECT);

    policy->type = read_policy_type(r, applied);
    policy->domain = read_domain(r, applied);
    policy->mx = read_mx(r, applied, policy->type);
    policy->policy = read_policy_string(r, applied, policy->type);
    policy->successful = tlsrpt_member_count(r, summary, "total-successful-session-count");
    policy->failed = tlsrpt_member_count(r, summary, "total-failure-session-count");
    read_failures(r, object, policy);
}

static void read_policies(tlsrpt_reader *r, const tlsrpt_value *policies, apr_array_header_t *list)
{
    const tlsrpt_value *policy = tlsrpt_value_first(policies);
    unsigned int count = tlsrpt_value_count(policies);
    int i;

    if (!count) {
        tlsrpt_member_note(r, MTA_STS_INFO, "policies-empty", "policies", "is an empty array");
    }
    if (count > (unsigned int)r->limits->policies) {
        r->error = apr_psprintf(r->p, "it has more than %d policies", r->limits->policies);
    }
    for (i = 0; policy && !r->error; i++, policy = policy->next) {
        if (policy->type != TLSRPT_OBJECT) {
            tlsrpt_member_note_type(r, "policies",
                                    "contains elements other than objects, which were ignored");
            continue;
        }
        r->policy = i;
        read_policy(r, policy, apr_array_push(list));
        r->policy = -1;
        apr_pool_clear(r->ptemp);
    }
}

static apr_time_t read_time(tlsrpt_reader *r, const tlsrpt_value *range, const char *name)
{
    const char *text = tlsrpt_member_string(r, range, name, "date-missing");
    apr_time_t time = 0;

    if (!text) {
        return 0;
    }
    switch (mta_sts_time_parse(text, &time)) {
    case MTA_STS_TIME_VALID:
        break;
    case MTA_STS_TIME_NO_ZONE:
        tlsrpt_member_note(r, MTA_STS_INFO, "date-zone-missing", name,
                           "has no time zone: UTC is assumed");
        break;
    case MTA_STS_TIME_LENIENT:
        tlsrpt_member_note_value(r, MTA_STS_INFO, "date-form", name, text,
                                 "does not have the format of RFC 3339");
        break;
    case MTA_STS_TIME_INVALID:
        tlsrpt_member_note_value(r, MTA_STS_WARNING, "date-malformed", name, text,
                                 "is not a time and was ignored");
    }
    return time;
}

static void read_range(tlsrpt_reader *r, const tlsrpt_value *root, tlsrpt_report *report)
{
    const tlsrpt_value *range = tlsrpt_member_container(r, root, "date-range", TLSRPT_OBJECT);

    report->begin = read_time(r, range, "start-datetime");
    report->end = read_time(r, range, "end-datetime");
    if (!report->begin || !report->end) {
        return;
    }
    if (report->end < report->begin) {
        tlsrpt_member_note(r, MTA_STS_WARNING, "date-range-reversed", "date-range",
                           "ends before it begins");
    }
    else if (report->end > apr_time_now() + DAY) {
        tlsrpt_member_note(r, MTA_STS_WARNING, "date-range-in-future", "date-range",
                           "is in the future: its sessions are counted on the day of receipt");
    }
    else if (report->begin % DAY || report->end - report->begin < DAY - APR_USEC_PER_SEC ||
             report->end - report->begin >= DAY) {
        tlsrpt_member_note(r, MTA_STS_INFO, "date-range-not-a-day", "date-range",
                           "is not one day in UTC, from 00:00:00 to 23:59:59");
    }
}

const char *tlsrpt_report_from_json(apr_pool_t *p, const tlsrpt_value *root,
                                    const tlsrpt_value *policies, const tlsrpt_limits *limits,
                                    mta_sts_findings *findings, tlsrpt_report **report)
{
    tlsrpt_reader r = {.p = p, .limits = limits, .findings = findings, .policy = -1, .failure = -1};
    tlsrpt_report *read = apr_pcalloc(p, sizeof(*read));

    apr_pool_create(&r.ptemp, p);
    read->organization =
        or_empty(tlsrpt_member_string(&r, root, "organization-name", "organization-missing"));
    read->contact = tlsrpt_member_string(&r, root, "contact-info", "contact-missing");
    read->id = or_empty(tlsrpt_member_string(&r, root, "report-id", "report-id-missing"));
    read_range(&r, root, read);
    read->policies = apr_array_make(p, 1, sizeof(tlsrpt_policy));
    read_policies(&r, policies, read->policies);
    apr_pool_destroy(r.ptemp);
    *report = read;
    return r.error;
}
