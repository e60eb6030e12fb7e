/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "core/policy/host.h"
#include "findings_fixture.h"
#include "table_fixture.h"

#define DOMAIN "example.com"
#define HOST "mta-sts.example.com"

#define DAY apr_time_from_sec(24 * 60 * 60)
#define NOW apr_time_from_sec(APR_INT64_C(1767225600)) /* 2026-01-01 00:00:00 UTC */

/* Locations by their lines, as they appear in a table: "policy-differs@10". */
#define HTTP_LINE 10
#define HTTPS_LINE 20
#define HTTPS_HOST_LINE 15

static const char http_file[] = "/etc/apache2/sites-enabled/mail.conf";
static const char https_file[] = "/etc/apache2/sites-enabled/mail-le-ssl.conf";

static const char enforce[] = "version: STSv1\r\nmode: enforce\r\n";
static const char testing[] = "version: STSv1\r\nmode: testing\r\n";

/* A certificate by its letter: good, for another Name, eXpired, Soon over, not yet begun (Future),
 * Unreadable. Its path is that letter with ".pem". */
static mta_sts_certificate *make_certificate(apr_pool_t *p, char letter)
{
    mta_sts_certificate *certificate = apr_pcalloc(p, sizeof(*certificate));

    certificate->path = apr_psprintf(p, "/etc/ssl/%c.pem", letter);
    certificate->names = apr_array_make(p, 1, sizeof(const char *));
    if (letter == 'u') {
        certificate->error = "Permission denied";
        return certificate;
    }
    APR_ARRAY_PUSH(certificate->names, const char *) = letter == 'n' ? "www.example.com" : HOST;
    certificate->not_before = NOW - 30 * DAY;
    certificate->not_after = NOW + 60 * DAY;
    if (letter == 'x') {
        certificate->not_after = NOW - DAY;
    }
    else if (letter == 's') {
        certificate->not_after = NOW + 5 * DAY;
    }
    else if (letter == 'f') {
        certificate->not_before = NOW + DAY;
    }
    return certificate;
}

/* One certificate for each letter; NULL: not known. */
static const apr_array_header_t *make_certificates(apr_pool_t *p, const char *letters)
{
    apr_array_header_t *list;

    if (!letters) {
        return NULL;
    }
    list = apr_array_make(p, 2, sizeof(mta_sts_certificate *));
    for (; *letters; letters++) {
        APR_ARRAY_PUSH(list, mta_sts_certificate *) = make_certificate(p, *letters);
    }
    return list;
}

static mta_sts_policy_host make_facts(apr_pool_t *p, const char *http, int has_https,
                                      const char *https, const char *certificates)
{
    mta_sts_policy_host facts = {.domain = DOMAIN, .host = HOST};

    facts.http = (mta_sts_configured){http, {http_file, HTTP_LINE}};
    if (has_https) {
        facts.has_https = 1;
        facts.https_at = (mta_sts_location){https_file, HTTPS_HOST_LINE};
        facts.https =
            (mta_sts_configured){https, {https_file, https ? HTTPS_LINE : HTTPS_HOST_LINE}};
        facts.certificates = make_certificates(p, certificates);
    }
    return facts;
}

/* Runs the check; asserts that every finding is complete. */
static mta_sts_findings *check(apr_pool_t *p, const mta_sts_policy_host *facts)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);
    int i;

    mta_sts_policy_host_check(facts, NOW, findings);
    assert_findings_are_printable(findings);
    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        assert_string_equal(finding->subject, HOST);
        assert_non_null(finding->fix);
        if (finding->file) {
            assert_string_equal(finding->file, finding->line == HTTP_LINE ? http_file : https_file);
        }
        if (strstr(finding->message, "(null)") || strstr(finding->fix, "(null)")) {
            fail_msg("%s: \"%s\", \"%s\"", finding->id, finding->message, finding->fix);
        }
    }
    return findings;
}

/* The only finding about these facts. */
static const mta_sts_finding *only_finding(apr_pool_t *p, const char *http, int has_https,
                                           const char *https, const char *certificates)
{
    mta_sts_policy_host facts = make_facts(p, http, has_https, https, certificates);
    const mta_sts_findings *findings = check(p, &facts);

    assert_int_equal(findings->list->nelts, 1);
    return mta_sts_findings_at(findings, 0);
}

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("\"%s\" does not contain \"%s\"", text, part);
    }
}

typedef struct row {
    const char *http; /* what the http virtual host serves */
    int has_https;
    const char *https;        /* what the https virtual host serves */
    const char *certificates; /* letters; NULL: not known */
    const char *expected;
} row;

