/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SPOOL_KNOWN_DATE_H
#define TLSRPT_SPOOL_KNOWN_DATE_H

#include <apr_time.h>

#include "tlsrpt/spool/layout.h"

/* The last date that was trusted: the modification time of the empty file last-date in the state
 * directory. A process compares it with the system date when it starts (tlsrpt/index/clock.h). */

/* Reads the date; 0 if none was noted. */
apr_time_t tlsrpt_spool_known_date(const tlsrpt_spool *spool);

/* Notes a date. Errors are ignored: then the previous date remains. */
void tlsrpt_spool_note_date(const tlsrpt_spool *spool, apr_time_t date);

#endif
