/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_MONOTONIC_H
#define CORE_BASE_MONOTONIC_H

#include <apr_time.h>

/*
 * How long something takes: time since some moment of this machine's past, which goes on evenly
 * whatever the clock is set to.
 */

/* In microseconds, never negative; of use only as a difference. */
apr_time_t mta_sts_monotonic_now(void);

#endif
