/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SUMMARY_TALLY_H
#define TLSRPT_SUMMARY_TALLY_H

#include "tlsrpt/summary/summary.h"

/*
 * Sums up reports that are added one by one, in memory. tlsrpt_index_sum gives the same numbers
 * from the database.
 */

typedef struct tlsrpt_tally tlsrpt_tally;

/* Creates an empty tally; everything is allocated from p. filter is borrowed; NULL: all reports. */
tlsrpt_tally *tlsrpt_tally_make(apr_pool_t *p, const tlsrpt_filter *filter);

typedef enum tlsrpt_counted {
    TLSRPT_COUNTED,
    TLSRPT_DUPLICATE, /* the same bytes, or the same content under the same identity, were counted
                         already */
    TLSRPT_CONFLICT,  /* the same identity with other content: the first verified report counts, or
                         else the first */
    TLSRPT_FILTERED,  /* not selected by the filter */
} tlsrpt_counted;

/*
 * Adds a report; the parts that are needed are copied.
 *
 * @param digest   of its bytes, as in tlsrpt_reading
 * @param verified whether its reporter was verified
 */
tlsrpt_counted tlsrpt_tally_add(tlsrpt_tally *tally, const tlsrpt_report *report,
                                const char *digest, int verified);

/* The sums so far, allocated from the tally's pool. */
tlsrpt_summary *tlsrpt_tally_sum(tlsrpt_tally *tally);

#endif
