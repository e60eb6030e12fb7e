/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include "check_fixture.h"

/* Each command that is advised works once the steps before it are done. */
static void test_advice_for_a_missing_record_begins_with_what_is_missing_before(void **state)
{
    static const struct {
        const char *text; /* what is served; NULL: nothing */
        const char *configured, *fix;
    } cases[] = {
        {ENFORCE, NULL, "run 'mta-sts dns example.com' to get the record, then publish it"},
        {ENFORCE, "id", "run 'mta-sts dns example.com' to get the record, then publish it"},
        {NULL, "id",
         "first fix what is reported about the policy host; then run 'mta-sts dns example.com' to "
         "get the record, and publish it"},
        {NULL, NULL,
         "serve a policy first (on the web server: mta-sts-setup example.com); then run 'mta-sts "
         "dns example.com' to get the record, and publish it"},
        {"mode: enforce\r\n", NULL, "serve a policy first"},
    };
    static const char *const records[] = {NULL, "v=STSv1", "v=STSv1; id=!;"};
    size_t i, j;

    for (i = 0; i < COUNT(cases); i++) {
        for (j = 0; j < COUNT(records); j++) {
            mta_sts_check_facts *facts = healthy(*state, cases[i].text ? cases[i].text : ENFORCE);
            const mta_sts_finding *finding;

            facts->fetches->nelts = cases[i].text ? facts->fetches->nelts : 0;
            facts->configured_id = cases[i].configured;
            facts->record = one(*state, records[j]);
            finding = find(mta_sts_check_judge(*state, facts, &limits),
                           j == 2 ? "id-malformed" : "record-missing");
            if (j < 2) {
                assert_memory_equal(finding->fix, cases[i].fix, strlen(cases[i].fix));
            }
            assert_null(strstr(finding->fix, "DOMAIN "));
        }
    }
}

static void test_a_missing_tlsrpt_record_is_proposed_with_the_endpoint_that_is_known(void **state)
{
    mta_sts_check_facts *facts = healthy(*state, ENFORCE);
    const char *fix;

    no_tlsrpt(*state, facts);
    fix = find(mta_sts_check_judge(*state, facts, &limits), "tlsrpt-missing")->fix;
    assert_non_null(strstr(fix, "\"v=TLSRPTv1; rua=mailto:YOU@example.com\""));
    facts->endpoint = "https://mta-sts.example.com/r";
    fix = find(mta_sts_check_judge(*state, facts, &limits), "tlsrpt-missing")->fix;
    assert_non_null(strstr(fix, "rua=https://mta-sts.example.com/r,mailto:YOU@example.com\""));
}

/* The fix of the first finding with this id, in any section; NULL: there is none. */
static const char *fix_of(const mta_sts_check_result *result, const char *id)
{
    int i, j;

    for (i = 0; i < result->sections->nelts; i++) {
        const mta_sts_findings *findings =
            APR_ARRAY_IDX(result->sections, i, mta_sts_check_section).findings;

        for (j = 0; j < findings->list->nelts; j++) {
            if (strcmp(mta_sts_findings_at(findings, j)->id, id) == 0) {
                return mta_sts_findings_at(findings, j)->fix;
            }
        }
    }
    return NULL;
}

