/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/report_json.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "core/name.h"
#include "core/text.h"
#include "tlsrpt/time.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SUBJECT "report"
#define EXACT_MAX 9007199254740992.0 /* up to it, every whole number is a double of its own */
#define DAY (86400 * APR_USEC_PER_SEC)

/* Where in a report it is. */
typedef struct reader {
    apr_pool_t *p;
    apr_pool_t *ptemp; /* cleared behind each policy */
    const tlsrpt_limits *limits;
    mta_sts_findings *findings;
    int policy;        /* index, or -1 */
    int failure;       /* index, or -1 */
    int failures;      /* of all policies so far */
    const char *error; /* why it cannot be read, or NULL */
} reader;

/* "policies[2].failure-details[0].", in front of a member's name. */
static const char *place(const reader *r)
{
    return r->policy < 0 ? ""
           : r->failure < 0
               ? apr_psprintf(r->p, "policies[%d].", r->policy)
               : apr_psprintf(r->p, "policies[%d].failure-details[%d].", r->policy, r->failure);
}

static int is_noted(const reader *r, const char *id)
{
    int i;

    for (i = 0; i < r->findings->list->nelts; i++) {
        if (strcmp(mta_sts_findings_at(r->findings, i)->id, id) == 0) {
            return 1;
        }
    }
    return 0;
}

/*
 * Notes one deviation of each kind, however often it occurs: nothing is allocated for the others.
 *
 * @param value what the member holds, or NULL if it is of no interest
 * @param what  of the member, in words
 */
static void note_value(reader *r, mta_sts_severity severity, const char *id, const char *name,
                       const char *value, const char *what)
{
    if (!is_noted(r, id)) {
        mta_sts_finding_add(r->findings, severity, id, SUBJECT, NULL, "%s%s %s%s%s", place(r), name,
                            value ? mta_sts_text_quote(r->ptemp, value, strlen(value)) : "",
                            value ? " " : "", what);
    }
}

static void note(reader *r, mta_sts_severity severity, const char *id, const char *name,
                 const char *what)
{
    note_value(r, severity, id, name, NULL, what);
}

/* A member's value; null is the same as none. */
static const json_t *member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_null(value) ? NULL : value;
}

static void note_type(reader *r, const char *name, const char *what)
{
    note(r, MTA_STS_WARNING, "member-type", name, what);
}

/* An object or array, or NULL. */
static const json_t *read_container(reader *r, const json_t *object, const char *name,
                                    json_type type)
{
    const json_t *value = member(object, name);

    if (value && json_typeof(value) != type) {
        note_type(r, name,
                  type == JSON_OBJECT ? "is not an object and was ignored"
                                      : "is not an array and was ignored");
        return NULL;
    }
    return value;
}

