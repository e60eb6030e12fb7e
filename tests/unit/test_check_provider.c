/* SPDX-License-Identifier: Apache-2.0 */
/* What `mta-sts check` says about the MX hosts of mail providers, and the patterns for them. */
#include "pool_fixture.h"

#include <string.h>

#include "check_fixture.h"

static void name_google(apr_pool_t *p, mta_sts_check_facts *facts, const char *first)
{
    (void)p;
    mx_of(facts, 0)->host = first;
    APR_ARRAY_IDX(probe_of(facts, 0)->peer.certificate->names, 0, const char *) = first;
}

static void test_a_host_of_a_mail_provider_is_the_providers_business(void **state)
{
    static void (*const breaks[])(mta_sts_check_facts *, int) = {be_expired, be_self_signed,
                                                                 lack_starttls, be_refused};
    static const char *const ids[] = {"certificate-expired", "certificate-self-signed",
                                      "starttls-missing", "smtp-refused"};
    size_t i;

    for (i = 0; i < COUNT(breaks); i++) {
        mta_sts_check_facts *facts = healthy(*state, ENFORCE);
        const char *fix;

        name_google(*state, facts, "alt1.aspmx.l.google.com");
        breaks[i](facts, 0);
        fix = find(mta_sts_check_judge(*state, facts, &limits), ids[i])->fix;
        assert_non_null(strstr(fix, "Google Workspace"));
        assert_null(strstr(fix, "reload"));
    }
}

static void test_a_pattern_of_a_provider_that_is_missing_or_wrong_is_named(void **state)
{
    mta_sts_check_facts *facts = healthy(
        *state, "version: STSv1\r\nmode: testing\r\nmx: mx2.example.com\r\nmx: *.mx.microsoft\r\n"
                "max_age: 604800\r\n");
    const mta_sts_check_result *result;

    name_google(*state, facts, "x.h-v1.mx.microsoft");
    result = mta_sts_check_judge(*state, facts, &limits);
    assert_string_equal(find(result, "mx-not-in-policy")->fix,
                        "add \"mx: x.h-v1.mx.microsoft\" to the policy (Microsoft 365), then "
                        "publish its new id");
    assert_non_null(strstr(find(result, "pattern-unused")->fix,
                           "check the patterns of Microsoft 365: the MX hosts "));
    assert_non_null(strstr(find(result, "pattern-unused")->fix, "exactly one label"));
    name_google(*state, facts, "alt1.aspmx.l.google.com");
    assert_non_null(
        strstr(find(mta_sts_check_judge(*state, facts, &limits), "mx-not-in-policy")->fix,
               "\"mx: *.aspmx.l.google.com\""));
}

static void test_an_unused_pattern_of_a_provider_has_those_that_it_needs_as_its_fix(void **state)
{
    static const struct {
        const char *host, *pattern, *fix; /* the first MX host, the unused pattern */
    } cases[] = {
        {"mx1.example.com", "*.outlook.com",
         "remove the pattern, unless it is for a future MX host; for such a host, use the patterns "
         "of Microsoft 365, *.mail.protection.outlook.com: "},
        {"a-com.mail.protection.outlook.com", "*.outlook.com",
         "use the patterns of Microsoft 365, *.mail.protection.outlook.com: "},
        {"a-com.h-v1.mx.microsoft", "*.mx.microsoft", "check the patterns of Microsoft 365: "},
        {"mx1.example.com", "*.mail.protection.outlook.com",
         "remove the pattern, unless it is for a future MX host"},
        {"smtp.google.com", "*.googlemail.com",
         "keep it: Google Workspace documents it for its MX hosts"},
        {"smtp.google.com", "google.com",
         "use the patterns of Google Workspace, aspmx.l.google.com"},
        {"smtp.google.com.evil.example", "google.com",
         "remove the pattern, unless it is for a future MX host; for such a host, use"},
        {"mx1.example.com", "*.nowhere.example",
         "remove the pattern, unless it is for a future MX host"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mta_sts_check_facts *facts = healthy(
            *state, apr_pstrcat(*state, "version: STSv1\r\nmode: testing\r\nmx: ", cases[i].host,
                                "\r\nmx: mx2.example.com\r\nmx: ", cases[i].pattern,
                                "\r\nmax_age: 604800\r\n", NULL));
        const char *fix;

        mx_of(facts, 0)->host = cases[i].host;
        fix = find(mta_sts_check_judge(*state, facts, &limits), "pattern-unused")->fix;
        if (strncmp(fix, cases[i].fix, strlen(cases[i].fix)) != 0) {
            fail_msg("%s, %s: %s", cases[i].host, cases[i].pattern, fix);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_host_of_a_mail_provider_is_the_providers_business),
        POOL_TEST(test_a_pattern_of_a_provider_that_is_missing_or_wrong_is_named),
        POOL_TEST(test_an_unused_pattern_of_a_provider_has_those_that_it_needs_as_its_fix),
    };

    return RUN_POOL_TESTS(tests);
}
