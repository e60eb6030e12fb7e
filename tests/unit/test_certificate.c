/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "certificate_file_fixture.h"
#include "table_fixture.h"

/* Dates */

static void test_dates_are_read_from_both_forms_of_time(void **state)
{
    static const struct {
        const char *from, *until;
        apr_int64_t not_before, not_after; /* seconds since 1970 */
    } cases[] = {
        {"260101000000Z", "261231235959Z", 1767225600, 1798761599},
        {"20260101000000Z", "20261231235959Z", 1767225600, 1798761599},
        {"500101000000Z", "491231235959Z", -631152000, 2524607999}, /* 1950 and 2049 */
        {"19500101000000Z", "20500101000000Z", -631152000, 2524608000},
        {"20380119031407Z", "20380119031408Z", 2147483647, 2147483648},
        {"20240229120000Z", "21060207062816Z", 1709208000, 4294967296},
        {"00010101000000Z", "99991231235959Z", -62135596800, 253402300799}, /* RFC 5280 4.1.2.5 */
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const mta_sts_certificate *certificate = read_times(*state, cases[i].from, cases[i].until);

        if (certificate->not_before != apr_time_from_sec(cases[i].not_before) ||
            certificate->not_after != apr_time_from_sec(cases[i].not_after)) {
            fail_msg("%s to %s is %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT, cases[i].from,
                     cases[i].until, apr_time_sec(certificate->not_before),
                     apr_time_sec(certificate->not_after));
        }
    }
}

static void test_dates_do_not_depend_on_the_time_zone(void **state)
{
    static const char *const zones[] = {"EAST-14", "WEST12", "SUMMER-1DST"};
    size_t i;

    for (i = 0; i < COUNT(zones); i++) {
        const mta_sts_certificate *certificate;

        setenv("TZ", zones[i], 1);
        tzset();
        certificate = read_times(*state, "260101000000Z", "260701120000Z");
        assert_int_equal(certificate->not_before, NOW);
        assert_int_equal(certificate->not_after, apr_time_from_sec(1782907200));
        assert_contains(only_message(check_at(*state, certificate, apr_time_from_sec(1782907201))),
                        " on 2026-07-01 12:00 UTC");
        unsetenv("TZ");
        tzset();
    }
}

static void test_the_dates_determine_the_finding(void **state)
{
    static const struct {
        const char *from, *until, *expected, *message;
    } cases[] = {
        {"260101000000Z", "261231235959Z", "", NULL},
        {"20260101000000Z", "99991231235959Z", "", NULL},
        {"20260101000000Z", "20500101000000Z", "", NULL},
        /* the last two weeks */
        {"250101000000Z", "260116000000Z", "", NULL},
        {"250101000000Z", "260115000000Z", "", NULL},
        {"250101000000Z", "260114235959Z", "warning certificate-expires-soon@0",
         " expires on 2026-01-14 23:59 UTC, in 13 days"},
        {"250101000000Z", "260114000000Z", "warning certificate-expires-soon@0",
         " expires on 2026-01-14 00:00 UTC, in 13 days"},
        {"250101000000Z", "260103120000Z", "warning certificate-expires-soon@0",
         " expires on 2026-01-03 12:00 UTC, in 2 days"},
        {"250101000000Z", "260101000000Z", "warning certificate-expires-soon@0",
         " expires on 2026-01-01 00:00 UTC"},
        /* a third of a lifetime of less than six weeks */
        {"251231000000Z", "260106000000Z", "", NULL},
        {"251229000000Z", "260104000000Z", "", NULL},
        {"251228000000Z", "260103000000Z", "", NULL},
        {"251228000000Z", "260102235957Z", "warning certificate-expires-soon@0",
         " expires on 2026-01-02 23:59 UTC, in 1 day"},
        {"251227000000Z", "260101060000Z", "warning certificate-expires-soon@0",
         " expires on 2026-01-01 06:00 UTC, in 6 hours"},
        {"251202000000Z", "260111000000Z", "warning certificate-expires-soon@0", "in 10 days"},
        {"251202000000Z", "260115000000Z", "", NULL},
        {"251203000000Z", "260117000000Z", "", NULL},
        /* over */
        {"250101000000Z", "251231235959Z", "error certificate-expired@0",
         " expired on 2025-12-31 23:59 UTC"},
        {"240101000000Z", "250101000000Z", "error certificate-expired@0",
         " expired on 2025-01-01 00:00 UTC"},
        {"500101000000Z", "700101000000Z", "error certificate-expired@0",
         " expired on 1970-01-01 00:00 UTC"},
        /* not begun */
        {"260101000001Z", "261231235959Z", "error certificate-not-yet-valid@0",
         " not valid before 2026-01-01 00:00 UTC"},
        {"270101000000Z", "271231235959Z", "error certificate-not-yet-valid@0",
         " not valid before 2027-01-01 00:00 UTC"},
        {"20510203040506Z", "20520203040506Z", "error certificate-not-yet-valid@0",
         " not valid before 2051-02-03 04:05 UTC"},
        {"260101000001Z", "260105000000Z", "error certificate-not-yet-valid@0", NULL},
        /* never */
        {"270101000000Z", "250101000000Z", "error certificate-not-yet-valid@0", NULL},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const mta_sts_findings *findings =
            check(*state, read_times(*state, cases[i].from, cases[i].until));
        const char *summary = findings_summary(*state, findings);

        if (strcmp(summary, cases[i].expected) != 0) {
            fail_msg("%s to %s: \"%s\"", cases[i].from, cases[i].until, summary);
        }
        if (cases[i].message) {
            assert_contains(only_message(findings), cases[i].message);
        }
    }
}

