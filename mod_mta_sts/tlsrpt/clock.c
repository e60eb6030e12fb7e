/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/clock.h"

#include <time.h>

#define LEAP apr_time_from_sec(60 * 60)
#define DISTRUST apr_time_from_sec(24 * 60 * 60)

int tlsrpt_clock_is_believed(tlsrpt_clock *clock, apr_time_t date, apr_time_t boot)
{
    apr_time_t offset = date - boot, leap = clock->offset ? offset - clock->offset : 0;

    if (leap >= LEAP) {
        clock->until = boot + DISTRUST;
    }
    else if (leap <= -LEAP) {
        clock->until = 0;
    }
    clock->offset = offset;
    return boot >= clock->until;
}

apr_time_t tlsrpt_clock_since_boot(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) {
        clock_gettime(CLOCK_MONOTONIC, &now);
    }
    return apr_time_from_sec(now.tv_sec) + now.tv_nsec / 1000;
}
