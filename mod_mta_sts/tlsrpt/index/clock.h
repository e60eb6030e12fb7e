/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_INDEX_CLOCK_H
#define TLSRPT_INDEX_CLOCK_H

#include <apr_time.h>

#include "core/base/finding.h"

/*
 * Whether the system date can be trusted, which is checked before files are removed because of
 * their age, or their dates of receipt are corrected. After a wrong answer of a time server, or
 * with a hardware clock that is wrong until it is synchronized, all files could seem too old at
 * once. The date is compared with three values that nobody outside this machine can influence: the
 * date of this build, the last date that was trusted (tlsrpt/spool/known_date.h), and the time
 * since boot, which cannot be set. A date that contradicts them is not trusted for a day, so that
 * the admin or the time server can correct it; a date before that of the build is never trusted.
 */
typedef enum tlsrpt_clock_trust {
    TLSRPT_CLOCK_TRUSTED,
    TLSRPT_CLOCK_SET,      /* it was set by an hour or more while httpd was running */
    TLSRPT_CLOCK_AT_START, /* at start it was a day or more after the last known date, or an hour or
                              more before it */
    TLSRPT_CLOCK_TOO_EARLY, /* before the date of the build */
} tlsrpt_clock_trust;

typedef struct tlsrpt_clock {
    apr_time_t offset; /* the date minus the time since boot, at the last call */
    apr_time_t until;  /* the time since boot until which the date is not trusted */
    tlsrpt_clock_trust reason;
} tlsrpt_clock; /* initially all 0 */

/*
 * @param clock owned by the caller; used by one thread at a time
 * @param date  apr_time_now()
 * @param boot  mta_sts_monotonic_now()
 * @param known the last date that is known to be correct; only the first call uses it. 0: none is
 *              known, and the first date is trusted
 */
tlsrpt_clock_trust tlsrpt_clock_check(tlsrpt_clock *clock, apr_time_t date, apr_time_t boot,
                                      apr_time_t known);

/*
 * Adds the finding "clock-jumped": something would be removed, if the date were trusted.
 *
 * @param trust   not TLSRPT_CLOCK_TRUSTED
 * @param subject borrowed
 * @param what    would be removed: "reports"
 */
void tlsrpt_clock_add_distrust(mta_sts_findings *findings, tlsrpt_clock_trust trust,
                               const char *subject, const char *what);

/* The date of receipt to store for a report that arrives now: 0, which stands for unknown and is
 * replaced once the date is trusted, if the date is before that of the build. */
apr_time_t tlsrpt_clock_stamp(apr_time_t date);

#endif
