/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include "core/dns/steps.h"
#include "publication_fixture.h"

/* A situation, and how its steps begin, one a line. */
typedef struct procedure_case {
    world world;
    const char *steps;
} procedure_case;

static const apr_array_header_t *steps_of(apr_pool_t *p, const world *w)
{
    return mta_sts_steps_make(
        p, mta_sts_publication_make(p, fixture_facts(p, w), mta_sts_findings_make(p)));
}

static void check_cases(apr_pool_t *p, const procedure_case *cases, size_t count)
{
    size_t i;
    int step;

    for (i = 0; i < count; i++) {
        const apr_array_header_t *steps = steps_of(p, &cases[i].world);
        const apr_array_header_t *expected = lines_of(p, cases[i].steps);

        for (step = 0; step < steps->nelts && step < expected->nelts; step++) {
            const char *begin = APR_ARRAY_IDX(expected, step, const char *);

            if (strncmp(APR_ARRAY_IDX(steps, step, const char *), begin, strlen(begin)) != 0) {
                fail_msg("expected: %s\nfound:    %s", begin,
                         APR_ARRAY_IDX(steps, step, const char *));
            }
        }
        assert_int_equal(steps->nelts, expected->nelts);
    }
}

#define CHECK(cases) check_cases(*state, cases, COUNT(cases))
#define ALL_WELL                                                                                   \
    {                                                                                              \
        STS, "", "192.0.2.7", "", TLSRPT, "mx1.example.com"                                        \
    }
#define SERVE "curl -s https://mta-sts.example.com/.well-known/mta-sts.txt | sha256sum | cut -c1-20"

static void test_a_finished_deployment_has_no_steps(void **state)
{
    static const procedure_case cases[] = {
        {{.served = MTA_STS_SERVED_SAME, .now = ALL_WELL}, "Nothing to do"},
        {{.served = MTA_STS_SERVED_SAME, .mode = MTA_STS_MODE_TESTING, .now = ALL_WELL},
         "Nothing to do\nStay in mode testing until"},
    };

    CHECK(cases);
}

static void test_a_first_publication_begins_with_the_host_and_ends_with_the_records(void **state)
{
    static const procedure_case cases[] = {
        {{.served = MTA_STS_SERVED_NOTHING, .now = {"", "", "", "", "", "mx1.example.com"}},
         "Publish the address of mta-sts.example.com, and get a certificate\n"
         "First serve the policy: " SERVE " must print " ID ".\n"
         "Publish the TXT record at _mta-sts.example.com, with the id " ID ".\n"
         "At any time: publish the TLSRPT record"},
        {{.served = MTA_STS_SERVED_UNKNOWN},
         "Serve the policy: " SERVE "\n"
         "Publish the id " ID " in the TXT record at _mta-sts.example.com; if the record existed "
         "before, wait for its TTL"},
    };

    CHECK(cases);
}

static void test_a_change_is_served_before_its_id_and_after_the_ttl(void **state)
{
    static const procedure_case cases[] = {
        {{.served = MTA_STS_SERVED_OTHER,
          .now = {OLD_STS, "", "192.0.2.7", "", TLSRPT, "mx1.example.com"}},
         "First serve the policy: " SERVE " must print " ID ".\n"
         "Put the new id " ID
         " into the TXT record at _mta-sts.example.com, then wait 5 minutes, its TTL"},
        {{.served = MTA_STS_SERVED_SAME,
          .now = {OLD_STS, "", "192.0.2.7", "", TLSRPT, "mx1.example.com"}},
         "Put the new id " ID
         " into the TXT record at _mta-sts.example.com, then wait 5 minutes, its TTL"},
    };

    CHECK(cases);
}

static void test_the_remaining_ttl_of_a_cache_is_the_minimum_wait(void **state)
{
    static const procedure_case cases[] = {
        {{.served = MTA_STS_SERVED_SAME,
          .is_cached = 1,
          .now = {OLD_STS, "", "192.0.2.7", "", TLSRPT, "mx1.example.com\nmx2.example.com"}},
         "The policy does not cover these MX hosts: mx2.example.com. To keep a host, add it to the "
         "policy and start again. To remove one, delete its MX record and wait (at least 2 hours, "
         "the TTL of the MX records as seen in a cache; the zone's name servers did not answer) "
         "before you serve the policy.\n"
         "Put the new id " ID " into the TXT record at _mta-sts.example.com, then wait at least 5 "
         "minutes, its TTL as seen in a cache"},
        {{.served = MTA_STS_SERVED_SAME,
          .is_cached = 1,
          .is_expiring = 1,
          .now = {OLD_STS, "", "192.0.2.7", "", TLSRPT, "mx1.example.com"}},
         "Put the new id " ID " into the TXT record at _mta-sts.example.com, then wait at least 1 "
         "second, its TTL as seen in a cache"},
    };

    CHECK(cases);
}

