/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "report_fixture.h"
#include "tlsrpt/report/read.h"

static void test_a_report_of_the_rfc_is_read_without_a_finding(void **state)
{
    check_read(*state, GOOD, GOOD_SHOWN, "");
}

/* Text, how it is shown after the good head, and the findings. */
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
         "; sts example.com (a.example) (x) 1/0", "mx-host-not-array"}, /* RFC 8460 appendix B */
        {POLICY(DOMAIN ",\"mx-host-pattern\":[\"a.example\"],\"policy-string\":[\"x\"]"),
         "; sts example.com (a.example) (x) 1/0", "mx-host-alias"},
        {POLICY(DOMAIN ",\"policy-string\":[\"x\"]"), "; sts example.com () (x) 1/0",
         "mx-host-missing"},
        {POLICY(DOMAIN ",\"mx-host\":[\"a.example\",5],\"policy-string\":\"x\""),
         "; sts example.com (a.example) (x) 1/0", "member-type! policy-string-not-array"},
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

static void test_a_policy_domain_is_shown_in_canonical_form(void **state)
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
         "information-not-a-uri"}, /* RFC 8460 appendix B */
        {WITH_FAILURES("{\"result-type\":\"tlsa-invalid\",\"failed-session-count\":1," ADDRESSES
                       ",\"additional-info-uri\":\"https://a.example/\"}"),
         STS_SHOWN " [tlsa-invalid 1 192.0.2.1 mx - ::1 - https://a.example/]",
         "information-alias"},
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
         "date-range-not-a-day"}, /* Mail.ru, Stalwart */
        {"2024-03-12T00:00:00Z", "2024-03-12T23:59:59.999Z", "1710201600|1710287999", ""},
        {"2024-03-12T01:00:00Z", "2024-03-13T00:59:59Z", "1710205200|1710291599",
         "date-range-not-a-day"},
        {"2024-03-12T00:00:00Z", "2024-03-12T12:00:00Z", "1710201600|1710244800",
         "date-range-not-a-day"},
        {"2024-03-12T00:00:00Z", "2024-03-18T23:59:59Z", "1710201600|1710806399",
         "date-range-not-a-day"},
        {"2024-03-12T23:59:59Z", "2024-03-12T00:00:00Z", "1710287999|1710201600",
         "date-range-reversed!"},
        {"2024-03-12", "2024-03-13", "1710201600|1710288000", "date-form date-range-not-a-day"},
        {"2999-03-12T00:00:00Z", "2999-03-12T23:59:59Z", "32478192000|32478278399",
         "date-range-in-future!"},
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
        {"9223372036854775808", ": a number is out of range"},
        {"-9223372036854775809", ": a number is out of range"},
        {"1e400", ": a number is out of range"},
        {"1e18", "is 1e+18: it must"}, /* a double may not be what was meant */
        {"0.5", "is 0.5: it must"},
        {"-1.0", "is -1: it must"},
        {"\"\"", "is \"\": it must"},
        {"\"9223372036854775808\"", "is \"9223372036854775808\": it must"},
        {"\"-1\"", "is \"-1\": it must"},
        {"\" 1\"", "is \" 1\": it must"},
        {"\"1x\"", "is \"1x\": it must"},
        {"true", "is not a number: it must"},
        {"[1]", "is not a number: it must"},
        {"{}", "is not a number: it must"},
        {"NaN", ": a syntax error"},
        {"Infinity", ": a syntax error"},
        {"01", ": a syntax error"},
        {"+1", ": a syntax error"},
        {"0x10", ": a syntax error"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        check_refused(*state, bytes_of(with_counts(*state, "0", cases[i].sent)), TLSRPT_UNREADABLE,
                      cases[i].reason);
    }
}

static void test_an_invalid_count_is_reported_with_its_location(void **state)
{
    static const char text[] =
        HEAD "[" GOOD_POLICY ",{" STS
             "," SUMMARY_OF("0", "1") ",\"failure-details\":[{},{\"failed-session-count\":-7}]}]}";

    check_refused(*state, bytes_of(text), TLSRPT_UNREADABLE,
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_report_of_the_rfc_is_read_without_a_finding),
        POOL_TEST(test_deviating_policies_are_read_with_a_finding),
        POOL_TEST(test_a_policy_domain_is_shown_in_canonical_form),
        POOL_TEST(test_deviating_failures_are_read_with_a_finding),
        POOL_TEST(test_one_kind_of_deviation_is_one_finding),
        POOL_TEST(test_the_head_of_a_report_may_lack_everything),
        POOL_TEST(test_ranges_of_dates_are_judged),
        POOL_TEST(test_counts_are_whole_numbers_that_fit),
        POOL_TEST(test_other_counts_make_a_report_unreadable),
        POOL_TEST(test_an_invalid_count_is_reported_with_its_location),
        POOL_TEST(test_sums_stop_at_the_highest_count),
    };

    return RUN_POOL_TESTS(tests);
}