/* Judging */

static void test_a_valid_certificate_with_the_host_name_gives_no_finding(void **state)
{
    static const san wildcard[] = {DNS("example.com"), DNS("*.example.com"), NAMES_END};

    assert_int_equal(check(*state, read_names(*state, only_host))->list->nelts, 0);
    assert_int_equal(check(*state, read_names(*state, wildcard))->list->nelts, 0);
}

static void test_a_certificate_for_other_hosts_is_an_error_that_lists_its_names(void **state)
{
    static const struct {
        san names[8];
        const char *message;
    } cases[] = {
        {{NAMES_END}, "(it covers no DNS name)"},
        {{DNS("example.com"), NAMES_END}, "(it covers example.com)"},
        {{DNS("a.example"), DNS("*.example.net"), NAMES_END},
         "(it covers a.example and *.example.net)"},
        {{DNS("a"), DNS("b"), DNS("c"), DNS("d"), DNS("e"), NAMES_END},
         "(it covers a, b, c, d and e)"},
        {{DNS("a"), DNS("b"), DNS("c"), DNS("d"), DNS("e"), DNS("f"), DNS("g"), NAMES_END},
         "(it covers a, b, c, d, e and 2 more)"},
        {{DNS(HOST "\0.evil.example"), NAMES_END}, "(it covers no DNS name)"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const mta_sts_findings *findings = check(*state, read_names(*state, cases[i].names));

        assert_string_equal(findings_summary(*state, findings), "error certificate-name-missing@0");
        assert_contains(only_message(findings), cases[i].message);
        assert_string_equal(mta_sts_findings_at(findings, 0)->fix, NAME_FIX);
    }
}

static void test_hostile_names_are_quoted(void **state)
{
    static const san names[] = {DNS("\x1b[2J\r\n"), DNS("\"\\"), DNS("\xff\xc3\x28"), NAMES_END};
    const char *endless = apr_psprintf(*state, "%0300d", 0);
    const san long_names[] = {{GEN_DNS, endless, (int)strlen(endless)}, NAMES_END};
    const char *message = only_message(check(*state, read_names(*state, names)));

    assert_contains(message, "\"\\x1b[2J\\x0d\\x0a\", '\"\\' and \"\\xff\\xc3(\"");
    message = only_message(check(*state, read_names(*state, long_names)));
    assert_true(strlen(message) < 300 + strlen(directory));
}

/* Each is wrong by itself: adding the name would not change the date. */
static void test_a_wrong_name_and_a_wrong_date_are_both_reported(void **state)
{
    static const san others[] = {DNS("example.com"), NAMES_END};
    const mta_sts_certificate *certificate = read_names(*state, others);

    assert_string_equal(
        findings_summary(*state, check_at(*state, certificate, certificate->not_after + 1)),
        "error certificate-name-missing@0, error certificate-expired@0");
    assert_string_equal(
        findings_summary(*state, check_at(*state, certificate, certificate->not_before - 1)),
        "error certificate-name-missing@0, error certificate-not-yet-valid@0");
    assert_string_equal(
        findings_summary(*state, check_at(*state, certificate, certificate->not_after)),
        "error certificate-name-missing@0, warning certificate-expires-soon@0");
}

static void test_findings_are_appended_to_existing_ones(void **state)
{
    mta_sts_findings *findings = mta_sts_findings_make(*state);

    mta_sts_finding_add(findings, MTA_STS_OK, "mx-found", "example.com", NULL, "fine");
    mta_sts_certificate_check(read_names(*state, NULL), HOST, NOW, NAME_FIX, findings);
    assert_string_equal(findings_summary(*state, findings),
                        "ok mx-found@0, error certificate-name-missing@0");
}

static void test_findings_outlive_the_certificate(void **state)
{
    static const san others[] = {DNS("www.example.com"), NAMES_END};
    const char *path = write_text(*state, pem_with(*state, others));
    const char *missing = new_path(*state);
    mta_sts_findings *findings = mta_sts_findings_make(*state);
    apr_pool_t *of_result;

    assert_int_equal(apr_pool_create(&of_result, *state), APR_SUCCESS);
    mta_sts_certificate_check(mta_sts_certificate_read(of_result, path, NULL), HOST, NOW, NAME_FIX,
                              findings);
    mta_sts_certificate_check(mta_sts_certificate_read(of_result, missing, NULL), HOST, NOW, NAME_FIX,
                              findings);
    apr_pool_clear(of_result);
    memset(apr_palloc(of_result, 4000), '\x01', 4000); /* as a later user of the memory would do */
    assert_findings_are_printable(findings);
    assert_contains(mta_sts_findings_at(findings, 0)->message, "(it covers www.example.com)");
    assert_contains(mta_sts_findings_at(findings, 1)->message, strerror(ENOENT));
    apr_pool_destroy(of_result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_dates_are_read_from_both_forms_of_time),
        POOL_TEST(test_dates_do_not_depend_on_the_time_zone),
        POOL_TEST(test_the_dates_determine_the_finding),
        POOL_TEST(test_a_valid_certificate_with_the_host_name_gives_no_finding),
        POOL_TEST(test_a_certificate_for_other_hosts_is_an_error_that_lists_its_names),
        POOL_TEST(test_hostile_names_are_quoted),
        POOL_TEST(test_a_wrong_name_and_a_wrong_date_are_both_reported),
        POOL_TEST(test_findings_are_appended_to_existing_ones),
        POOL_TEST(test_findings_outlive_the_certificate),
    };

    return RUN_DIRECTORY_TESTS(tests);
}
