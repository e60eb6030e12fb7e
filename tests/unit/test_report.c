/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "findings_fixture.h"
#include "gzip_fixture.h"
#include "tlsrpt/report.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A report that keeps to RFC 8460; the tables below change parts of it. */
#define ORGANIZATION "\"organization-name\":\"Example Mail\""
#define RANGE_OF(begin, end)                                                                       \
    "\"date-range\":{\"start-datetime\":\"" begin "\",\"end-datetime\":\"" end "\"}"
#define RANGE RANGE_OF("2026-05-11T00:00:00Z", "2026-05-11T23:59:59Z")
#define CONTACT "\"contact-info\":\"tls@mail.example\""
#define ID "\"report-id\":\"2026-05-11T00:00:00Z_example.com\""
#define HEAD_WITH(organization, range, contact, id)                                                \
    "{" organization "," range "," contact "," id ",\"policies\":"
#define HEAD HEAD_WITH(ORGANIZATION, RANGE, CONTACT, ID)
#define STS                                                                                        \
    "\"policy\":{\"policy-type\":\"sts\",\"policy-string\":[\"version: STSv1\",\"mode: "           \
    "testing\"],"                                                                                  \
    "\"policy-domain\":\"example.com\",\"mx-host\":[\"*.mail.example.com\"]}"
#define SUMMARY_OF(successful, failed)                                                             \
    "\"summary\":{\"total-successful-session-count\":" successful                                  \
    ",\"total-failure-session-count\":" failed "}"
#define FAILURE                                                                                    \
    "{\"result-type\":\"certificate-expired\",\"sending-mta-ip\":\"2001:db8::1\","                 \
    "\"receiving-mx-hostname\":\"mx1.mail.example.com\",\"receiving-mx-helo\":\"mx1\","            \
    "\"receiving-ip\":\"198.51.100.1\",\"failed-session-count\":3,"                                \
    "\"additional-information\":\"https://mail.example/x\",\"failure-reason-code\":\"expired\"}"
#define GOOD_POLICY "{" STS "," SUMMARY_OF("5", "3") ",\"failure-details\":[" FAILURE "]}"
#define GOOD HEAD "[" GOOD_POLICY "]}"
#define GOOD_HEAD_SHOWN                                                                            \
    "Example Mail|tls@mail.example|2026-05-11T00:00:00Z_example.com|1778457600|1778543999"
#define GOOD_SHOWN                                                                                 \
    GOOD_HEAD_SHOWN "; sts example.com (*.mail.example.com) (version: STSv1,mode: testing) 5/3 "   \
                    "[certificate-expired 3 2001:db8::1 mx1.mail.example.com mx1 198.51.100.1 "    \
                    "expired https://mail.example/x]"

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static const char *show_failure(apr_pool_t *p, const tlsrpt_failure *failure)
{
    return apr_psprintf(p, " [%s %" APR_INT64_T_FMT " %s %s %s %s %s %s]", failure->result_type,
                        failure->sessions, or_dash(failure->sending_ip),
                        or_dash(failure->receiving_mx), or_dash(failure->receiving_helo),
                        or_dash(failure->receiving_ip), or_dash(failure->reason),
                        or_dash(failure->information));
}

static const char *show_policy(apr_pool_t *p, const tlsrpt_policy *policy)
{
    const char *shown =
        apr_psprintf(p, "; %s %s (%s) (%s) %" APR_INT64_T_FMT "/%" APR_INT64_T_FMT, policy->type,
                     or_dash(policy->domain), apr_array_pstrcat(p, policy->mx, ','),
                     apr_array_pstrcat(p, policy->policy, ','), policy->successful, policy->failed);
    int i;

    for (i = 0; i < policy->failures->nelts; i++) {
        shown = apr_pstrcat(
            p, shown, show_failure(p, &APR_ARRAY_IDX(policy->failures, i, tlsrpt_failure)), NULL);
    }
    return shown;
}

/* A report as the tables tell it. */
static const char *show_report(apr_pool_t *p, const tlsrpt_report *report)
{
    const char *shown =
        apr_psprintf(p, "%s|%s|%s|%" APR_INT64_T_FMT "|%" APR_INT64_T_FMT, report->organization,
                     or_dash(report->contact), report->id, (apr_int64_t)apr_time_sec(report->begin),
                     (apr_int64_t)apr_time_sec(report->end));
    int i;

    for (i = 0; i < report->policies->nelts; i++) {
        shown = apr_pstrcat(
            p, shown, show_policy(p, &APR_ARRAY_IDX(report->policies, i, tlsrpt_policy)), NULL);
    }
    return shown;
}

/* The ids of the findings, with a "!" behind those that are warnings. */
static const char *show_findings(apr_pool_t *p, const mta_sts_findings *findings)
{
    const char *shown = "";
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        shown = apr_pstrcat(p, shown, i ? " " : "", finding->id,
                            finding->severity == MTA_STS_WARNING ? "!" : "", NULL);
    }
    return shown;
}

/* What every reading owes its reader. */
static void assert_sound(const tlsrpt_reading *reading)
{
    assert_int_equal(reading->report != NULL, reading->outcome == TLSRPT_READ);
    assert_int_equal(reading->reason == NULL, reading->outcome == TLSRPT_READ);
    assert_int_equal(strlen(reading->digest), 64);
    assert_findings_are_showable(reading->findings);
    assert_int_equal(mta_sts_findings_count(reading->findings, MTA_STS_ERROR), 0);
    if (reading->reason) {
        assert_true(is_showable(reading->reason));
    }
}