/* A string, or NULL if it is missing or empty, which is noted under that id unless it is NULL. */
static const char *read_string(reader *r, const json_t *object, const char *name,
                               const char *missing)
{
    const json_t *value = member(object, name);

    if (value && !json_is_string(value)) {
        note_type(r, name, "is not a string and was ignored");
        return NULL;
    }
    if (value && json_string_length(value)) {
        return json_string_value(value);
    }
    if (missing) {
        note(r, MTA_STS_INFO, missing, name, value ? "is empty" : "is missing");
    }
    return NULL;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* An array of strings; a lone string is taken for an array of it. */
static apr_array_header_t *read_strings(reader *r, const json_t *value, const char *name,
                                        const char *lone)
{
    apr_array_header_t *strings;
    size_t i, count = json_array_size(value);

    strings = apr_array_make(r->p, count ? (int)count : 1, sizeof(const char *));
    if (json_is_string(value)) {
        note(r, MTA_STS_INFO, lone, name, "is a string, not an array of them");
        APR_ARRAY_PUSH(strings, const char *) = json_string_value(value);
    }
    else if (value && !json_is_array(value)) {
        note_type(r, name, "is not an array and was ignored");
    }
    for (i = 0; i < count; i++) {
        const json_t *string = json_array_get(value, i);

        if (json_is_string(string)) {
            APR_ARRAY_PUSH(strings, const char *) = json_string_value(string);
        }
        else {
            note_type(r, name, "has something else than strings in it, which was ignored");
        }
    }
    return strings;
}

static apr_int64_t refuse_count(reader *r, const char *name, const char *value)
{
    if (!r->error) {
        r->error = apr_psprintf(r->p, "%s%s is %s: it must be a number from 0 to %" APR_INT64_T_FMT,
                                place(r), name, value, APR_INT64_MAX);
    }
    return 0;
}

/* Digits in a string. */
static apr_int64_t read_digits(reader *r, const char *name, const char *text)
{
    apr_int64_t count = 0;
    const char *c;

    for (c = text; *c >= '0' && *c <= '9' && count <= (APR_INT64_MAX - (*c - '0')) / 10; c++) {
        count = 10 * count + (*c - '0');
    }
    if (*c || c == text) {
        return refuse_count(r, name, mta_sts_text_quote(r->p, text, strlen(text)));
    }
    note(r, MTA_STS_INFO, "count-form", name, "is a number in a string");
    return count;
}

static apr_int64_t read_real(reader *r, const char *name, double real)
{
    char shown[32];

    if (!(real >= 0 && real <= EXACT_MAX) || real != (double)(apr_int64_t)real) {
        snprintf(shown, sizeof(shown), "%g", real); /* APR's writes 1.e+18 */
        return refuse_count(r, name, shown);
    }
    note(r, MTA_STS_INFO, "count-form", name, "is a number with a fraction or an exponent");
    return (apr_int64_t)real;
}

static apr_int64_t read_integer(reader *r, const char *name, apr_int64_t integer)
{
    return integer >= 0 ? integer
                        : refuse_count(r, name, apr_psprintf(r->p, "%" APR_INT64_T_FMT, integer));
}

/* A number of sessions; 0 if it is missing. */
static apr_int64_t read_count(reader *r, const json_t *object, const char *name)
{
    const json_t *value = member(object, name);

    if (!value) {
        note(r, MTA_STS_WARNING, "count-missing", name, "is missing: taken for 0");
        return 0;
    }
    switch (json_typeof(value)) {
    case JSON_INTEGER:
        return read_integer(r, name, json_integer_value(value));
    case JSON_REAL:
        return read_real(r, name, json_real_value(value));
    case JSON_STRING:
        return read_digits(r, name, json_string_value(value));
    default:
        return refuse_count(r, name, "no number");
    }
}

static const char *read_information(reader *r, const json_t *object)
{
    const char *text = read_string(r, object, "additional-information", NULL);

    if (!text) {
        text = read_string(r, object, "additional-info-uri", NULL);
        if (text) {
            note(r, MTA_STS_INFO, "information-name", "additional-information",
                 "is called additional-info-uri");
        }
    }
    if (text && strpbrk(text, " \t\r\n")) {
        note(r, MTA_STS_INFO, "information-no-uri", "additional-information",
             "has blanks in it, so that it is no URI");
    }
    return text;
}

static const char *read_result_type(reader *r, const json_t *object)
{
    /* RFC 8460 section 4.3, IANA's STARTTLS Validation Result Types. */
    static const char *const known[] = {
        "starttls-not-supported", "certificate-host-mismatch",
        "certificate-expired",    "certificate-not-trusted",
        "validation-failure",     "tlsa-invalid",
        "dnssec-invalid",         "dane-required",
        "sts-policy-fetch-error", "sts-policy-invalid",
        "sts-webpki-invalid",
    };
    const char *type = read_string(r, object, "result-type", "result-type-missing");
    size_t i;

    for (i = 0; type && i < COUNT(known); i++) {
        if (strcmp(type, known[i]) == 0) {
            return type;
        }
    }
    if (type) {
        note_value(r, MTA_STS_INFO, "result-type-unknown", "result-type", type,
                   "is not registered");
    }
    return or_empty(type);
}

static void read_failure(reader *r, const json_t *object, tlsrpt_failure *failure)
{
    static const char incomplete[] = "failure-incomplete";

    failure->result_type = read_result_type(r, object);
    failure->sessions = read_count(r, object, "failed-session-count");
    failure->sending_ip = read_string(r, object, "sending-mta-ip", incomplete);
    failure->receiving_mx = read_string(r, object, "receiving-mx-hostname", incomplete);
    failure->receiving_helo = read_string(r, object, "receiving-mx-helo", NULL);
    failure->receiving_ip = read_string(r, object, "receiving-ip", incomplete);
    failure->reason = read_string(r, object, "failure-reason-code", NULL);
    failure->information = read_information(r, object);
}

static void check_sum(reader *r, const tlsrpt_policy *policy)
{
    apr_int64_t sum = 0;
    int i;

    for (i = 0; i < policy->failures->nelts; i++) {
        sum = tlsrpt_count_add(sum, APR_ARRAY_IDX(policy->failures, i, tlsrpt_failure).sessions);
    }
    if (sum != policy->failed && !is_noted(r, "failures-sum")) {
        note(r, MTA_STS_INFO, "failures-sum", "failure-details",
             apr_psprintf(r->ptemp,
                          "tell of %" APR_INT64_T_FMT " sessions, the summary of %" APR_INT64_T_FMT,
                          sum, policy->failed));
    }
}

static void read_failures(reader *r, const json_t *object, tlsrpt_policy *policy)
{
    const json_t *details = read_container(r, object, "failure-details", JSON_ARRAY);
    size_t i, count = json_array_size(details);

    policy->failures = apr_array_make(r->p, (int)count, sizeof(tlsrpt_failure));
    if (!details) {
        note(r, MTA_STS_INFO, "failure-details-missing", "failure-details", "is missing");
    }
    for (i = 0; i < count && !r->error; i++) {
        const json_t *detail = json_array_get(details, i);

        if (++r->failures > r->limits->failures) {
            r->error =
                apr_psprintf(r->p, "it has more than %d failure details", r->limits->failures);
            return;
        }
        if (!json_is_object(detail)) {
            note_type(r, "failure-details",
                      "has something else than objects in it, which was ignored");
            continue;
        }
        r->failure = (int)i;
        read_failure(r, detail, apr_array_push(policy->failures));
        r->failure = -1;
    }
    check_sum(r, policy);
}

static const char *read_policy_type(reader *r, const json_t *object)
{
    const char *type = read_string(r, object, "policy-type", "policy-type-missing");

    if (type && strcmp(type, "sts") != 0 && strcmp(type, "tlsa") != 0 &&
        strcmp(type, "no-policy-found") != 0) {
        note_value(r, MTA_STS_INFO, "policy-type-unknown", "policy-type", type, "is not known");
    }
    return or_empty(type);
}

static char *to_lower(apr_pool_t *p, const char *text)
{
    char *lower = apr_pstrdup(p, text), *c;

    for (c = lower; *c; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
    return lower;
}

/* In its canonical form, if it has one. */
static const char *read_domain(reader *r, const json_t *object)
{
    const char *sent = read_string(r, object, "policy-domain", "policy-domain-missing");
    const char *name, *domain;
    apr_size_t len;

    if (!sent) {
        return NULL;
    }
    len = strlen(sent);
    name = len > 1 && sent[len - 1] == '.' ? apr_pstrmemdup(r->ptemp, sent, len - 1) : sent;
    if (mta_sts_name_parse_host(r->ptemp, name, MTA_STS_NAME_ULABEL, &domain)) {
        note_value(r, MTA_STS_WARNING, "policy-domain-malformed", "policy-domain", sent,
                   "is not a host name");
        return to_lower(r->p, name);
    }
    if (domain != sent) {
        note_value(r, MTA_STS_INFO, "policy-domain-form", "policy-domain", sent,
                   "is not in lower-case ASCII without a final dot");
    }
    return domain == sent ? sent : apr_pstrdup(r->p, domain);
}

/* RFC 8460's appendix B has a string; drafts call it mx-host-pattern. Only STS has one. */
static apr_array_header_t *read_mx(reader *r, const json_t *object, const char *type)
{
    const json_t *value = member(object, "mx-host");

    if (!value) {
        value = member(object, "mx-host-pattern");
        if (value) {
            note(r, MTA_STS_INFO, "mx-host-name", "mx-host", "is called mx-host-pattern");
        }
    }
    if (!value && strcmp(type, "sts") == 0) {
        note(r, MTA_STS_INFO, "mx-host-missing", "mx-host", "is missing");
    }
    return read_strings(r, value, "mx-host", "mx-host-string");
}

static apr_array_header_t *read_policy_string(reader *r, const json_t *object, const char *type)
{
    const json_t *value = member(object, "policy-string");
    apr_array_header_t *lines = read_strings(r, value, "policy-string", "policy-string-string");

    if (!lines->nelts && strcmp(type, "no-policy-found") != 0) {
        note(r, MTA_STS_INFO, "policy-string-missing", "policy-string",
             value ? "is empty" : "is missing");
    }
    if (lines->nelts && APR_ARRAY_IDX(lines, 0, const char *)[0] == '[') {
        note(r, MTA_STS_INFO, "policy-string-nested", "policy-string",
             "holds JSON written into a string");
    }
    return lines;
}

static void read_policy(reader *r, const json_t *object, tlsrpt_policy *policy)
{
    const json_t *applied = read_container(r, object, "policy", JSON_OBJECT);
    const json_t *summary = read_container(r, object, "summary", JSON_OBJECT);

    policy->type = read_policy_type(r, applied);
    policy->domain = read_domain(r, applied);
    policy->mx = read_mx(r, applied, policy->type);
    policy->policy = read_policy_string(r, applied, policy->type);
    policy->successful = read_count(r, summary, "total-successful-session-count");
    policy->failed = read_count(r, summary, "total-failure-session-count");
    read_failures(r, object, policy);
}

static void read_policies(reader *r, const json_t *policies, apr_array_header_t *list)
{
    size_t i, count = json_array_size(policies);

    if (!count) {
        note(r, MTA_STS_INFO, "policies-empty", "policies", "is an empty array");
    }
    if (count > (size_t)r->limits->policies) {
        r->error = apr_psprintf(r->p, "it has more than %d policies", r->limits->policies);
    }
    for (i = 0; i < count && !r->error; i++) {
        const json_t *policy = json_array_get(policies, i);

        if (!json_is_object(policy)) {
            note_type(r, "policies", "has something else than objects in it, which was ignored");
            continue;
        }
        r->policy = (int)i;
        read_policy(r, policy, apr_array_push(list));
        r->policy = -1;
        apr_pool_clear(r->ptemp);
    }
}

static apr_time_t read_time(reader *r, const json_t *range, const char *name)
{
    const char *text = read_string(r, range, name, "date-missing");
    apr_time_t time = 0;

    if (!text) {
        return 0;
    }
    switch (tlsrpt_time_parse(text, &time)) {
    case TLSRPT_TIME_RIGHT:
        break;
    case TLSRPT_TIME_NO_ZONE:
        note(r, MTA_STS_INFO, "date-zone-missing", name, "has no time zone: taken for UTC");
        break;
    case TLSRPT_TIME_LOOSE:
        note_value(r, MTA_STS_INFO, "date-form", name, text, "is not written as RFC 3339 asks for");
        break;
    case TLSRPT_TIME_WRONG:
        note_value(r, MTA_STS_WARNING, "date-malformed", name, text,
                   "is not a time and was ignored");
    }
    return time;
}

static void read_range(reader *r, const json_t *root, tlsrpt_report *report)
{
    const json_t *range = read_container(r, root, "date-range", JSON_OBJECT);

    report->begin = read_time(r, range, "start-datetime");
    report->end = read_time(r, range, "end-datetime");
    if (!report->begin || !report->end) {
        return;
    }
    if (report->end < report->begin) {
        note(r, MTA_STS_WARNING, "date-range-reversed", "date-range", "ends before it begins");
    }
    else if (report->begin % DAY || report->end - report->begin < DAY - APR_USEC_PER_SEC ||
             report->end - report->begin >= DAY) {
        note(r, MTA_STS_INFO, "date-range-no-day", "date-range",
             "is not one day in UTC, from 00:00:00 to 23:59:59");
    }
}

const char *tlsrpt_report_from_json(apr_pool_t *p, const json_t *root, const json_t *policies,
                                    const tlsrpt_limits *limits, mta_sts_findings *findings,
                                    tlsrpt_report **report)
{
    reader r = {.p = p, .limits = limits, .findings = findings, .policy = -1, .failure = -1};
    tlsrpt_report *read = apr_pcalloc(p, sizeof(*read));

    apr_pool_create(&r.ptemp, p);
    read->organization =
        or_empty(read_string(&r, root, "organization-name", "organization-missing"));
    read->contact = read_string(&r, root, "contact-info", "contact-missing");
    read->id = or_empty(read_string(&r, root, "report-id", "report-id-missing"));
    read_range(&r, root, read);
    read->policies = apr_array_make(p, 1, sizeof(tlsrpt_policy));
    read_policies(&r, policies, read->policies);
    apr_pool_destroy(r.ptemp);
    *report = read;
    return r.error;
}