static void check_rows(apr_pool_t *p, const row *rows, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        mta_sts_policy_host facts =
            make_facts(p, rows[i].http, rows[i].has_https, rows[i].https, rows[i].certificates);
        const char *summary = findings_summary(p, check(p, &facts));

        if (strcmp(summary, rows[i].expected) != 0) {
            fail_msg("row %d: \"%s\" instead of \"%s\"", (int)i, summary, rows[i].expected);
        }
    }
}

static void test_a_host_without_https_is_reported_once_as_info(void **state)
{
    static const row rows[] = {
        {enforce, 0, NULL, NULL, "info https-missing@10"},
        {testing, 0, NULL, "", "info https-missing@10"},
        {NULL, 0, NULL, NULL, "info https-missing@10"},
    };

    check_rows(*state, rows, COUNT(rows));
}

static void test_a_healthy_host_gives_no_finding(void **state)
{
    static const row rows[] = {
        {enforce, 1, enforce, "g", ""},  {testing, 1, testing, "gg", ""},
        {enforce, 1, enforce, NULL, ""}, /* a proxy in front of httpd has the certificate */
        {NULL, 1, enforce, "g", ""},     {NULL, 1, enforce, NULL, ""},
    };

    check_rows(*state, rows, COUNT(rows));
}

static void test_http_and_https_must_serve_the_same_policy(void **state)
{
    static const row rows[] = {
        {enforce, 1, testing, "g", "warning policy-differs@10"},
        {testing, 1, enforce, NULL, "warning policy-differs@10"},
        {enforce, 1, "", "g", "warning policy-differs@10"},
        {enforce, 1, "version: STSv1\r\n", "g", "warning policy-differs@10"},
        {enforce, 1, NULL, "g", "warning policy-only-http@10"},
        {enforce, 1, NULL, NULL, "warning policy-only-http@10"},
    };

    check_rows(*state, rows, COUNT(rows));
}

static void test_policies_are_compared_by_their_texts(void **state)
{
    mta_sts_policy_host facts = make_facts(*state, enforce, 1, enforce, "g");

    facts.https.text = apr_pstrdup(*state, enforce);
    assert_int_equal(check(*state, &facts)->list->nelts, 0);
}

static void test_every_certificate_is_judged(void **state)
{
    static const row rows[] = {
        {NULL, 1, enforce, "n", "error certificate-name-missing@15"},
        {NULL, 1, enforce, "x", "error certificate-expired@15"},
        {NULL, 1, enforce, "f", "error certificate-not-yet-valid@15"},
        {NULL, 1, enforce, "s", "warning certificate-expires-soon@15"},
        {NULL, 1, enforce, "u", "warning certificate-unreadable@15"},
        {NULL, 1, enforce, "gx", "error certificate-expired@15"},
        {NULL, 1, enforce, "xg", "error certificate-expired@15"},
        {NULL, 1, enforce, "gun",
         "warning certificate-unreadable@15, error certificate-name-missing@15"},
        {NULL, 1, enforce, "nn",
         "error certificate-name-missing@15, error certificate-name-missing@15"},
        {NULL, 1, enforce, "", "info certificate-missing@15"},
    };

    check_rows(*state, rows, COUNT(rows));
}

static void test_policies_and_certificates_are_both_judged(void **state)
{
    static const row rows[] = {
        {enforce, 1, testing, "x", "warning policy-differs@10, error certificate-expired@15"},
        {enforce, 1, NULL, "n", "warning policy-only-http@10, error certificate-name-missing@15"},
        {enforce, 1, testing, "", "warning policy-differs@10, info certificate-missing@15"},
    };

    check_rows(*state, rows, COUNT(rows));
}

static void test_a_host_without_https_gets_the_exact_command(void **state)
{
    const mta_sts_finding *finding = only_finding(*state, enforce, 0, NULL, NULL);

    assert_string_equal(finding->fix, "run: certbot --apache -d " HOST);
    assert_string_equal(finding->file, http_file);
}

static void test_different_policies_are_reported_with_both_locations(void **state)
{
    const mta_sts_finding *finding = only_finding(*state, enforce, 1, testing, "g");

    assert_contains(finding->message, apr_psprintf(*state, "(%s:10)", http_file));
    assert_contains(finding->message, apr_psprintf(*state, "(%s:20)", https_file));
    assert_contains(finding->message, "which senders see");
    assert_contains(finding->fix, apr_psprintf(*state, "%s:20", https_file));
    assert_contains(finding->fix, "<MTASTSPolicy " DOMAIN ">");
}

