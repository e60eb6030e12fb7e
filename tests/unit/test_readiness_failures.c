/* SPDX-License-Identifier: Apache-2.0 */
#include "readiness_fixture.h"

/* Which failures in its reports prevent a domain from being ready. */

static void expired_and_still(situation *s)
{
    expired_now_well(s);
    break_mx(s);
}

static void expired_unchecked(situation *s)
{
    expired_now_well(s);
    s->facts.deployment = NULL;
    s->facts.check = NULL;
}

static void expired_long_ago(situation *s)
{
    fail_as(s, "certificate-expired", "mx1.example.com", 16, 5);
}

static void expired_at_nobody_s_mx(situation *s)
{
    fail_as(s, "certificate-expired", "gone.example.net", 3, 5);
}

static void mx_of_no_name(situation *s)
{
    fail_as(s, "certificate-expired", "\x1b[2J$(reboot)", 3, 5);
}

static void timeouts(situation *s)
{
    day reported = {.sender = "a.example",
                    .days_ago = 2,
                    .policy = TESTING,
                    .failed = 5,
                    .failure = "validation-failure",
                    .mx = "mx1.example.com",
                    .reason = "connection timed out",
                    .verified = 1};

    add_report(s, &reported);
}

static void one_of_unknown_kind(situation *s)
{
    fail_as(s, "unheard-of\x1b", "mx1.example.com", 2, 1);
}

static void fetch_error_unverified(situation *s)
{
    day reported = {
        .sender = "c.example", .days_ago = 2, .failed = 5, .failure = "sts-policy-fetch-error"};

    add_report(s, &reported);
}

/* The policy that it quotes is public. */
static void forged(situation *s)
{
    day reported = {.sender = "a.example",
                    .days_ago = 1,
                    .policy = TESTING,
                    .failed = 30,
                    .failure = "starttls-not-supported",
                    .mx = "mx1.example.com"};

    add_report(s, &reported);
}

static void dane_failures(situation *s)
{
    day reported = {.sender = "a.example",
                    .days_ago = 1,
                    .type = "tlsa",
                    .failed = 30,
                    .failure = "tlsa-invalid",
                    .mx = "mx1.example.com",
                    .verified = 1};

    add_report(s, &reported);
}

static void test_failures_count_if_they_are_recent_reported_and_on_our_side(void **state)
{
    static const row rows[] = {
        {"well again", expired_now_well, "not-yet: warning failure-fixed"},
        {"still", expired_and_still, "no: error certificate-expired, error failure-blocking"},
        {"unchecked", expired_unchecked, "no: unknown mx-unprobed, error failure-blocking"},
        {"long ago", expired_long_ago, "yes: info failure-past"},
        {"former MX", expired_at_nobody_s_mx, "not-yet: warning failure-fixed"},
        {"hostile MX", mx_of_no_name, "not-yet: warning failure-fixed"},
        {"timeouts", timeouts, "yes: info failure-at-sender"},
        {"one unknown", one_of_unknown_kind, "yes: info failure-at-sender"},
        {"many unknown", many_of_unknown_kind, "not-yet: warning failure-unclear"},
        {"no details", without_details, "not-yet: warning failure-unclear"},
        {"fetch, unverified", fetch_error_unverified,
         "yes: info failure-unconfirmed, info reports-not-counted"},
        {"fetch, verified", fetch_error_verified, "not-yet: warning failure-fixed"},
        {"fetch, unchecked", fetch_error_unchecked,
         "not-yet: unknown mx-unprobed, warning failure-not-blocking"},
        {"forged", forged, "yes: info failure-unconfirmed, info reports-not-counted"},
        {"DANE", dane_failures, "yes: "},
        {"countless", countless,
         "not-yet: warning failure-unclear, warning failure-unclear, warning failure-unclear, "
         "warning failure-unclear, warning failure-unclear, warning failure-unclear, "
         "warning failure-unclear, warning failure-unclear, warning failure-unclear, "
         "warning failure-unclear, warning failure-unclear, warning failure-unclear, "
         "warning failures-more"},
    };

    check_rows(*state, make_good, TESTING, rows, COUNT(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_failures_count_if_they_are_recent_reported_and_on_our_side),
    };

    return RUN_POOL_TESTS(tests);
}
