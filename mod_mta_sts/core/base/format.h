/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_FORMAT_H
#define CORE_BASE_FORMAT_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

/*
 * Formats numbers, times and names for people, in the same way in the log, the command and the
 * status page. Times are UTC. Nothing depends on the locale. Every result is allocated from p.
 */

/* With thousands separators: "1,234,567". */
const char *mta_sts_format_number(apr_pool_t *p, apr_int64_t number);

/* A number with its noun: "1 session", "1,234 sessions". */
const char *mta_sts_format_count(apr_pool_t *p, apr_int64_t count, const char *singular,
                                 const char *plural);

/* A part of a whole as a percentage. Only 0 is "0 %" and only the whole is "100 %"; in between,
 * two decimals near either end and one elsewhere: "0.05 %", "97.2 %", "> 99.99 %". "n/a" if whole
 * is 0. */
const char *mta_sts_format_share(apr_pool_t *p, apr_int64_t part, apr_int64_t whole);

/* A number of bytes in its largest unit: "1,023 bytes", "1.4 MiB", "64 MiB". */
const char *mta_sts_format_size(apr_pool_t *p, apr_int64_t bytes);

/* Seconds in the largest unit that expresses them exactly: "1 day", "36 hours", "90 seconds". */
const char *mta_sts_format_duration(apr_pool_t *p, apr_int64_t seconds);

/* Seconds in their largest unit, rounded down: "3 days", "1 hour"; "less than a minute" below one
 * minute, and for negative values. */
const char *mta_sts_format_duration_rounded(apr_pool_t *p, apr_int64_t seconds);

/* "2026-11-25"; 0 is an absent time: "unspecified date". */
const char *mta_sts_format_date(apr_pool_t *p, apr_time_t time);

/* The date of the last day of a range that ends at `end`. A range that ends at midnight does not
 * include the day that begins then. */
const char *mta_sts_format_last_date(apr_pool_t *p, apr_time_t end);

/* The first and the last day of a range, in this order even if the range is reversed:
 * "2026-05-11 to 2026-05-12", or one date if they are the same or end is absent (0). */
const char *mta_sts_format_date_range(apr_pool_t *p, apr_time_t begin, apr_time_t end);

/* "2026-11-25 18:49 UTC" */
const char *mta_sts_format_time(apr_pool_t *p, apr_time_t time);

/* RFC 3339, for programs: "2026-11-25T18:49:00Z". Fractions of a second are dropped. */
const char *mta_sts_format_timestamp(apr_pool_t *p, apr_time_t time);

/* A name from an untrusted source: unchanged if it is safe and unambiguous in a list, otherwise
 * quoted as by mta_sts_text_quote; "(no name)" if it is empty. */
const char *mta_sts_format_name(apr_pool_t *p, const char *name);

/*
 * Several names, each formatted as by mta_sts_format_name: "a, b and c", or "a, b and 3 more".
 *
 * @param names array of const char *
 * @param max   how many names to list, at least 1; a single name over that is listed as well, since
 *              "1 more" would be no shorter
 */
const char *mta_sts_format_names(apr_pool_t *p, const apr_array_header_t *names, int max);

/* ASCII letters in lower case, other bytes unchanged. May return text itself. */
const char *mta_sts_format_lower(apr_pool_t *p, const char *text);

#endif