static void test_a_policy_only_on_http_is_reported_with_the_virtual_host_that_lacks_it(void **state)
{
    const mta_sts_finding *finding = only_finding(*state, enforce, 1, NULL, "g");

    assert_contains(finding->message, apr_psprintf(*state, "(%s:10)", http_file));
    assert_contains(finding->message, apr_psprintf(*state, "(%s:15)", https_file));
    assert_contains(finding->fix, apr_psprintf(*state, "%s:15", https_file));
    assert_contains(finding->fix, "<MTASTSPolicy " DOMAIN ">");
}

static void test_a_certificate_for_other_hosts_gets_the_exact_command(void **state)
{
    const mta_sts_finding *finding = only_finding(*state, enforce, 1, enforce, "n");

    assert_string_equal(finding->fix,
                        "run: certbot --apache -d " HOST " (with mod_md: add MDomain " HOST ")");
    assert_contains(finding->message, "it covers www.example.com");
}

static void test_a_finding_about_a_certificate_names_its_file(void **state)
{
    mta_sts_policy_host facts = make_facts(*state, NULL, 1, enforce, "gxsnu");
    const mta_sts_findings *findings = check(*state, &facts);

    assert_int_equal(findings->list->nelts, 4);
    assert_contains(mta_sts_findings_at(findings, 0)->message, "/etc/ssl/x.pem");
    assert_contains(mta_sts_findings_at(findings, 1)->message, "/etc/ssl/s.pem");
    assert_contains(mta_sts_findings_at(findings, 2)->message, "/etc/ssl/n.pem");
    assert_contains(mta_sts_findings_at(findings, 3)->message, "/etc/ssl/u.pem");
}

static void test_a_host_without_a_location_gives_findings_without_one(void **state)
{
    mta_sts_policy_host facts = make_facts(*state, NULL, 0, NULL, NULL);
    const mta_sts_finding *finding;

    facts.http.at = (mta_sts_location){NULL, 0};
    finding = mta_sts_findings_at(check(*state, &facts), 0);
    assert_string_equal(finding->id, "https-missing");
    assert_null(finding->file);
    assert_int_equal(finding->line, 0);
}

/* One list for all hosts: findings about earlier hosts keep their locations. */
static void test_existing_findings_are_not_changed(void **state)
{
    mta_sts_policy_host differs = make_facts(*state, enforce, 1, testing, "x");
    mta_sts_policy_host bare = make_facts(*state, enforce, 0, NULL, NULL);
    mta_sts_findings *findings = mta_sts_findings_make(*state);
    mta_sts_finding *first =
        mta_sts_finding_add(findings, MTA_STS_OK, "mx-found", "example.net", NULL, "fine");

    first->file = "fine.conf";
    first->line = 3;
    bare.http.at.line = 30;
    mta_sts_policy_host_check(&differs, NOW, findings);
    mta_sts_policy_host_check(&bare, NOW, findings);
    assert_string_equal(findings_summary(*state, findings),
                        "ok mx-found@3, warning policy-differs@10, error certificate-expired@15, "
                        "info https-missing@30");
    assert_string_equal(mta_sts_findings_at(findings, 0)->file, "fine.conf");
}

static void test_a_certificate_is_judged_at_the_given_time(void **state)
{
    static const struct {
        apr_time_t now;
        const char *expected;
    } cases[] = {
        {NOW - 31 * DAY, "error certificate-not-yet-valid@15"},
        {NOW, ""},
        {NOW + 50 * DAY, "warning certificate-expires-soon@15"},
        {NOW + 61 * DAY, "error certificate-expired@15"},
    };
    mta_sts_policy_host facts = make_facts(*state, enforce, 1, enforce, "g");
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mta_sts_findings *findings = mta_sts_findings_make(*state);

        mta_sts_policy_host_check(&facts, cases[i].now, findings);
        assert_string_equal(findings_summary(*state, findings), cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_host_without_https_is_reported_once_as_info),
        POOL_TEST(test_a_healthy_host_gives_no_finding),
        POOL_TEST(test_http_and_https_must_serve_the_same_policy),
        POOL_TEST(test_policies_are_compared_by_their_texts),
        POOL_TEST(test_every_certificate_is_judged),
        POOL_TEST(test_policies_and_certificates_are_both_judged),
        POOL_TEST(test_a_host_without_https_gets_the_exact_command),
        POOL_TEST(test_different_policies_are_reported_with_both_locations),
        POOL_TEST(test_a_policy_only_on_http_is_reported_with_the_virtual_host_that_lacks_it),
        POOL_TEST(test_a_certificate_for_other_hosts_gets_the_exact_command),
        POOL_TEST(test_a_finding_about_a_certificate_names_its_file),
        POOL_TEST(test_a_host_without_a_location_gives_findings_without_one),
        POOL_TEST(test_existing_findings_are_not_changed),
        POOL_TEST(test_a_certificate_is_judged_at_the_given_time),
    };

    return RUN_POOL_TESTS(tests);
}
