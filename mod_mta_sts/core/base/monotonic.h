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

/*
 * When something happened, by the system time as it is now: that of a machine without a hardware
 * clock is wrong until it is synchronized, and may be years off.
 *
 * @param then    by the system time of that moment
 * @param elapsed mta_sts_monotonic_now() of that moment
 * @return then, unless the system time was set by a minute or more since; 0 stays 0
 */
apr_time_t mta_sts_monotonic_date(apr_time_t then, apr_time_t elapsed);

/* If the system time was set by a minute or more since then, both become those of this moment. */
void mta_sts_monotonic_restart(apr_time_t *then, apr_time_t *elapsed);

#endif
