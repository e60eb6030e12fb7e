/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include "core/base/monotonic.h"
#include "tlsrpt/index/clock.h"
#include "version.h"

#define MINUTE apr_time_from_sec(60)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define YEAR (365 * DAY)
#define BUILT apr_time_from_sec(MTA_STS_BUILT)
#define NOW (BUILT + YEAR)

/* The clock is checked a minute later each time, unless a step says otherwise. */
typedef struct step {
    apr_time_t set; /* by how much the date was set since the previous step */
    apr_time_t later;
    int is_believed;
} step;

static void check(const step *steps, size_t count)
{
    tlsrpt_clock clock = {0};
    apr_time_t date = NOW, boot = 5 * MINUTE;
    size_t i;

    for (i = 0; i < count; i++) {
        boot += steps[i].later ? steps[i].later : MINUTE;
        date += steps[i].set + (steps[i].later ? steps[i].later : MINUTE);
        assert_int_equal(tlsrpt_clock_check(&clock, date, boot, 0),
                         steps[i].is_believed ? TLSRPT_CLOCK_TRUSTED : TLSRPT_CLOCK_SET);
    }
}

#define CHECK(...)                                                                                 \
    do {                                                                                           \
        const step steps[] = {__VA_ARGS__};                                                        \
        check(steps, sizeof(steps) / sizeof(steps[0]));                                            \
    } while (0)

static void test_a_date_that_advances_normally_is_trusted(void **state)
{
    (void)state;
    CHECK({0, 0, 1}, {0, 0, 1}, {0, 2 * YEAR, 1});
    /* Also after 2038, with small corrections. */
    CHECK({0, 0, 1}, {0, 12 * YEAR, 1}, {59 * MINUTE, 0, 1}, {-59 * MINUTE, 0, 1});
}

static void test_a_date_that_jumps_forward_is_not_trusted_for_a_day(void **state)
{
    (void)state;
    CHECK({0, 0, 1}, {YEAR, 0, 0}, {0, 0, 0}, {0, 23 * HOUR, 0}, {0, HOUR, 1});
    CHECK({0, 0, 1}, {HOUR, 0, 0});
    /* If that happens again, the day starts over. */
    CHECK({0, 0, 1}, {YEAR, 0, 0}, {YEAR, 23 * HOUR, 0}, {0, 2 * HOUR, 0}, {0, DAY, 1});
}

/* Nothing looks older then, but dates of receipt would be corrected to it. */
static void test_a_date_that_is_set_back_is_not_trusted_for_a_day(void **state)
{
    (void)state;
    CHECK({0, 0, 1}, {-HOUR, 0, 0}, {0, 23 * HOUR, 0}, {0, HOUR, 1});
    /* A date that was not set back far enough is still wrong. */
    CHECK({0, 0, 1}, {20 * YEAR, 0, 0}, {-HOUR, 0, 0}, {-20 * YEAR, 0, 0}, {0, DAY, 1});
}

static void test_the_first_date_is_compared_with_the_last_one_that_is_known(void **state)
{
    static const struct start {
        apr_time_t known, after;
        tlsrpt_clock_trust trust;
    } starts[] = {
        {0, 10 * YEAR, TLSRPT_CLOCK_TRUSTED},
        {NOW, 0, TLSRPT_CLOCK_TRUSTED},
        {NOW, 23 * HOUR, TLSRPT_CLOCK_TRUSTED},
        {NOW, -59 * MINUTE, TLSRPT_CLOCK_TRUSTED},
        {NOW, DAY, TLSRPT_CLOCK_AT_START},
        {NOW, 10 * YEAR, TLSRPT_CLOCK_AT_START},
        {NOW, -HOUR, TLSRPT_CLOCK_AT_START},
        {NOW, BUILT - 3 * DAY - NOW, TLSRPT_CLOCK_TOO_EARLY},
        {0, BUILT - 3 * DAY - NOW, TLSRPT_CLOCK_TOO_EARLY},
        {0, 1 - NOW, TLSRPT_CLOCK_TOO_EARLY},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        tlsrpt_clock clock = {0};
        apr_time_t date = NOW + starts[i].after;

        assert_int_equal(tlsrpt_clock_check(&clock, date, HOUR, starts[i].known), starts[i].trust);
        /* Without synchronization it is accepted after a day, unless it cannot be right. */
        assert_int_equal(tlsrpt_clock_check(&clock, date + DAY, HOUR + DAY, NOW),
                         starts[i].trust == TLSRPT_CLOCK_TOO_EARLY ? TLSRPT_CLOCK_TOO_EARLY
                                                                   : TLSRPT_CLOCK_TRUSTED);
    }
}

static void test_a_date_before_the_build_is_not_trusted_until_it_is_set(void **state)
{
    tlsrpt_clock clock = {0};

    (void)state;
    assert_int_equal(tlsrpt_clock_check(&clock, 0, MINUTE, NOW), TLSRPT_CLOCK_TOO_EARLY);
    assert_int_equal(tlsrpt_clock_check(&clock, NOW, 2 * MINUTE, NOW), TLSRPT_CLOCK_TRUSTED);
    assert_int_equal(tlsrpt_clock_check(&clock, 0, 3 * MINUTE, NOW), TLSRPT_CLOCK_TOO_EARLY);
    assert_int_equal(tlsrpt_clock_stamp(0), 0);
    assert_int_equal(tlsrpt_clock_stamp(BUILT - 2 * DAY), 0);
    assert_int_equal(tlsrpt_clock_stamp(BUILT), BUILT);
    assert_int_equal(tlsrpt_clock_stamp(NOW), NOW);
}

static void test_monotonic_time_advances(void **state)
{
    apr_time_t before = mta_sts_monotonic_now(), after;

    (void)state;
    do {
        after = mta_sts_monotonic_now();
    } while (after == before);
    assert_true(before > 0 && after > before && after - before < HOUR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_date_that_advances_normally_is_trusted),
        cmocka_unit_test(test_a_date_that_jumps_forward_is_not_trusted_for_a_day),
        cmocka_unit_test(test_a_date_that_is_set_back_is_not_trusted_for_a_day),
        cmocka_unit_test(test_the_first_date_is_compared_with_the_last_one_that_is_known),
        cmocka_unit_test(test_a_date_before_the_build_is_not_trusted_until_it_is_set),
        cmocka_unit_test(test_monotonic_time_advances),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