static tlsrpt_reading *read_octets(apr_pool_t *p, octets given, const tlsrpt_limits *limits)
{
    char *copy = exact_copy(given.at, given.len);
    tlsrpt_reading *reading = tlsrpt_report_read(p, copy, given.len, limits);

    free(copy); /* nothing of it is borrowed any more */
    assert_sound(reading);
    return reading;
}

static tlsrpt_reading *read_text(apr_pool_t *p, const char *text)
{
    return read_octets(p, octets_of(text), &tlsrpt_limits_default);
}

/* Reads a text that is a report, plain and as gzip. */
static void check_read(apr_pool_t *p, const char *text, const char *shown, const char *findings)
{
    octets ways[] = {octets_of(text), gzip_of(p, text, strlen(text))};
    const char *digest = NULL;
    size_t i;

    for (i = 0; i < COUNT(ways); i++) {
        tlsrpt_reading *reading = read_octets(p, ways[i], &tlsrpt_limits_default);

        if (reading->outcome != TLSRPT_READ) {
            fail_msg("%s\nwas not read: %s", text, reading->reason);
        }
        assert_string_equal(show_report(p, reading->report), shown);
        assert_string_equal(show_findings(p, reading->findings), findings);
        assert_true(!digest || strcmp(digest, reading->digest) == 0);
        digest = reading->digest;
    }
}

static void check_refused(apr_pool_t *p, octets given, tlsrpt_outcome outcome, const char *reason)
{
    tlsrpt_reading *reading = read_octets(p, given, &tlsrpt_limits_default);

    if (reading->outcome != outcome || !strstr(or_dash(reading->reason), reason)) {
        fail_msg("%.60s:\nexpected: %d, %s\nfound:    %d, %s", given.len ? given.at : "", outcome,
                 reason, reading->outcome, or_dash(reading->reason));
    }
}

static void test_a_report_of_the_rfc_is_read_without_a_finding(void **state)
{
    check_read(*state, GOOD, GOOD_SHOWN, "");
}

/* Text, how it is shown behind the good head, and the findings. */
typedef struct policy_case {
    const char *policies;
    const char *shown;
    const char *findings;
} policy_case;

static void check_policies(apr_pool_t *p, const policy_case *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        check_read(p, apr_pstrcat(p, HEAD, cases[i].policies, "}", NULL),
                   apr_pstrcat(p, GOOD_HEAD_SHOWN, cases[i].shown, NULL), cases[i].findings);
    }
}

#define POLICY(members)                                                                            \
    "[{\"policy\":{" members "}," SUMMARY_OF("1", "0") ",\"failure-details\":[]}]"
#define MX_AND_STRING "\"mx-host\":[\"a.example\"],\"policy-string\":[\"mode: none\"]"
#define DOMAIN "\"policy-type\":\"sts\",\"policy-domain\":\"example.com\""

static void test_deviating_policies_are_read_with_a_finding(void **state)
{
    static const policy_case cases[] = {
        {"[]", "", "policies-empty"},
        {"[17,null]", "", "member-type!"},
        {POLICY(DOMAIN ",\"mx-host\":\"a.example\",\"policy-string\":[\"x\"]"),
         "; sts example.com (a.example) (x) 1/0", "mx-host-string"}, /* RFC 8460 appendix B */
        {POLICY(DOMAIN ",\"mx-host-pattern\":[\"a.example\"],\"policy-string\":[\"x\"]"),
         "; sts example.com (a.example) (x) 1/0", "mx-host-name"},
        {POLICY(DOMAIN ",\"policy-string\":[\"x\"]"), "; sts example.com () (x) 1/0",
         "mx-host-missing"},
        {POLICY(DOMAIN ",\"mx-host\":[\"a.example\",5],\"policy-string\":\"x\""),
         "; sts example.com (a.example) (x) 1/0", "member-type! policy-string-string"},
        {POLICY(DOMAIN ",\"mx-host\":[\"a.example\"],\"policy-string\":[]"),
         "; sts example.com (a.example) () 1/0", "policy-string-missing"},
        {POLICY(DOMAIN ",\"mx-host\":{},\"policy-string\":null"), "; sts example.com () () 1/0",
         "member-type! policy-string-missing"},
        {POLICY("\"policy-type\":\"no-policy-found\",\"policy-domain\":\"example.com\""),
         "; no-policy-found example.com () () 1/0", ""},
        {POLICY("\"policy-type\":\"no-policy-found\""), "; no-policy-found - () () 1/0",
         "policy-domain-missing"}, /* Postfix */
        {POLICY("\"policy-type\":\"tlsa\",\"policy-domain\":\"mx.example.com\","
                "\"policy-string\":[\"[\\\"3 1 1 00\\\",\\\"3 1 1 01\\\"]\"]"),
         "; tlsa mx.example.com () ([\"3 1 1 00\",\"3 1 1 01\"]) 1/0",
         "policy-string-nested"}, /* Microsoft */
        {POLICY("\"policy-type\":\"dane\",\"policy-domain\":\"example.com\"," MX_AND_STRING),
         "; dane example.com (a.example) (mode: none) 1/0", "policy-type-unknown"},
        {POLICY("\"policy-domain\":\"example.com\"," MX_AND_STRING),
         ";  example.com (a.example) (mode: none) 1/0", "policy-type-missing"},
        {"[{" SUMMARY_OF("1", "0") ",\"failure-details\":[]}]", ";  - () () 1/0",
         "policy-type-missing policy-domain-missing policy-string-missing"},
        {"[{\"policy\":[]," SUMMARY_OF("1", "0") ",\"failure-details\":[]}]", ";  - () () 1/0",
         "member-type! policy-type-missing policy-domain-missing policy-string-missing"},
        {"[{" STS "," SUMMARY_OF("1", "0") "}]",
         "; sts example.com (*.mail.example.com) (version: STSv1,mode: testing) 1/0",
         "failure-details-missing"}, /* Google, Microsoft */
        {"[{" STS ",\"failure-details\":[]}]",
         "; sts example.com (*.mail.example.com) (version: STSv1,mode: testing) 0/0",
         "count-missing!"},
        {"[{" STS ",\"summary\":{\"total-failure-session-count\":0},\"failure-details\":{}}]",
         "; sts example.com (*.mail.example.com) (version: STSv1,mode: testing) 0/0",
         "count-missing! member-type! failure-details-missing"},
    };

    check_policies(*state, cases, COUNT(cases));
}