static void test_what_is_wrong_with_a_delegated_record_is_for_its_owner_to_change(void **state)
{
    static const struct {
        int is_tlsrpt;
        const char *record, *id, *fix; /* of a finding; fix: what the owner is asked for */
    } cases[] = {
        {0, "other text", "record-missing", "publish the right record there"},
        {0, "v=STSv1", "record-missing", "publish the right record there"},
        {0, "v=STSv1; id=a-b", "id-malformed", "publish \"v=STSv1; id=ab;\""},
        {0, "v=STSv1, id=1", "text-altered", "publish \"v=STSv1; id=1;\""},
        {1, "other text", "record-missing", "publish the right record there"},
        {1, "v=TLSRPTv1; ruf=mailto:a@example.com", "text-altered",
         "publish \"v=TLSRPTv1; rua=mailto:a@example.com\""},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mta_sts_check_facts *facts = healthy(*state, TESTING);
        mta_sts_answer *answer = cases[i].is_tlsrpt ? &facts->tlsrpt : &facts->record;
        const char *name = cases[i].is_tlsrpt ? facts->tlsrpt_name : facts->record_name, *fix;

        *answer = one(*state, cases[i].record);
        answer->alias = "x.provider.example";
        fix = fix_of(mta_sts_check_judge(*state, facts, &limits), cases[i].id);
        assert_non_null(fix);
        assert_string_equal(
            fix,
            apr_psprintf(
                *state,
                "ask the operator of \"x.provider.example\", where the CNAME of %s points, to %s",
                name, cases[i].fix));
    }
}

static void test_no_id_is_advised_for_a_policy_that_senders_do_not_accept(void **state)
{
    static const char *const types[] = {"text/html", "application/octet-stream", NULL};
    size_t i;

    for (i = 0; i < COUNT(types); i++) {
        mta_sts_check_facts *facts = healthy(*state, TESTING);

        facts->record = one(*state, "v=STSv1; id=01234567890123456789;");
        assert_non_null(fix_of(mta_sts_check_judge(*state, facts, &limits), "id-differs"));
        APR_ARRAY_IDX(facts->fetches, 0, mta_sts_policy_fetch *)->content_type = types[i];
        assert_null(fix_of(mta_sts_check_judge(*state, facts, &limits), "id-differs"));
    }
}

static void test_a_delegated_record_is_for_its_owner_to_change(void **state)
{
    mta_sts_check_facts *facts = healthy(*state, ENFORCE);
    const mta_sts_finding *finding;

    publish_id(*state, facts, TESTING);
    facts->record.alias = "_mta-sts.provider.example";
    finding = find(mta_sts_check_judge(*state, facts, &limits), "id-differs");
    assert_null(strstr(finding->fix, "publish \""));
    assert_non_null(strstr(finding->fix, "_mta-sts.provider.example"));
    assert_non_null(strstr(finding->fix, mta_sts_policy_id(*state, ENFORCE, strlen(ENFORCE))));
    facts->is_hosted = 1; /* the provider asks, who runs that zone */
    finding = find(mta_sts_check_judge(*state, facts, &limits), "id-differs");
    assert_non_null(strstr(finding->fix, "publish \"v=STSv1; id="));
    assert_non_null(strstr(finding->fix, "at \"_mta-sts.provider.example\", where the CNAME of"));
}

