/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <string.h>

#include "core/hosting/pairs_check.h"
#include "findings_fixture.h"
#include "pair_fixture.h"

#define NOW apr_time_from_sec(APR_INT64_C(1780272000)) /* 2026-06-01 */

/* --- pairs without files --- */

static mta_sts_pairs *begin(apr_pool_t *p)
{
    mta_sts_pairs *pairs = mta_sts_pairs_make(p);

    mta_sts_pairs_begin(pairs, p);
    return pairs;
}

static void end(mta_sts_pairs *pairs, apr_pool_t *p)
{
    mta_sts_pairs_begin(pairs, p);
    mta_sts_pairs_sweep(pairs);
}

static void put_names(mta_sts_pairs *pairs, apr_pool_t *p, const char *path, const san *names,
                      const char *from, const char *until)
{
    EVP_PKEY *key = make_key(p);
    mta_sts_pair_text text =
        text_of(pem_of(p, make_leaf(p, key, names, from, until)), pkcs8_of(p, key, NULL));

    mta_sts_pairs_put(pairs, path, 1, &text, p);
}

static void put(mta_sts_pairs *pairs, apr_pool_t *p, const char *path, const char *from,
                const char *until)
{
    put_names(pairs, p, path, one_name, from, until);
}

static const mta_sts_findings *check(mta_sts_pairs *pairs, apr_pool_t *p,
                                     mta_sts_pairs_counts *counts)
{
    mta_sts_findings *findings = mta_sts_findings_make(p);

    mta_sts_pairs_check(pairs, 0, NOW, counts, findings);
    return findings;
}

/* --- tests --- */

static void test_that_nothing_matches_is_only_information(void **state)
{
    mta_sts_pairs *pairs = begin(*state);
    mta_sts_pairs_counts counts;

    assert_string_equal(findings_summary(*state, check(pairs, *state, &counts)),
                        "info pairs-none@0");
    assert_int_equal(counts.used, 0);
    end(pairs, *state);
}

static void test_a_pair_that_expires_soon_is_reported_unless_another_replaces_it(void **state)
{
    static const struct {
        const char *from, *until, *other_from, *other_until, *expected;
        int soon;
    } cases[] = {
        {"260401000000Z", "260701000000Z", NULL, NULL, "", 0},
        {"260305000000Z", "260603000000Z", NULL, NULL, "warning certificate-expires-soon@0", 1},
        {"260201000000Z", "260501000000Z", NULL, NULL, "error certificate-expired@0", 1},
        {"260305000000Z", "260603000000Z", "260501000000Z", "260801000000Z", "", 0},
        /* the other one is older, or not valid yet */
        {"260305000000Z", "260603000000Z", "260201000000Z", "260901000000Z",
         "warning certificate-expires-soon@0", 1},
        {"260305000000Z", "260603000000Z", "260602000000Z", "260901000000Z",
         "warning certificate-expires-soon@0", 1},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mta_sts_pairs *pairs = begin(*state);
        mta_sts_pairs_counts counts;
        const char *summary;

        put(pairs, *state, "/1", cases[i].from, cases[i].until);
        if (cases[i].other_from) {
            put(pairs, *state, "/2", cases[i].other_from, cases[i].other_until);
        }
        summary = findings_summary(*state, check(pairs, *state, &counts));
        if (strcmp(summary, cases[i].expected) != 0 || counts.soon != cases[i].soon) {
            fail_msg("case %zu: %d, \"%s\"", i, counts.soon, summary);
        }
        end(pairs, *state);
    }
}

static void test_a_pair_of_two_names_is_reported_until_both_have_another(void **state)
{
    static const san both[] = {DNS("mta-sts.a.example"), DNS("mta-sts.b.example"), NAMES_END};
    static const san second[] = {DNS("mta-sts.b.example"), NAMES_END};
    mta_sts_pairs *pairs = begin(*state);
    mta_sts_pairs_counts counts;
    const mta_sts_findings *findings;

    put_names(pairs, *state, "/both", both, "260305000000Z", "260603000000Z");
    put(pairs, *state, "/a", "260501000000Z", "260801000000Z");
    findings = check(pairs, *state, &counts);
    assert_int_equal(counts.soon, 1);
    assert_string_equal(mta_sts_findings_at(findings, 0)->subject, "mta-sts.b.example");
    put_names(pairs, *state, "/b", second, "260501000000Z", "260801000000Z");
    check(pairs, *state, &counts);
    assert_int_equal(counts.soon, 0);
    end(pairs, *state);
}

static void wait_for_reload(void *baton, mta_sts_pairs_slot *slot)
{
    (void)baton;
    slot->is_waiting = 1;
}

static void test_pairs_that_wait_for_a_reload_are_one_finding(void **state)
{
    mta_sts_pairs *pairs = begin(*state);
    mta_sts_pairs_counts counts;
    const mta_sts_findings *findings;

    put(pairs, *state, "/1", NULL, NULL);
    put(pairs, *state, "/2", NULL, NULL);
    mta_sts_pairs_each(pairs, wait_for_reload, NULL);
    findings = check(pairs, *state, &counts);
    assert_string_equal(findings_summary(*state, findings), "warning pair-waits-for-reload@0");
    assert_non_null(
        strstr(mta_sts_findings_at(findings, 0)->message, "2 new or renewed key pairs"));
    assert_int_equal(counts.waiting, 2);
    end(pairs, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_that_nothing_matches_is_only_information),
        POOL_TEST(test_a_pair_that_expires_soon_is_reported_unless_another_replaces_it),
        POOL_TEST(test_a_pair_of_two_names_is_reported_until_both_have_another),
        POOL_TEST(test_pairs_that_wait_for_a_reload_are_one_finding),
    };

    return RUN_POOL_TESTS(tests);
}
