/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsrpt/index/clock.h"

#define JUMP apr_time_from_sec(60 * 60)
#define DISTRUST apr_time_from_sec(24 * 60 * 60)

int tlsrpt_clock_is_trusted(tlsrpt_clock *clock, apr_time_t date, apr_time_t boot)
{
    apr_time_t offset = date - boot, jump = clock->offset ? offset - clock->offset : 0;

    if (jump >= JUMP) {
        clock->until = boot + DISTRUST;
    }
    clock->offset = offset;
    return boot >= clock->until;
}
