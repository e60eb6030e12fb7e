/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include "core/base/name.h"
#include "core/policy/provider.h"
#include "table_fixture.h"

static void test_an_mx_host_belongs_to_a_provider_by_its_domain_only(void **state)
{
    static const struct {
        const char *host, *name;
    } cases[] = {
        {"aspmx.l.google.com", "Google Workspace"},
        {"alt4.aspmx.l.google.com", "Google Workspace"},
        {"ALT4.ASPMX.L.GOOGLE.COM", "Google Workspace"},
        {"smtp.google.com", "Google Workspace"},
        {"aspmx2.googlemail.com", "Google Workspace"},
        {"example-com.mail.protection.outlook.com", "Microsoft 365"},
        {"example-com.h-v1.mx.microsoft", "Microsoft 365"},
        {"in1-smtp.messagingengine.com", "Fastmail"},
        {"mail.google.com.example.com", NULL},
        {"notaspmx.l.google.com", NULL},
        {"evilgooglemail.com", NULL},
        {"mx1.example.com", NULL},
        {"com", NULL},
    };
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(cases); i++) {
        const mta_sts_provider *found = mta_sts_provider_of_host(cases[i].host);

        if (cases[i].name) {
            assert_non_null(found);
            assert_string_equal(found->name, cases[i].name);
        }
        else {
            assert_null(found);
        }
    }
}

static void test_the_documented_pattern_covers_the_host_it_is_proposed_for(void **state)
{
    static const struct {
        const char *host, *pattern;
    } cases[] = {
        {"aspmx.l.google.com", "aspmx.l.google.com"},
        {"alt1.aspmx.l.google.com", "*.aspmx.l.google.com"},
        {"smtp.google.com", "smtp.google.com"},
        {"aspmx2.googlemail.com", "*.googlemail.com"},
        {"example-com.mail.protection.outlook.com", "*.mail.protection.outlook.com"},
        {"x.h-v1.mx.microsoft", "x.h-v1.mx.microsoft"},
        {"mx1.example.com", "mx1.example.com"},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const char *pattern = mta_sts_provider_pattern(*state, cases[i].host);

        assert_string_equal(pattern, cases[i].pattern);
        assert_true(mta_sts_name_matches_mx(pattern, cases[i].host));
    }
}

static void test_wrong_patterns_are_recognized_as_meant_for_a_provider(void **state)
{
    static const char *const patterns[] = {"*.google.com",   "google.com",  "*.mx.microsoft",
                                           "*.outlook.com",  "outlook.com", "*.l.google.com",
                                           "*.fastmail.com", "mailbox.org"};
    size_t i;

    (void)state;
    for (i = 0; i < COUNT(patterns); i++) {
        const mta_sts_provider *found = mta_sts_provider_of_pattern(patterns[i]);

        assert_non_null(found);
        assert_true(*found->pitfall && *found->source && *found->date);
    }
    assert_null(mta_sts_provider_of_pattern("*.example.com"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_an_mx_host_belongs_to_a_provider_by_its_domain_only),
        POOL_TEST(test_the_documented_pattern_covers_the_host_it_is_proposed_for),
        POOL_TEST(test_wrong_patterns_are_recognized_as_meant_for_a_provider),
    };

    return RUN_POOL_TESTS(tests);
}
