/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_INDEX_CLOCK_H
#define TLSRPT_INDEX_CLOCK_H

#include <apr_time.h>

/*
 * Whether the date can be believed before something is removed for its age. A clock that leaps
 * forward, by a wrong time server or a restored virtual machine, makes everything look old at once.
 * The time since the machine was booted cannot be set: where the date runs away from it, the date
 * is not believed for a day, in which somebody, or the time server, can set it right. A date that
 * is set back goes on being believed, since nothing looks older by that.
 */
typedef struct tlsrpt_clock {
    apr_time_t offset; /* the date, less the time since boot, when it was looked at last */
    apr_time_t until;  /* time since boot until which the date is not believed */
} tlsrpt_clock;        /* all 0 at first: the first date that is seen is believed */

/*
 * @param clock of whoever looks; one thread at a time
 * @param date  apr_time_now()
 * @param boot  mta_sts_monotonic_now()
 */
int tlsrpt_clock_is_believed(tlsrpt_clock *clock, apr_time_t date, apr_time_t boot);

#endif