static void test_a_new_mx_host_comes_last(void **state)
{
    static const procedure_case cases[] = {
        {{.served = MTA_STS_SERVED_OTHER,
          .mx = "mx1.example.com\nmx2.example.com",
          .now = {OLD_STS, "", "192.0.2.7", "", TLSRPT, "mx1.example.com"}},
         "First serve the policy\n"
         "Put the new id\n"
         "No MX record matches these patterns of the policy: mx2.example.com. For a new MX host, "
         "publish its MX record now"},
    };

    CHECK(cases);
}

static void test_a_leaving_mx_host_goes_first(void **state)
{
    static const procedure_case cases[] = {
        {{.served = MTA_STS_SERVED_OTHER,
          .now = {OLD_STS, "", "192.0.2.7", "", TLSRPT, "mx1.example.com\nmx2.example.com"}},
         "The policy does not cover these MX hosts: mx2.example.com. To keep a host, add it to the "
         "policy and start again. To remove one, delete its MX record and wait (2 hours, the TTL "
         "of the MX records) before you serve the policy.\n"
         "First serve the policy\n"
         "Put the new id"},
    };

    CHECK(cases);
}

static void test_a_removal_lasts_until_no_sender_holds_an_earlier_policy(void **state)
{
    static const procedure_case cases[] = {
        {{.served = MTA_STS_SERVED_SAME,
          .mode = MTA_STS_MODE_NONE,
          .now = {OLD_STS, "", "192.0.2.7", "", TLSRPT, "mx2.example.com"}},
         "Put the new id\n"
         "Keep serving mode none, with this record, until\n"
         "Only then delete the TXT record at _mta-sts.example.com, wait 5 minutes, its TTL, then "
         "the records and the site of mta-sts.example.com"},
    };

    CHECK(cases);
}

static void test_second_records_are_deleted(void **state)
{
    static const procedure_case cases[] = {
        {{.served = MTA_STS_SERVED_SAME,
          .now = {STS "\n" OLD_STS, "", "192.0.2.7", "", TLSRPT "\n" TLSRPT, "mx1.example.com"}},
         "Delete the other MTA-STS record at _mta-sts.example.com: senders ignore all of them\n"
         "At any time: delete the other TLSRPT record"},
    };

    CHECK(cases);
}

static void test_a_record_in_the_zone_of_another_party_is_asked_for(void **state)
{
    static const procedure_case cases[] = {
        {{.served = MTA_STS_SERVED_SAME,
          .alias = "_mta-sts.provider.net",
          .tlsrpt_alias = "reports.provider.net",
          .rua = "mailto:new@example.com",
          .now = {OLD_STS, "", "192.0.2.7", "", TLSRPT, "mx1.example.com"}},
         "Ask the operator of _mta-sts.provider.net, where the CNAME of _mta-sts.example.com "
         "points, to publish \"" STS
         "\" there\nAt any time: ask the operator of reports.provider.net, where the CNAME of "
         "_smtp._tls.example.com points, to publish"},
        {{.served = MTA_STS_SERVED_SAME, .alias = "_mta-sts.provider.net", .now = ALL_WELL},
         "Nothing to do"},
        {{.served = MTA_STS_SERVED_SAME,
          .mode = MTA_STS_MODE_NONE,
          .alias = "_mta-sts.provider.net",
          .now = ALL_WELL},
         "Nothing to do\nKeep serving mode none\nOnly then delete the CNAME at "
         "_mta-sts.example.com"},
    };

    CHECK(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_a_finished_deployment_has_no_steps),
        POOL_TEST(test_a_first_publication_begins_with_the_host_and_ends_with_the_records),
        POOL_TEST(test_a_change_is_served_before_its_id_and_after_the_ttl),
        POOL_TEST(test_the_remaining_ttl_of_a_cache_is_the_minimum_wait),
        POOL_TEST(test_a_new_mx_host_comes_last),
        POOL_TEST(test_a_leaving_mx_host_goes_first),
        POOL_TEST(test_a_removal_lasts_until_no_sender_holds_an_earlier_policy),
        POOL_TEST(test_second_records_are_deleted),
        POOL_TEST(test_a_record_in_the_zone_of_another_party_is_asked_for),
    };

    return RUN_POOL_TESTS(tests);
}
