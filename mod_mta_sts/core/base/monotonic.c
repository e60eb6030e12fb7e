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
