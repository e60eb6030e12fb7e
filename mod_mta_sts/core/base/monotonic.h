/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_MONOTONIC_H
#define CORE_BASE_MONOTONIC_H

#include <apr_time.h>

/*
 * A clock for measuring durations: it advances evenly, even if the system time is changed.
 */

/* The time since an unspecified moment, in microseconds, never negative. Only the difference
 * between two calls is meaningful. */
apr_time_t mta_sts_monotonic_now(void);

/*
 * The date of an earlier event by the current system time. On a machine without a hardware clock,
 * the system time is wrong until it is synchronized, possibly by years.
 *
 * @param then    the system time at the event
 * @param elapsed mta_sts_monotonic_now() at the event
 * @return `then` corrected for the change if the system time has since been set forward or back by
 *         a minute or more, else `then` itself; 0 stays 0
 */
apr_time_t mta_sts_monotonic_date(apr_time_t then, apr_time_t elapsed);

/* If the system time has been set forward or back by a minute or more since then, replaces both
 * values by the current ones. */
void mta_sts_monotonic_restart(apr_time_t *then, apr_time_t *elapsed);

#endif
