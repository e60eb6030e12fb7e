/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_MONOTONIC_H
#define CORE_BASE_MONOTONIC_H

#include <apr_time.h>

/*
 * A clock for measuring durations: it advances evenly, even if the system time is changed.
 */

/* The time since an unspecified moment, in microseconds, never negative. Only differences between
 * two calls have a meaning. */
apr_time_t mta_sts_monotonic_now(void);

#endif