static void test_a_policy_domain_is_told_in_one_form(void **state)
{
    static const struct {
        const char *sent, *domain, *findings;
    } cases[] = {
        {"example.com", "example.com", ""},
        {"Example.COM", "example.com", "policy-domain-form"},
        {"example.com.", "example.com", "policy-domain-form"},
        {"m\xc3\xbcnchen.example", "xn--mnchen-3ya.example", "policy-domain-form"},
        {"xn--mnchen-3ya.example", "xn--mnchen-3ya.example", ""},
        {"", "-", "policy-domain-missing"},
        {".", ".", "policy-domain-malformed!"},
        {"_25._tcp.MX.example.com", "_25._tcp.mx.example.com", "policy-domain-malformed!"},
        {"../../etc/PASSWD", "../../etc/passwd", "policy-domain-malformed!"},
        {"a b", "a b", "policy-domain-malformed!"},
        {"\\u001b[2J", "\x1b[2j", "policy-domain-malformed!"},
        {"[192.0.2.1]", "[192.0.2.1]", "policy-domain-malformed!"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        policy_case row = {
            apr_pstrcat(*state, "[{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"",
                        cases[i].sent, "\"," MX_AND_STRING "}," SUMMARY_OF("1", "0"),
                        ",\"failure-details\":[]}]", NULL),
            apr_pstrcat(*state, "; sts ", cases[i].domain, " (a.example) (mode: none) 1/0", NULL),
            cases[i].findings};

        check_policies(*state, &row, 1);
    }
}

#define WITH_FAILURES(details)                                                                     \
    "[{" STS "," SUMMARY_OF("0", "1") ",\"failure-details\":[" details "]}]"
#define STS_SHOWN "; sts example.com (*.mail.example.com) (version: STSv1,mode: testing) 0/1"
#define ADDRESSES                                                                                  \
    "\"sending-mta-ip\":\"192.0.2.1\",\"receiving-mx-hostname\":\"mx\",\"receiving-ip\":\"::1\""

static void test_deviating_failures_are_read_with_a_finding(void **state)
{
    static const policy_case cases[] = {
        {WITH_FAILURES("{\"result-type\":\"sts-policy-fetch-error\",\"failed-session-count\":1}"),
         STS_SHOWN " [sts-policy-fetch-error 1 - - - - - -]", "failure-incomplete"},
        {WITH_FAILURES("{\"result-type\":\"validation-failure\",\"failed-session-count\":1,"
                       "\"sending-mta-ip\":\"\",\"receiving-mx-hostname\":\"\","
                       "\"receiving-mx-helo\":\"\",\"receiving-ip\":\"\"}"),
         STS_SHOWN " [validation-failure 1 - - - - - -]", "failure-incomplete"},
        {WITH_FAILURES("{\"result-type\":\"new-kind\",\"failed-session-count\":1," ADDRESSES "}"),
         STS_SHOWN " [new-kind 1 192.0.2.1 mx - ::1 - -]", "result-type-unknown"},
        {WITH_FAILURES("{\"failed-session-count\":1," ADDRESSES "}"),
         STS_SHOWN " [ 1 192.0.2.1 mx - ::1 - -]", "result-type-missing"},
        {WITH_FAILURES("{\"result-type\":[\"x\"],\"failed-session-count\":1," ADDRESSES "}"),
         STS_SHOWN " [ 1 192.0.2.1 mx - ::1 - -]", "member-type!"},
        {WITH_FAILURES("{\"result-type\":\"tlsa-invalid\"," ADDRESSES "}"),
         STS_SHOWN " [tlsa-invalid 0 192.0.2.1 mx - ::1 - -]", "count-missing! failures-sum"},
        {WITH_FAILURES("{\"result-type\":\"tlsa-invalid\",\"failed-session-count\":2," ADDRESSES
                       "}"),
         STS_SHOWN " [tlsa-invalid 2 192.0.2.1 mx - ::1 - -]", "failures-sum"}, /* Mail.ru */
        {WITH_FAILURES("{\"result-type\":\"tlsa-invalid\",\"failed-session-count\":1," ADDRESSES
                       ",\"additional-information\":\"https://a.example/x y\"}"),
         STS_SHOWN " [tlsa-invalid 1 192.0.2.1 mx - ::1 - https://a.example/x y]",
         "information-no-uri"}, /* RFC 8460 appendix B */
        {WITH_FAILURES("{\"result-type\":\"tlsa-invalid\",\"failed-session-count\":1," ADDRESSES
                       ",\"additional-info-uri\":\"https://a.example/\"}"),
         STS_SHOWN " [tlsa-invalid 1 192.0.2.1 mx - ::1 - https://a.example/]", "information-name"},
        {WITH_FAILURES("7"), STS_SHOWN, "member-type! failures-sum"},
    };

    check_policies(*state, cases, COUNT(cases));
}

static void test_one_kind_of_deviation_is_one_finding(void **state)
{
    const char *failure = "{\"failed-session-count\":0},";
    const char *details = "{\"failed-session-count\":1}";
    tlsrpt_reading *reading;
    int i;

    for (i = 0; i < 12; i++) {
        details = apr_pstrcat(*state, failure, details, NULL);
    }
    reading = read_text(*state, apr_pstrcat(*state, HEAD "[{" STS "," SUMMARY_OF("0", "1"),
                                            ",\"failure-details\":[", details, "]}]}", NULL));
    assert_string_equal(show_findings(*state, reading->findings),
                        "result-type-missing failure-incomplete");
    assert_string_equal(mta_sts_findings_at(reading->findings, 1)->message,
                        "policies[0].failure-details[0].sending-mta-ip is missing");
}

static void test_the_head_of_a_report_may_lack_everything(void **state)
{
    static const struct {
        const char *text, *shown, *findings;
    } cases[] = {
        {HEAD_WITH(ORGANIZATION, RANGE, "\"contact-info\":null", ID) "[" GOOD_POLICY "]}",
         "Example Mail|-|2026-05-11T00:00:00Z_example.com|1778457600|1778543999", /* Stalwart */
         "contact-missing"},
        {HEAD_WITH("\"organization-name\":null", RANGE, CONTACT, ID) "[" GOOD_POLICY "]}",
         "|tls@mail.example|2026-05-11T00:00:00Z_example.com|1778457600|1778543999",
         "organization-missing"},
        {HEAD_WITH(ORGANIZATION, RANGE, CONTACT, "\"report-id\":17") "[" GOOD_POLICY "]}",
         "Example Mail|tls@mail.example||1778457600|1778543999", "member-type!"},
        {"{\"policies\":[" GOOD_POLICY "]}", "|-||0|0",
         "organization-missing contact-missing report-id-missing date-missing"},
        {"{\"date-range\":[],\"policies\":[" GOOD_POLICY "]}", "|-||0|0",
         "organization-missing contact-missing report-id-missing member-type! date-missing"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const char *policy = &GOOD_SHOWN[strlen(GOOD_HEAD_SHOWN)];

        check_read(*state, cases[i].text, apr_pstrcat(*state, cases[i].shown, policy, NULL),
                   cases[i].findings);
    }
}

static void test_ranges_of_dates_are_judged(void **state)
{
    static const struct {
        const char *begin, *end, *shown, *findings;
    } cases[] = {
        {"2024-03-12T00:00:00", "2024-03-12T23:59:59", "1710201600|1710287999",
         "date-zone-missing"}, /* Microsoft */
        {"2024-03-12T00:00:00Z", "2024-03-13T00:00:00Z", "1710201600|1710288000",
         "date-range-no-day"}, /* Mail.ru, Stalwart */
        {"2024-03-12T00:00:00Z", "2024-03-12T23:59:59.999Z", "1710201600|1710287999", ""},
        {"2024-03-12T01:00:00Z", "2024-03-13T00:59:59Z", "1710205200|1710291599",
         "date-range-no-day"},
        {"2024-03-12T00:00:00Z", "2024-03-12T12:00:00Z", "1710201600|1710244800",
         "date-range-no-day"},
        {"2024-03-12T00:00:00Z", "2024-03-18T23:59:59Z", "1710201600|1710806399",
         "date-range-no-day"},
        {"2024-03-12T23:59:59Z", "2024-03-12T00:00:00Z", "1710287999|1710201600",
         "date-range-reversed!"},
        {"2024-03-12", "2024-03-13", "1710201600|1710288000", "date-form date-range-no-day"},
        {"yesterday", "2024-03-12T23:59:59Z", "0|1710287999", "date-malformed!"},
        {"", "2024-02-30T00:00:00Z", "0|0", "date-missing date-malformed!"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const char *text = apr_pstrcat(
            *state, "{" ORGANIZATION ",\"date-range\":{\"start-datetime\":\"", cases[i].begin,
            "\",\"end-datetime\":\"", cases[i].end, "\"}," CONTACT ",\"report-id\":\"1\",",
            "\"policies\":[" GOOD_POLICY "]}", NULL);
        const char *shown = apr_pstrcat(*state, "Example Mail|tls@mail.example|1|", cases[i].shown,
                                        &GOOD_SHOWN[strlen(GOOD_HEAD_SHOWN)], NULL);

        check_read(*state, text, shown, cases[i].findings);
    }
}

static const char *with_counts(apr_pool_t *p, const char *successful, const char *failed)
{
    return apr_pstrcat(
        p, HEAD "[{" STS ",\"summary\":{\"total-successful-session-count\":", successful,
        ",\"total-failure-session-count\":", failed, "},\"failure-details\":[]}]}", NULL);
}

static void test_counts_are_whole_numbers_that_fit(void **state)
{
    static const struct {
        const char *sent, *shown, *findings;
    } cases[] = {
        {"0", "0", ""},
        {"-0", "0", ""},
        {"9223372036854775807", "9223372036854775807", ""},
        {"5.0", "5", "count-form"},
        {"1e3", "1000", "count-form"},
        {"\"17\"", "17", "count-form"},
        {"\"9223372036854775807\"", "9223372036854775807", "count-form"},
        {"null", "0", "count-missing!"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        check_read(*state, with_counts(*state, cases[i].sent, "0"),
                   apr_pstrcat(*state,
                               GOOD_HEAD_SHOWN "; sts example.com (*.mail.example.com) "
                                               "(version: STSv1,mode: testing) ",
                               cases[i].shown, "/0", NULL),
                   cases[i].findings);
    }
}

static void test_other_counts_make_a_report_unreadable(void **state)
{
    static const struct {
        const char *sent, *reason;
    } cases[] = {
        {"-1",
         "total-failure-session-count is -1: it must be a number from 0 to 9223372036854775807"},
        {"-9223372036854775808", "is -9223372036854775808: it must"},
        {"9223372036854775808", "too big integer"},
        {"-9223372036854775809", "too big negative integer"},
        {"1e400", "real number overflow"},
        {"1e18", "is 1e+18: it must"}, /* a double may not be what was meant */
        {"0.5", "is 0.5: it must"},
        {"-1.0", "is -1: it must"},
        {"\"\"", "is \"\": it must"},
        {"\"9223372036854775808\"", "is \"9223372036854775808\": it must"},
        {"\"-1\"", "is \"-1\": it must"},
        {"\" 1\"", "is \" 1\": it must"},
        {"\"1x\"", "is \"1x\": it must"},
        {"true", "is no number: it must"},
        {"[1]", "is no number: it must"},
        {"{}", "is no number: it must"},
        {"NaN", "invalid token"},
        {"Infinity", "invalid token"},
        {"01", "invalid token"},
        {"+1", "invalid token"},
        {"0x10", "expected near"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        check_refused(*state, octets_of(with_counts(*state, "0", cases[i].sent)), TLSRPT_UNREADABLE,
                      cases[i].reason);
    }
}

static void test_a_bad_count_names_its_place(void **state)
{
    static const char text[] =
        HEAD "[" GOOD_POLICY ",{" STS
             "," SUMMARY_OF("0", "1") ",\"failure-details\":[{},{\"failed-session-count\":-7}]}]}";

    check_refused(*state, octets_of(text), TLSRPT_UNREADABLE,
                  "policies[1].failure-details[1].failed-session-count is -7: it must be");
}

static void test_sums_stop_at_the_highest_count(void **state)
{
    (void)state;
    assert_int_equal(tlsrpt_count_add(2, 3), 5);
    assert_int_equal(tlsrpt_count_add(APR_INT64_MAX, 0), APR_INT64_MAX);
    assert_int_equal(tlsrpt_count_add(APR_INT64_MAX - 1, 1), APR_INT64_MAX);
    assert_int_equal(tlsrpt_count_add(APR_INT64_MAX, 1), APR_INT64_MAX);
    assert_int_equal(tlsrpt_count_add(APR_INT64_MAX, APR_INT64_MAX), APR_INT64_MAX);
}

static void test_what_stands_around_the_json_is_told(void **state)
{
    static const struct {
        const char *before, *behind, *findings;
    } cases[] = {
        {" \r\n\t", "\r\n", ""},
        {"\xef\xbb\xbf", "", "json-byte-order-mark"},
        {"\xef\xbb\xbf\n", "", "json-byte-order-mark"},
        {"", "\n-- \nMailing list footer", "json-trailing!"},
        {"", "{}", "json-trailing!"},
        {"", "\x1a", "json-trailing!"},
        {"", "\xff", "json-trailing!"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        check_read(*state, apr_pstrcat(*state, cases[i].before, GOOD, cases[i].behind, NULL),
                   GOOD_SHOWN, cases[i].findings);
    }
}

static void test_of_two_members_with_one_name_the_last_counts(void **state)
{
    check_read(*state,
               "{\"report-id\":\"0\"," ORGANIZATION "," RANGE "," CONTACT "," ID
               ",\"policies\":[],\"policies\":[" GOOD_POLICY "]}",
               GOOD_SHOWN, "json-member-duplicate!");
}

static void test_gzip_of_several_members_and_junk_is_read(void **state)
{
    apr_pool_t *p = *state;
    octets members = joined(p, gzip_of(p, GOOD, 100), gzip_of(p, &GOOD[100], strlen(GOOD) - 100));
    tlsrpt_reading *plain = read_text(p, GOOD);
    tlsrpt_reading *reading =
        read_octets(p, joined(p, members, octets_of("junk")), &tlsrpt_limits_default);

    assert_int_equal(reading->outcome, TLSRPT_READ);
    assert_string_equal(show_report(p, reading->report), GOOD_SHOWN);
    assert_string_equal(show_findings(p, reading->findings), "gzip-members gzip-trailing!");
    assert_string_equal(reading->digest, plain->digest);
}

static void test_strings_are_told_as_they_were_sent(void **state)
{
    tlsrpt_reading *reading =
        read_text(*state, "{\"organization-name\":\"\\u001b[31m<b>\\\"\\\\\\ud83d\\ude00\xc3\xa9\","
                          "\"report-id\":\"../../../etc/passwd\\r\\n\",\"policies\":[]}");

    assert_string_equal(reading->report->organization, "\x1b[31m<b>\"\\\xf0\x9f\x98\x80\xc3\xa9");
    assert_string_equal(reading->report->id, "../../../etc/passwd\r\n");
}

static void test_json_that_is_broken_is_unreadable(void **state)
{
    static const char *const texts[] = {
        "{",
        "{\"policies\":[",
        "{\"policies\":[]",
        "{policies:[]}",
        "{'policies':[]}",
        "{\"policies\":[],}",
        "{\"policies\":[]]",
        "{\"a\":\"\xff\",\"policies\":[]}",
        "{\"a\":\"\xc3\",\"policies\":[]}",
        "{\"a\":\"\xed\xa0\x80\",\"policies\":[]}", /* a surrogate in UTF-8 */
        "{\"a\":\"\\ud800\",\"policies\":[]}",
        "{\"a\":\"\\udc00\\ud800\",\"policies\":[]}",
        "{\"a\":\"\\u0000\",\"policies\":[]}",
        "{\"\\u0000\":1,\"policies\":[]}",
        "{\"a\":\"\x01\",\"policies\":[]}",
        "{\"a\":\"line\nbreak\",\"policies\":[]}",
        "{\"a\":\"\\x41\",\"policies\":[]}",
        "{\"a\":nul,\"policies\":[]}",
        "{/* no comment */\"policies\":[]}",
        "{\"policies\" []}",
    };
    size_t i;

    for (i = 0; i < COUNT(texts); i++) {
        check_refused(*state, octets_of(texts[i]), TLSRPT_UNREADABLE, "its JSON cannot be read: ");
        check_refused(*state, gzip_of(*state, texts[i], strlen(texts[i])), TLSRPT_UNREADABLE,
                      "its JSON cannot be read: line");
    }
}

static void test_a_nul_in_the_json_is_unreadable(void **state)
{
    static const char text[] = "{\"policies\":\0[]}";
    octets given = {(char *)text, sizeof(text) - 1};

    check_refused(*state, given, TLSRPT_UNREADABLE, "its JSON cannot be read");
}

static void test_every_cut_of_a_report_is_unreadable(void **state)
{
    octets text = octets_of(GOOD), gzip = gzip_of(*state, GOOD, strlen(GOOD));

    for (text.len--; text.len > 0; text.len--) {
        check_refused(*state, text, TLSRPT_UNREADABLE, "its JSON cannot be read");
    }
    for (gzip.len--; gzip.len > 1; gzip.len--) {
        check_refused(*state, gzip, TLSRPT_UNREADABLE, "the gzip ends too early");
    }
}

static void test_json_without_an_array_of_policies_is_told(void **state)
{
    static const char *const texts[] = {
        "{}",
        "{\"policies\":null}",
        "{\"policies\":{}}",
        "{\"policies\":\"[]\"}",
        "{\"policy\":[]}",
        "{\"a\":{\"policies\":[]}}",
    };
    size_t i;

    for (i = 0; i < COUNT(texts); i++) {
        check_refused(*state, octets_of(texts[i]), TLSRPT_NO_POLICIES, "has no array of policies");
    }
}

static void test_what_begins_otherwise_is_foreign(void **state)
{
    static const struct {
        const char *octets, *reason;
    } cases[] = {
        {"", "begins with nothing"},
        {" \n", "begins with nothing"},
        {"hello", "begins with \"h\""},
        {"[{\"policies\":[]}]", "begins with \"[\""},
        {"\"{}\"", "begins with \"\\x22\""},
        {"<html>", "begins with \"<\""},
        {"PK\x03\x04", "begins with \"P\""},
        {"\x1f", "begins with \"\\x1f\""},
        {"\xff\xfe{", "begins with \"\\xff\""}, /* UTF-16 */
        {"\xef\xbb{\"policies\":[]}", "begins with \"\\xef\""},
        {"\x78\x9c\x03", "begins with \"x\""}, /* zlib without gzip */
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        check_refused(*state, octets_of(cases[i].octets), TLSRPT_FOREIGN, cases[i].reason);
    }
}

/* Its sender meant it for a report, so that it is worth keeping. */
static void test_gzip_of_something_else_is_unreadable(void **state)
{
    apr_pool_t *p = *state;
    octets gzip = gzip_of(p, GOOD, strlen(GOOD));

    check_refused(p, gzip_of(p, "hello", 5), TLSRPT_UNREADABLE,
                  "the gzip holds \"h\" where a report begins with \"{\"");
    check_refused(p, gzip_of(p, "", 0), TLSRPT_UNREADABLE, "the gzip holds nothing");
    check_refused(p, gzip_of(p, gzip.at, gzip.len), TLSRPT_UNREADABLE, "the gzip holds \"\\x1f\"");
    check_refused(p, octets_of("\x1f\x8b"), TLSRPT_UNREADABLE, "the gzip ends too early");
}

/* Limits, one by one: what keeps to it is read, one more is not. */

static octets repeated(apr_pool_t *p, const char *head, const char *piece, apr_size_t times,
                       const char *tail)
{
    apr_size_t len = strlen(piece);
    octets made;
    char *out;

    made.len = strlen(head) + len * times + strlen(tail);
    made.at = apr_palloc(p, made.len + 1);
    out = apr_cpystrn(made.at, head, strlen(head) + 1);
    while (times--) {
        memcpy(out, piece, len);
        out += len;
    }
    memcpy(out, tail, strlen(tail));
    return made;
}

static void check_limit(apr_pool_t *p, const tlsrpt_limits *limits, octets within, octets beyond,
                        tlsrpt_outcome outcome, const char *reason)
{
    tlsrpt_reading *reading = read_octets(p, within, limits);

    if (reading->outcome != TLSRPT_READ) {
        fail_msg("within the limit, but: %s", reading->reason);
    }
    reading = read_octets(p, beyond, limits);
    assert_int_equal(reading->outcome, outcome);
    assert_string_equal(reading->reason, reason);
}

#define EMPTY "{\"policies\":[]}"

static void test_octets_as_sent_are_limited(void **state)
{
    tlsrpt_limits limits = tlsrpt_limits_default;

    limits.sent = 100;
    check_limit(*state, &limits, repeated(*state, EMPTY, " ", 100 - strlen(EMPTY), ""),
                repeated(*state, EMPTY, " ", 101 - strlen(EMPTY), ""), TLSRPT_TOO_LARGE,
                "it is larger than 100 octets");
}

static void test_octets_inflated_are_limited(void **state)
{
    octets within = repeated(*state, EMPTY, " ", 1000000 - strlen(EMPTY), "");
    octets beyond = repeated(*state, EMPTY, " ", 1000001 - strlen(EMPTY), "");
    tlsrpt_limits limits = tlsrpt_limits_default;

    limits.inflated = 1000000;
    limits.sent = 2000000;
    check_limit(*state, &limits, within, beyond, TLSRPT_TOO_LARGE,
                "it is larger than 1000000 octets");
    check_limit(*state, &limits, gzip_of(*state, within.at, within.len),
                gzip_of(*state, beyond.at, beyond.len), TLSRPT_TOO_LARGE,
                "it is larger than 1000000 octets once inflated");
}

static void test_depth_is_limited(void **state)
{
    octets within = repeated(*state, "{\"policies\":[],\"a\":", "[", 31, ""), beyond;

    beyond = repeated(*state, "{\"policies\":[],\"a\":", "[", 32, "");
    within = joined(*state, within, repeated(*state, "", "]", 31, "}"));
    beyond = joined(*state, beyond, repeated(*state, "", "]", 32, "}"));
    check_limit(*state, &tlsrpt_limits_default, within, beyond, TLSRPT_UNREADABLE,
                "its JSON is nested more than 32 deep");
    check_refused(*state, repeated(*state, "{\"policies\":", "[", 100000, ""), TLSRPT_UNREADABLE,
                  "its JSON is nested more than 32 deep");
    check_refused(*state, repeated(*state, "", "{\"a\":", 100000, ""), TLSRPT_UNREADABLE,
                  "its JSON is nested more than 32 deep");
}

static void test_strings_and_numbers_are_limited(void **state)
{
    static const char reason[] = "it has a string or number of more than 8192 octets";

    check_limit(*state, &tlsrpt_limits_default,
                repeated(*state, "{\"policies\":[],\"a\":\"", "x", 8192, "\"}"),
                repeated(*state, "{\"policies\":[],\"a\":\"", "x", 8193, "\"}"), TLSRPT_UNREADABLE,
                reason);
    check_limit(
        *state, &tlsrpt_limits_default, repeated(*state, "{\"policies\":[],\"", "x", 8192, "\":0}"),
        repeated(*state, "{\"policies\":[],\"", "x", 8193, "\":0}"), TLSRPT_UNREADABLE, reason);
    check_refused(*state, repeated(*state, "{\"policies\":[],\"a\":", "1", 8193, "}"),
                  TLSRPT_UNREADABLE, reason);
}

static void test_policies_are_limited(void **state)
{
    check_limit(*state, &tlsrpt_limits_default,
                repeated(*state, "{\"policies\":[{}", ",{}", 9999, "]}"),
                repeated(*state, "{\"policies\":[{}", ",{}", 10000, "]}"), TLSRPT_UNREADABLE,
                "it has more than 10000 policies");
}

static void test_failures_of_all_policies_are_limited(void **state)
{
    tlsrpt_limits limits = tlsrpt_limits_default;

    limits.failures = 5;
    check_limit(*state, &limits,
                octets_of("{\"policies\":[{\"failure-details\":[{},{}]},"
                          "{\"failure-details\":[{},{},{}]}]}"),
                octets_of("{\"policies\":[{\"failure-details\":[{},{},{}]},"
                          "{\"failure-details\":[{},{},{}]}]}"),
                TLSRPT_UNREADABLE, "it has more than 5 failure details");
}

static void test_values_that_jansson_would_drown_in_are_not_parsed(void **state)
{
    static const char reason[] =
        "its JSON has so many values that they take more than 16777216 octets";
    octets objects = repeated(*state, "{\"policies\":[{}", ",{}", 3400000, "]}");
    octets keys = repeated(*state, "{\"policies\":[],\"a\":0", ",\"\":0", 1000000, "}");

    check_refused(*state, gzip_of(*state, objects.at, objects.len), TLSRPT_UNREADABLE, reason);
    check_refused(*state, gzip_of(*state, keys.at, keys.len), TLSRPT_UNREADABLE, reason);
}

/* What identifies */

static void test_the_digest_is_that_of_the_inflated_octets(void **state)
{
    static const char of_empty[] =
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"; /* sha256sum of {} */
    octets gzip = gzip_of(*state, "{}", 2), cut = gzip;
    tlsrpt_limits limits = tlsrpt_limits_default;

    assert_string_equal(read_text(*state, "{}")->digest, of_empty);
    assert_string_equal(read_octets(*state, gzip, &limits)->digest, of_empty);
    cut.len--;
    assert_string_not_equal(read_octets(*state, cut, &limits)->digest, of_empty);
    limits.sent = 1;
    assert_string_equal(read_octets(*state, octets_of("{}"), &limits)->digest, of_empty);
}

/* A bomb is not hashed once it is known to be one: its digest is that of what was sent. */
static void
test_the_digest_of_what_is_refused_before_its_end_is_that_of_the_octets_sent(void **state)
{
    const octets bombs[] = {
        repeated(*state, "{\"policies\":[],\"a\":\"", "x", 100000, "\"}"),
        repeated(*state, "{\"policies\":", "[", 100000, ""),
        repeated(*state, "{\"policies\":[{}", ",{}", 100000, "]}"),
        repeated(*state, "0", "0", 100000, ""),
    };
    size_t i;

    for (i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        octets sent = gzip_of(*state, bombs[i].at, bombs[i].len);
        tlsrpt_reading *packed = read_octets(*state, sent, &tlsrpt_limits_default);
        tlsrpt_limits limits = tlsrpt_limits_default;

        assert_int_equal(packed->outcome, TLSRPT_UNREADABLE);
        limits.sent = 0; /* nothing is looked at but the octets as they came */
        assert_string_equal(packed->digest, read_octets(*state, sent, &limits)->digest);
    }
}

static const char *identity_of(apr_pool_t *p, const char *text)
{
    tlsrpt_reading *reading = read_text(p, text);

    assert_int_equal(reading->outcome, TLSRPT_READ);
    return tlsrpt_report_identity(p, reading->report);
}

#define IDENTIFIED(organization, id, begin, end, domains)                                          \
    "{\"organization-name\":\"" organization "\",\"report-id\":\"" id                              \
    "\"," RANGE_OF(begin, end) ",\"policies\":[" domains "]}"
#define ABOUT(domain) "{\"policy\":{\"policy-domain\":\"" domain "\"}}"

static void test_identity_is_organization_id_range_and_domains(void **state)
{
    static const char first[] = IDENTIFIED("A", "1", "2026-05-11T00:00:00Z", "2026-05-11T23:59:59Z",
                                           ABOUT("a.example") "," ABOUT("b.example"));
    static const char *const same[] = {
        IDENTIFIED("A", "1", "2026-05-11T02:00:00+02:00", "2026-05-11T23:59:59",
                   ABOUT("B.example.") "," ABOUT("a.example") "," ABOUT("a.example")),
        "{\"x\":1,\"organization-name\":\"A\",\"report-id\":\"1\"," RANGE
        ",\"policies\":[{\"policy\":{\"policy-domain\":\"a.example\"}," SUMMARY_OF(
            "1", "2") "}," ABOUT("b.example") "]}",
    };
    static const char *const others[] = {
        IDENTIFIED("B", "1", "2026-05-11T00:00:00Z", "2026-05-11T23:59:59Z",
                   ABOUT("a.example") "," ABOUT("b.example")),
        IDENTIFIED("A", "2", "2026-05-11T00:00:00Z", "2026-05-11T23:59:59Z",
                   ABOUT("a.example") "," ABOUT("b.example")),
        IDENTIFIED("A1", "", "2026-05-11T00:00:00Z", "2026-05-11T23:59:59Z",
                   ABOUT("a.example") "," ABOUT("b.example")),
        IDENTIFIED("A", "1", "2026-05-12T00:00:00Z", "2026-05-11T23:59:59Z",
                   ABOUT("a.example") "," ABOUT("b.example")),
        IDENTIFIED("A", "1", "2026-05-11T00:00:00Z", "2026-05-12T00:00:00Z",
                   ABOUT("a.example") "," ABOUT("b.example")),
        IDENTIFIED("A", "1", "2026-05-11T00:00:00Z", "2026-05-11T23:59:59Z", ABOUT("a.example")),
        IDENTIFIED("A", "1", "2026-05-11T00:00:00Z", "2026-05-11T23:59:59Z",
                   ABOUT("a.exampleb.example")),
        IDENTIFIED("A", "1", "2026-05-11T00:00:00Z", "2026-05-11T23:59:59Z", ""),
        IDENTIFIED("A", "1", "2026-05-11T00:00:00Z", "2026-05-11T23:59:59Z", "{}"),
    };
    const char *identity = identity_of(*state, first);
    size_t i, j;

    assert_int_equal(strlen(identity), 64);
    for (i = 0; i < COUNT(same); i++) {
        assert_string_equal(identity_of(*state, same[i]), identity);
    }
    for (i = 0; i < COUNT(others); i++) {
        assert_string_not_equal(identity_of(*state, others[i]), identity);
        for (j = 0; j < i; j++) {
            assert_string_not_equal(identity_of(*state, others[i]), identity_of(*state, others[j]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_report_of_the_rfc_is_read_without_a_finding),
        POOL_TEST(test_deviating_policies_are_read_with_a_finding),
        POOL_TEST(test_a_policy_domain_is_told_in_one_form),
        POOL_TEST(test_deviating_failures_are_read_with_a_finding),
        POOL_TEST(test_one_kind_of_deviation_is_one_finding),
        POOL_TEST(test_the_head_of_a_report_may_lack_everything),
        POOL_TEST(test_ranges_of_dates_are_judged),
        POOL_TEST(test_counts_are_whole_numbers_that_fit),
        POOL_TEST(test_other_counts_make_a_report_unreadable),
        POOL_TEST(test_a_bad_count_names_its_place),
        POOL_TEST(test_sums_stop_at_the_highest_count),
        POOL_TEST(test_what_stands_around_the_json_is_told),
        POOL_TEST(test_of_two_members_with_one_name_the_last_counts),
        POOL_TEST(test_gzip_of_several_members_and_junk_is_read),
        POOL_TEST(test_strings_are_told_as_they_were_sent),
        POOL_TEST(test_json_that_is_broken_is_unreadable),
        POOL_TEST(test_a_nul_in_the_json_is_unreadable),
        POOL_TEST(test_every_cut_of_a_report_is_unreadable),
        POOL_TEST(test_json_without_an_array_of_policies_is_told),
        POOL_TEST(test_what_begins_otherwise_is_foreign),
        POOL_TEST(test_gzip_of_something_else_is_unreadable),
        POOL_TEST(test_octets_as_sent_are_limited),
        POOL_TEST(test_octets_inflated_are_limited),
        POOL_TEST(test_depth_is_limited),
        POOL_TEST(test_strings_and_numbers_are_limited),
        POOL_TEST(test_policies_are_limited),
        POOL_TEST(test_failures_of_all_policies_are_limited),
        POOL_TEST(test_values_that_jansson_would_drown_in_are_not_parsed),
        POOL_TEST(test_the_digest_is_that_of_the_inflated_octets),
        POOL_TEST(test_the_digest_of_what_is_refused_before_its_end_is_that_of_the_octets_sent),
        POOL_TEST(test_identity_is_organization_id_range_and_domains),
    };

    return RUN_POOL_TESTS(tests);
}