static void test_each_wrong_status_has_its_own_cause_and_fix(void **state)
{
    static const struct {
        int status;
        const char *body, *message, *fix;
    } cases[] = {
        {401, "", "asks for a password", "authentication"},
        {403, "", "access denied", "Require"},
        {403, "", "access denied", "ModSecurity: Access denied"},
        {403, "<p>You don't have permission to access this resource.</p>",
         "denied the request before mod_mta_sts was asked", "a rule of phase 1"},
        {403, "<html>Blocked by mod_security", "web application firewall", "exempt this URL"},
        {406, "<h1>Not Acceptable!</h1>", "web application firewall", "exempt this URL"},
        {404, "", "not found", "DUMP_VHOSTS"},
        {429, "", "too many requests", "exempt this URL"},
        {503, "", "server error", "error log"},
        {418, "", "status 418", "DUMP_VHOSTS"},
        {204, "", "status 204", "DUMP_VHOSTS"},
        {206, "", "a part of the document", "a cache or a proxy"},
        {304, "", "not modified", "a cache or a proxy"},
        {403,
         "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n<center><h1>403 "
         "Forbidden</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>",
         "the page is that of nginx", "pass this URL on to httpd"},
        {404, "<hr><center>nginx</center>", "the page is that of nginx", "another web server"},
        {502, "<hr><center>cloudflare</center>", "that of Cloudflare", "the log of Cloudflare"},
        {503,
         "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this "
         "request.\n</body></html>",
         "that of HAProxy", "in front of httpd"},
        {403, "<h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n",
         "that of HAProxy", "for every client"},
        {429,
         "<html><body><h1>429 Too Many Requests</h1>\nYou have sent too many requests in a given "
         "amount of time.\n</body></html>",
         "that of HAProxy", "in front of httpd"},
        {504, "<h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.\n",
         "that of HAProxy", "in front of httpd"},
        {503, "<h1>Error 503 Backend fetch failed</h1><h3>Guru Meditation:</h3>", "that of Varnish",
         "in front of httpd"},
        {503, "<title>Just a moment...</title><center>cloudflare</center>", "bot protection",
         "exempt this URL"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mta_sts_check_facts *facts = healthy(*state, ENFORCE);
        const mta_sts_finding *finding;

        fetch_of(facts, 0)->http_status = cases[i].status;
        fetch_of(facts, 0)->text = cases[i].body;
        fetch_of(facts, 0)->len = strlen(cases[i].body);
        finding = find(mta_sts_check_judge(*state, facts, &limits), "fetch-status");
        assert_non_null(strstr(finding->message, cases[i].message));
        assert_non_null(strstr(finding->fix, cases[i].fix));
    }
}

static void test_no_advice_is_drawn_from_a_web_page(void **state)
{
    mta_sts_check_facts *facts = healthy(*state, ENFORCE);

    fetch_of(facts, 0)->text = "\n<!doctype html><title>Welcome</title>";
    fetch_of(facts, 0)->len = strlen(fetch_of(facts, 0)->text);
    fetch_of(facts, 0)->content_type = "text/html";
    assert_judged(*state, facts, "page", "error content-type; unprotected, no");
    assert_non_null(
        strstr(find(mta_sts_check_judge(*state, facts, &limits), "content-type")->message,
               "a web page instead of the policy"));
}

static void test_a_web_page_with_status_200_is_recognized_as_well(void **state)
{
    static const char *const pages[][3] = {
        {"<title>Just a moment...</title>", "bot protection", "exempt this URL"},
        {"<h1>Welcome to nginx!</h1><hr><center>nginx</center>", "that of nginx",
         "pass this URL on"},
        {"<h1>It works!</h1>", "a web page instead of the policy", "DUMP_VHOSTS"},
    };
    size_t i;

    for (i = 0; i < COUNT(pages); i++) {
        mta_sts_check_facts *facts = healthy(*state, ENFORCE);
        const mta_sts_finding *finding;

        fetch_of(facts, 0)->content_type = "text/html";
        fetch_of(facts, 0)->text = pages[i][0];
        fetch_of(facts, 0)->len = strlen(pages[i][0]);
        finding = find(mta_sts_check_judge(*state, facts, &limits), "content-type");
        assert_non_null(strstr(finding->message, pages[i][1]));
        assert_non_null(strstr(finding->fix, pages[i][2]));
    }
}

/* Its id would bring senders to what they cannot use. */
static void test_no_id_is_advised_for_an_answer_that_is_no_valid_policy(void **state)
{
    static const char *const texts[] = {
        "Not found\n", "{\"error\": \"not found\"}", "<html>Welcome</html>",
        "version: STSv1\r\nmode: enforce\r\nmax_age: 604800\r\n",
        "version: STSv1\r\nmode: Enforce\r\nmx: mx1.example.com\r\nmax_age: 604800\r\n"};
    size_t i;
    int j, k;

    for (i = 0; i < COUNT(texts); i++) {
        mta_sts_check_facts *facts = healthy(*state, ENFORCE);
        const mta_sts_check_result *result;

        fetch_of(facts, 0)->text = texts[i];
        fetch_of(facts, 0)->len = strlen(texts[i]);
        result = mta_sts_check_judge(*state, facts, &limits);
        for (j = 0; j < result->sections->nelts; j++) {
            const mta_sts_findings *findings =
                APR_ARRAY_IDX(result->sections, j, mta_sts_check_section).findings;

            for (k = 0; k < findings->list->nelts; k++) {
                assert_string_not_equal(mta_sts_findings_at(findings, k)->id, "id-differs");
            }
        }
    }
}

static void test_mode_enforce_is_unknown_where_the_mx_hosts_are(void **state)
{
    static const struct {
        mta_sts_answer_status status;
        const char *enforce, *advice;
    } cases[] = {
        {MTA_STS_ANSWER_TIMEOUT, "unknown", "could not determine"},
        {MTA_STS_ANSWER_SERVFAIL, "unknown", "fix their lookup first"},
        {MTA_STS_ANSWER_BOGUS, "unknown", "fix their lookup first"},
        {MTA_STS_ANSWER_NODATA, "no", "receives no mail"},
        {MTA_STS_ANSWER_NXDOMAIN, "no", "receives no mail"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mta_sts_check_facts *facts = healthy(*state, TESTING);
        const mta_sts_check_result *result;

        facts->mx = one(*state, NULL);
        facts->mx.status = cases[i].status;
        facts->mxs->nelts = 0;
        result = mta_sts_check_judge(*state, facts, &limits);
        assert_string_equal(mta_sts_safety_name(result->verdict.enforce), cases[i].enforce);
        assert_non_null(strstr(result->verdict.advice, cases[i].advice));
    }
}

/* Beside what a wildcard record answers, or with the two records exchanged. */
static void test_a_record_at_a_wrong_name_is_found_beside_other_texts(void **state)
{
    static const char *const others[] = {NULL, "v=spf1 -all", "google-site-verification=x"};
    mta_sts_check_facts *facts;
    size_t i;

    for (i = 0; i < COUNT(others); i++) {
        mta_sts_check_misplaced *misplaced = apr_pcalloc(*state, sizeof(*misplaced));

        facts = healthy(*state, ENFORCE);
        misplaced->name = "example.com";
        misplaced->answer = facts->record;
        facts->record = one(*state, others[i]);
        facts->misplaced = apr_array_make(*state, 1, sizeof(mta_sts_check_misplaced *));
        APR_ARRAY_PUSH(facts->misplaced, mta_sts_check_misplaced *) = misplaced;
        assert_judged(*state, facts, others[i] ? others[i] : "nothing",
                      "error record-misplaced; unprotected, no");
    }
    facts = healthy(*state, ENFORCE);
    facts->tlsrpt = facts->record;
    facts->record = one(*state, "v=TLSRPTv1; rua=mailto:tls@example.com");
    assert_judged(*state, facts, "exchanged",
                  "error record-misplaced, warning record-misplaced; unprotected, no");
    assert_string_equal(find(mta_sts_check_judge(*state, facts, &limits), "record-misplaced")->fix,
                        "move it to _mta-sts.example.com");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_advice_for_a_missing_record_begins_with_what_is_missing_before),
        POOL_TEST(test_a_missing_tlsrpt_record_is_proposed_with_the_endpoint_that_is_known),
        POOL_TEST(test_a_delegated_record_is_for_its_owner_to_change),
        POOL_TEST(test_what_is_wrong_with_a_delegated_record_is_for_its_owner_to_change),
        POOL_TEST(test_no_id_is_advised_for_a_policy_that_senders_do_not_accept),
        POOL_TEST(test_each_wrong_status_has_its_own_cause_and_fix),
        POOL_TEST(test_no_advice_is_drawn_from_a_web_page),
        POOL_TEST(test_a_web_page_with_status_200_is_recognized_as_well),
        POOL_TEST(test_no_id_is_advised_for_an_answer_that_is_no_valid_policy),
        POOL_TEST(test_mode_enforce_is_unknown_where_the_mx_hosts_are),
        POOL_TEST(test_a_record_at_a_wrong_name_is_found_beside_other_texts),
    };

    return RUN_POOL_TESTS(tests);
}
