/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_REPORT_FIXTURE_H
#define TESTS_UNIT_REPORT_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "findings_fixture.h"
#include "gzip_fixture.h"
#include "table_fixture.h"
#include "tlsrpt/report/read.h"
#include "tlsrpt/report/report.h"

/* Reports in the notation of tables, and the results of reading them. */

/* A report that conforms to RFC 8460; the tables below change parts of it. */
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

static inline const char *or_dash(const char *text)
{
    return text ? text : "-";
}

static inline const char *show_failure(apr_pool_t *p, const tlsrpt_failure *failure)
{
    return apr_psprintf(p, " [%s %" APR_INT64_T_FMT " %s %s %s %s %s %s]", failure->result_type,
                        failure->sessions, or_dash(failure->sending_ip),
                        or_dash(failure->receiving_mx), or_dash(failure->receiving_helo),
                        or_dash(failure->receiving_ip), or_dash(failure->reason),
                        or_dash(failure->information));
}

static inline const char *show_policy(apr_pool_t *p, const tlsrpt_policy *policy)
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

/* A report in the notation of the tables. */
static inline const char *show_report(apr_pool_t *p, const tlsrpt_report *report)
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

/* The ids of the findings, with a "!" after those that are warnings. */
static inline const char *show_findings(apr_pool_t *p, const mta_sts_findings *findings)
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

/* Asserts the properties of every reading. */
static inline void assert_sound(const tlsrpt_reading *reading)
{
    assert_int_equal(reading->report != NULL, reading->outcome == TLSRPT_READ);
    assert_int_equal(reading->reason == NULL, reading->outcome == TLSRPT_READ);
    assert_int_equal(strlen(reading->digest), 64);
    assert_findings_are_printable(reading->findings);
    assert_int_equal(mta_sts_findings_count(reading->findings, MTA_STS_ERROR), 0);
    if (reading->reason) {
        assert_true(is_printable(reading->reason));
    }
}

static inline tlsrpt_reading *read_bytes(apr_pool_t *p, bytes given, const tlsrpt_limits *limits)
{
    char *copy = exact_copy(given.at, given.len);
    tlsrpt_reading *reading = tlsrpt_report_read(p, copy, given.len, limits);

    free(copy); /* the reading must no longer refer to it */
    assert_sound(reading);
    return reading;
}

static inline tlsrpt_reading *read_text(apr_pool_t *p, const char *text)
{
    return read_bytes(p, bytes_of(text), &tlsrpt_limits_default);
}

/* Reads a text that is a report, plain and as gzip. */
static inline void check_read(apr_pool_t *p, const char *text, const char *shown,
                              const char *findings)
{
    bytes ways[] = {bytes_of(text), gzip_of(p, text, strlen(text))};
    const char *digest = NULL;
    size_t i;

    for (i = 0; i < COUNT(ways); i++) {
        tlsrpt_reading *reading = read_bytes(p, ways[i], &tlsrpt_limits_default);

        if (reading->outcome != TLSRPT_READ) {
            fail_msg("%s\nwas not read: %s", text, reading->reason);
        }
        assert_string_equal(show_report(p, reading->report), shown);
        assert_string_equal(show_findings(p, reading->findings), findings);
        assert_true(!digest || strcmp(digest, reading->digest) == 0);
        digest = reading->digest;
    }
}

static inline void check_refused(apr_pool_t *p, bytes given, tlsrpt_outcome outcome,
                                 const char *reason)
{
    tlsrpt_reading *reading = read_bytes(p, given, &tlsrpt_limits_default);

    if (reading->outcome != outcome || !strstr(or_dash(reading->reason), reason)) {
        fail_msg("%.60s:\nexpected: %d, %s\nfound:    %d, %s", given.len ? given.at : "", outcome,
                 reason, reading->outcome, or_dash(reading->reason));
    }
}

/* A head, a repeated piece, and an end. */
static inline bytes repeated(apr_pool_t *p, const char *head, const char *piece, apr_size_t times,
                             const char *tail)
{
    apr_size_t len = strlen(piece);
    bytes made;
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

#endif
