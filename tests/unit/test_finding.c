/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include <apr_strings.h>

#include "core/base/finding.h"

static void test_a_new_list_is_empty(void **state)
{
    mta_sts_findings *findings = mta_sts_findings_make(*state);

    assert_int_equal(findings->list->nelts, 0);
    assert_ptr_equal(findings->pool, *state);
    assert_int_equal(mta_sts_findings_count(findings, MTA_STS_OK), 0);
    assert_int_equal(mta_sts_findings_count(findings, MTA_STS_ERROR), 0);
}

static void test_a_finding_has_the_values_it_was_created_with(void **state)
{
    mta_sts_findings *findings = mta_sts_findings_make(*state);
    mta_sts_finding *finding =
        mta_sts_finding_add(findings, MTA_STS_WARNING, "mx-missing", "example.com", "add one",
                            "%d of %s are 100%% missing", 3, "many");

    assert_int_equal(finding->severity, MTA_STS_WARNING);
    assert_string_equal(finding->id, "mx-missing");
    assert_string_equal(finding->subject, "example.com");
    assert_string_equal(finding->fix, "add one");
    assert_string_equal(finding->message, "3 of many are 100% missing");
}

static void test_a_new_finding_has_no_location(void **state)
{
    mta_sts_findings *findings = mta_sts_findings_make(*state);
    mta_sts_finding *finding =
        mta_sts_finding_add(findings, MTA_STS_OK, "mx-found", "example.com", NULL, "fine");

    assert_null(finding->file);
    assert_null(finding->fix);
    assert_int_equal(finding->line, 0);
}

static void test_a_location_set_on_the_returned_finding_is_in_the_list(void **state)
{
    mta_sts_findings *findings = mta_sts_findings_make(*state);
    mta_sts_finding *finding =
        mta_sts_finding_add(findings, MTA_STS_ERROR, "mx-missing", "example.com", NULL, "broken");

    finding->file = "/etc/apache2/sites-enabled/mail.conf";
    finding->line = 17;
    mta_sts_finding_add(findings, MTA_STS_OK, "mx-found", "example.com", NULL, "fine");
    assert_string_equal(mta_sts_findings_at(findings, 0)->file,
                        "/etc/apache2/sites-enabled/mail.conf");
    assert_int_equal(mta_sts_findings_at(findings, 0)->line, 17);
    assert_null(mta_sts_findings_at(findings, 1)->file);
}

static void test_a_message_is_a_copy_of_its_arguments(void **state)
{
    mta_sts_findings *findings = mta_sts_findings_make(*state);
    char host[] = "mx1.example.com";

    mta_sts_finding_add(findings, MTA_STS_OK, "mx-found", "example.com", NULL, "%s answers", host);
    memset(host, 'X', sizeof(host) - 1);
    assert_string_equal(mta_sts_findings_at(findings, 0)->message, "mx1.example.com answers");
}

static void test_a_message_may_have_any_length(void **state)
{
    mta_sts_findings *findings = mta_sts_findings_make(*state);
    char *text = apr_palloc(*state, 20001);

    memset(text, 'a', 20000);
    text[20000] = '\0';
    mta_sts_finding_add(findings, MTA_STS_OK, "mx-found", "example.com", NULL, "%s%s", text, "b");
    assert_int_equal(strlen(mta_sts_findings_at(findings, 0)->message), 20001);
}

static void test_findings_stay_in_order_of_creation(void **state)
{
    mta_sts_findings *findings = mta_sts_findings_make(*state);
    int i;

    for (i = 0; i < 1000; i++) {
        mta_sts_finding_add(findings, (mta_sts_severity)(i % 5), "mx-found", "list", NULL, "%d", i);
    }
    assert_int_equal(findings->list->nelts, 1000);
    for (i = 0; i < 1000; i++) {
        assert_string_equal(mta_sts_findings_at(findings, i)->message, apr_itoa(*state, i));
        assert_int_equal(mta_sts_findings_at(findings, i)->severity, i % 5);
    }
}

static void test_each_severity_is_counted_on_its_own(void **state)
{
    static const mta_sts_severity made[] = {
        MTA_STS_ERROR, MTA_STS_OK, MTA_STS_WARNING, MTA_STS_ERROR, MTA_STS_INFO, MTA_STS_ERROR,
    };
    mta_sts_findings *findings = mta_sts_findings_make(*state);
    size_t i;

    for (i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        mta_sts_finding_add(findings, made[i], "mx-found", "subject", NULL, "message");
    }
    assert_int_equal(mta_sts_findings_count(findings, MTA_STS_OK), 1);
    assert_int_equal(mta_sts_findings_count(findings, MTA_STS_INFO), 1);
    assert_int_equal(mta_sts_findings_count(findings, MTA_STS_WARNING), 1);
    assert_int_equal(mta_sts_findings_count(findings, MTA_STS_ERROR), 3);
    assert_int_equal(mta_sts_findings_count(findings, MTA_STS_UNKNOWN), 0);
}

static void test_each_severity_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(mta_sts_severity_name(MTA_STS_OK), "ok");
    assert_string_equal(mta_sts_severity_name(MTA_STS_INFO), "info");
    assert_string_equal(mta_sts_severity_name(MTA_STS_WARNING), "warning");
    assert_string_equal(mta_sts_severity_name(MTA_STS_ERROR), "error");
    assert_string_equal(mta_sts_severity_name(MTA_STS_UNKNOWN), "unknown");
}

static void test_only_listed_ids_have_a_meaning(void **state)
{
    (void)state;
    assert_string_equal(mta_sts_finding_meaning("mx-missing"), "The policy has no mx pattern");
    assert_null(mta_sts_finding_meaning("mx-missin"));
    assert_null(mta_sts_finding_meaning(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_only_listed_ids_have_a_meaning),
        POOL_TEST(test_a_new_list_is_empty),
        POOL_TEST(test_a_finding_has_the_values_it_was_created_with),
        POOL_TEST(test_a_new_finding_has_no_location),
        POOL_TEST(test_a_location_set_on_the_returned_finding_is_in_the_list),
        POOL_TEST(test_a_message_is_a_copy_of_its_arguments),
        POOL_TEST(test_a_message_may_have_any_length),
        POOL_TEST(test_findings_stay_in_order_of_creation),
        POOL_TEST(test_each_severity_is_counted_on_its_own),
        POOL_TEST(test_each_severity_has_a_name),
    };

    return RUN_POOL_TESTS(tests);
}
