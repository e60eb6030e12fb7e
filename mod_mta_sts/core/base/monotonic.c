/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/monotonic.h"

#include <time.h>

/* The first one goes on while the machine is suspended, as the clock does. */
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
