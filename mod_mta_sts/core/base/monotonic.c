/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/monotonic.h"

#include <time.h>

/* CLOCK_BOOTTIME also counts the time that the machine is suspended. */
#ifdef CLOCK_BOOTTIME
#define MONOTONIC CLOCK_BOOTTIME
#else
#define MONOTONIC CLOCK_MONOTONIC
#endif

apr_time_t mta_sts_monotonic_now(void)
{
    struct timespec now = {0, 0};

    clock_gettime(MONOTONIC, &now);
    return apr_time_from_sec(now.tv_sec) + now.tv_nsec / 1000;
}

apr_time_t mta_sts_monotonic_date(apr_time_t then, apr_time_t elapsed)
{
    const apr_time_t date = apr_time_now() - (mta_sts_monotonic_now() - elapsed);
    const apr_time_t moved = date > then ? date - then : then - date;

    return then == 0 || moved < apr_time_from_sec(60) ? then : date;
}

void mta_sts_monotonic_restart(apr_time_t *then, apr_time_t *elapsed)
{
    if (mta_sts_monotonic_date(*then, *elapsed) != *then) {
        *then = apr_time_now();
        *elapsed = mta_sts_monotonic_now();
    }
}
