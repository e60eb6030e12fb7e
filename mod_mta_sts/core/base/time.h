/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_TIME_H
#define CORE_BASE_TIME_H

#include <apr_time.h>

/*
 * Dates and times in reports: RFC 3339, and the variants that reporters use instead. They depend
 * neither on the locale nor on the machine's time zone.
 */

/* How a time deviates from RFC 3339. */
typedef enum mta_sts_time_form {
    MTA_STS_TIME_VALID,
    MTA_STS_TIME_NO_ZONE, /* 2026-05-11T00:00:00: read as UTC */
    MTA_STS_TIME_LENIENT, /* a blank instead of the T, no seconds, no time of day, or an offset
                             without a colon (+0000) */
    MTA_STS_TIME_INVALID, /* none of these, or a time that does not exist */
} mta_sts_time_form;

/*
 * Reads a time from 1970 to 9999. A leap second is read as the second after it.
 *
 * @param time out: in microseconds since 1970; set unless the result is MTA_STS_TIME_INVALID
 */
mta_sts_time_form mta_sts_time_parse(const char *text, apr_time_t *time);

/* Puts the ends of a date range in order for display: the range of some reports ends before it
 * begins. Nothing changes if one of them is absent (0). */
void mta_sts_time_order(apr_time_t *begin, apr_time_t *end);

#endif
