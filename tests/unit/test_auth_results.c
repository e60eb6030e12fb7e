/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include "cli/import/auth_results.h"
#include "table_fixture.h"

#define US "mx.example.com"

/* A field of the local server about a message from bigmail.example; the signer that passed, or
 * NULL. */
typedef struct auth_case {
    const char *value;
    cli_auth_result result;
    const char *domain;
} auth_case;

static void check_cases(apr_pool_t *p, const auth_case *cases, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        const char *domain = "unset";
        cli_auth_result result =
            cli_auth_results_read(p, cases[i].value, US, "bigmail.example", &domain);
        const char *expected = cases[i].domain ? cases[i].domain : "nothing";

        if (result != cases[i].result || strcmp(domain ? domain : "nothing", expected) != 0) {
            fail_msg("\"%s\": result %d, %s", cases[i].value, result, domain ? domain : "nothing");
        }
    }
}

static void test_a_signature_that_passed_is_found(void **state)
{
    static const auth_case cases[] = {
        {US "; dkim=pass header.d=bigmail.example", CLI_AUTH_DKIM, "bigmail.example"},
        {" MX.Example.Com ;DKIM=Pass Header.D=BigMail.Example", CLI_AUTH_DKIM, "bigmail.example"},
        {US " 1; dkim=pass header.d=bigmail.example", CLI_AUTH_DKIM, "bigmail.example"},
        {US ";\r\n\tdkim=pass (2048-bit key; secure) header.d=bigmail.example\r\n"
            "\theader.i=@bigmail.example header.s=2026 header.b=\"a;b=c\"; spf=pass x.y=z",
         CLI_AUTH_DKIM, "bigmail.example"},
        {US "; dkim=pass header.i=@bigmail.example", CLI_AUTH_DKIM, "bigmail.example"},
        {US "; dkim=pass header.i=user@bigmail.example", CLI_AUTH_DKIM, "bigmail.example"},
        {US "; dkim/1=pass header.d=bigmail.example", CLI_AUTH_DKIM, "bigmail.example"},
        {US "; dkim = pass header.d = bigmail.example", CLI_AUTH_DKIM, "bigmail.example"},
        {US "; dkim=pass reason=\"a \\\"b\\\"; dkim=fail\" header.d=bigmail.example", CLI_AUTH_DKIM,
         "bigmail.example"},
        {US "; dmarc=pass; dkim=fail header.d=a.example; dkim=pass header.d=bigmail.example",
         CLI_AUTH_DKIM, "bigmail.example"},
        {"(a (nested \\) comment)) \"mx.example.com\" (x); dkim=pass header.d=\"bigmail.example\"",
         CLI_AUTH_DKIM, "bigmail.example"},
    };

    check_cases(*state, cases, COUNT(cases));
}

static void test_a_failed_signature_or_one_of_another_domain_verifies_nothing(void **state)
{
    static const auth_case cases[] = {
        {US "; dkim=fail header.d=bigmail.example", CLI_AUTH_DKIM, NULL},
        {US "; dkim=none", CLI_AUTH_DKIM, NULL},
        {US "; dkim=pass", CLI_AUTH_DKIM, NULL},
        {US "; dkim=pass header.d=evil.example", CLI_AUTH_DKIM, NULL},
        {US "; dkim=pass header.d=example", CLI_AUTH_DKIM, NULL},
        {US "; dkim=pass header.d=l.example", CLI_AUTH_DKIM, NULL},
        {US "; dkim=pass header.d=mail.example", CLI_AUTH_DKIM, NULL},
        {US "; dkim=pass header.d=x.bigmail.example", CLI_AUTH_DKIM, NULL},
        {US "; dkim=pass header.d=bigmail.example.evil.example", CLI_AUTH_DKIM, NULL},
        {US "; dkim=pass header.d=evil.example header.i=@bigmail.example", CLI_AUTH_DKIM, NULL},
        {US "; dkim=pass (header.d=bigmail.example)", CLI_AUTH_DKIM, NULL},
        {US "; dkim=fail reason=\"dkim=pass header.d=bigmail.example\"", CLI_AUTH_DKIM, NULL},
        {US "; dkim=passed header.d=bigmail.example", CLI_AUTH_DKIM, NULL},
        {US "; dkim=pass header.d=evil.example header.d=bigmail.example", CLI_AUTH_DKIM, NULL},
        {US "; dkim=pass header.d=bigmail.example header.d=evil.example", CLI_AUTH_DKIM, NULL},
        {US "; \"dkim=pass header.d=bigmail.example\"", CLI_AUTH_NOTHING, NULL},
        {US "; spf=pass header.d=bigmail.example", CLI_AUTH_NOTHING, NULL},
        {US "; dkim-adsp=pass header.d=bigmail.example", CLI_AUTH_NOTHING, NULL},
        {US "; none", CLI_AUTH_NOTHING, NULL},
        {US ";", CLI_AUTH_NOTHING, NULL},
        {US, CLI_AUTH_NOTHING, NULL},
    };

    check_cases(*state, cases, COUNT(cases));
}

static void test_fields_of_other_servers_and_malformed_fields_are_ignored(void **state)
{
    static const auth_case cases[] = {
        {"", CLI_AUTH_OTHER, NULL},
        {";", CLI_AUTH_OTHER, NULL},
        {"evil.example; dkim=pass header.d=bigmail.example", CLI_AUTH_OTHER, NULL},
        {US " 2; dkim=pass header.d=bigmail.example", CLI_AUTH_OTHER, NULL},
        {US " 11; dkim=pass header.d=bigmail.example", CLI_AUTH_OTHER, NULL},
        {"mx.example.com.evil.example; dkim=pass header.d=bigmail.example", CLI_AUTH_OTHER, NULL},
        {"evil.example (mx.example.com); dkim=pass header.d=bigmail.example", CLI_AUTH_OTHER, NULL},
        {"(; mx.example.com; dkim=pass header.d=bigmail.example", CLI_AUTH_OTHER, NULL},
        {US "; dkim=pass header.d=bigmail.example (", CLI_AUTH_OTHER, NULL},
        {US "; dkim=pass header.d=\"bigmail.example", CLI_AUTH_OTHER, NULL},
        {US "; dkim=pass header.d=bigmail.example \\", CLI_AUTH_DKIM, "bigmail.example"},
    };

    check_cases(*state, cases, COUNT(cases));
}

static void test_a_signature_of_a_parent_domain_of_the_author_counts(void **state)
{
    const char *domain;

    assert_int_equal(cli_auth_results_read(*state, US "; dkim=pass header.d=bigmail.example", US,
                                           "reports.eu.bigmail.example", &domain),
                     CLI_AUTH_DKIM);
    assert_string_equal(domain, "bigmail.example");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_signature_that_passed_is_found),
        POOL_TEST(test_a_failed_signature_or_one_of_another_domain_verifies_nothing),
        POOL_TEST(test_fields_of_other_servers_and_malformed_fields_are_ignored),
        POOL_TEST(test_a_signature_of_a_parent_domain_of_the_author_counts),
    };

    return RUN_POOL_TESTS(tests);
}
