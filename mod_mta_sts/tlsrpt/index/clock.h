/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_INDEX_CLOCK_H
#define TLSRPT_INDEX_CLOCK_H

#include <apr_time.h>

/*
 * Whether the date can be trusted before files are removed because of their age. If the clock jumps
 * forward, because of a wrong time server or a restored virtual machine, everything looks old at
 * once. The time since boot cannot be set: if the date runs ahead of it, the date is not trusted
 * for a day, so that the admin or the time server can correct it. A date that is set back remains
 * trusted, since nothing looks older then.
 */
typedef struct tlsrpt_clock {
    apr_time_t offset; /* the date minus the time since boot, at the last call */
    apr_time_t until;  /* time since boot until which the date is not trusted */
} tlsrpt_clock;        /* initially all 0: the first date is trusted */

/*
 * @param clock of the caller; one thread at a time
 * @param date  apr_time_now()
 * @param boot  mta_sts_monotonic_now()
 */
int tlsrpt_clock_is_trusted(tlsrpt_clock *clock, apr_time_t date, apr_time_t boot);

#endif
