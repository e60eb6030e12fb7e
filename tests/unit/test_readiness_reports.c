/* SPDX-License-Identifier: Apache-2.0 */
#include "readiness_fixture.h"

/* How reports decide whether a domain is ready: their number, and the policies that senders
 * have. */

/* --- enough reports --- */

static void fourteen_days(situation *s)
{
    thirteen_days(s);
    add_days(s, "b.example", 14, 14, TESTING, 1);
}

static void days_of_the_future(situation *s)
{
    add_days(s, "a.example", -20, 5, TESTING, 1);
    add_days(s, "b.example", -20, 5, TESTING, 1);
}

static void days_without_sessions(situation *s)
{
    day reported = {.sender = "a.example", .policy = TESTING, .verified = 1};

    thirteen_days(s);
    for (reported.days_ago = 14; reported.days_ago < 20; reported.days_ago++) {
        add_report(s, &reported);
    }
}

static void no_policy(situation *s)
{
    day reported = {.sender = "a.example", .type = "no-policy-found", .good = 40};

    for (reported.days_ago = 1; reported.days_ago < 20; reported.days_ago++) {
        add_report(s, &reported);
    }
}

static void verified_no_policy(situation *s)
{
    day reported = {.sender = "a.example", .type = "no-policy-found", .good = 40, .verified = 1};

    for (reported.days_ago = 1; reported.days_ago < 20; reported.days_ago++) {
        add_report(s, &reported);
    }
}

static void test_the_required_numbers_of_days_and_senders_apply(void **state)
{
    static const row rows[] = {
        {"none", NULL, "not-yet: warning reports-missing"},
        {"one sender", one_sender, "not-yet: warning senders-few"},
        {"13 days", thirteen_days, "not-yet: warning days-few"},
        {"14 days", fourteen_days, "yes: "},
        {"future", days_of_the_future, "not-yet: warning days-few"},
        {"no sessions", days_without_sessions, "not-yet: warning days-few"},
        {"old", old_reports, "not-yet: warning reports-old"},
        {"another policy", other_policy, "not-yet: warning sender-policy-never-served"},
        {"unverified", forged_well, "not-yet: warning reports-inconclusive"},
        {"no policy", no_policy,
         "not-yet: warning reports-inconclusive, info sender-policy-not-found"},
        {"verified, no policy", verified_no_policy,
         "not-yet: warning reports-inconclusive, warning sender-policy-not-found"},
    };

    check_rows(*state, make_silent, TESTING, rows, COUNT(rows));
}

/* --- policies that senders have --- */

static void one_has_the_older(situation *s)
{
    add_days(s, "big.example", 1, 20, OLDER, 0);
}

static void one_had_the_older(situation *s)
{
    add_days(s, "big.example", 10, 20, OLDER, 1);
    add_days(s, "big.example", 1, 10, TESTING, 1);
}

static void one_changed_on_the_last_day(situation *s)
{
    day reported = {
        .sender = "big.example", .days_ago = 1, .policy = OLDER, .good = 5000, .verified = 1};

    add_report(s, &reported);
    add_days(s, "big.example", 1, 1, TESTING, 1);
}

static void small_has_the_older(situation *s)
{
    day reported = {
        .sender = "small.example", .days_ago = 1, .policy = OLDER, .good = 1, .verified = 1};

    add_report(s, &reported);
}

static void test_the_largest_senders_must_have_the_current_policy(void **state)
{
    static const row rows[] = {
        {"unverified", one_has_the_older,
         "yes: info reports-not-counted, info sender-policy-older"},
        {"verified", one_verified_has_the_older, "not-yet: warning sender-policy-older"},
        {"no more", one_had_the_older, "yes: "},
        {"both on one day", one_changed_on_the_last_day, "yes: "},
        {"small", small_has_the_older, "yes: "},
    };

    check_rows(*state, make_good, TESTING, rows, COUNT(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_the_required_numbers_of_days_and_senders_apply),
        POOL_TEST(test_the_largest_senders_must_have_the_current_policy),
    };

    return RUN_POOL_TESTS(tests);
}
