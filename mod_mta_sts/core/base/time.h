/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_TIME_H
#define CORE_BASE_TIME_H

#include <apr_time.h>

/*
 * Dates and times of reports: RFC 3339, and what senders write instead of it. They do not
 * depend on the locale or on the machine's time zone.
 */

/* How a time deviates from RFC 3339. */
typedef enum mta_sts_time_form {
    MTA_STS_TIME_VALID,
    MTA_STS_TIME_NO_ZONE, /* 2026-05-11T00:00:00: taken as UTC */
    MTA_STS_TIME_LENIENT, /* a blank for the T, no seconds, no time of day, +0000 without colon */
    MTA_STS_TIME_INVALID, /* none of these, or an impossible time */
} mta_sts_time_form;

/*
 * Reads a time, from 1970 to 9999. A leap second is taken as the second that follows it.
 *
 * @param time out: set unless the answer is MTA_STS_TIME_INVALID
 */
mta_sts_time_form mta_sts_time_parse(const char *text, apr_time_t *time);

/* Puts the ends of a range in order, to be shown: some reports end before they begin. One that is
 * not specified (0) stays where it is. */
void mta_sts_time_order(apr_time_t *begin, apr_time_t *end);

#endif
