/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SUMMARY_TALLY_H
#define TLSRPT_SUMMARY_TALLY_H

#include "tlsrpt/summary/summary.h"

/* Names and rows of all reports together: beyond it, only known names are stored. */
#define TLSRPT_TALLY_BASE 100000

/*
 * Sums up reports that are added one by one, in memory. tlsrpt_index_sum gives the same numbers
 * from the database. Its memory grows with the number of reports, but hardly with their contents:
 * names beyond what fold.h allows are summed up as TLSRPT_OTHER.
 */

typedef struct tlsrpt_tally tlsrpt_tally;

/* Creates an empty tally; everything is allocated from p. filter is borrowed; NULL: all reports. */
tlsrpt_tally *tlsrpt_tally_make(apr_pool_t *p, const tlsrpt_filter *filter);

typedef enum tlsrpt_counted {
    TLSRPT_COUNTED,
    TLSRPT_COUNTED_TOO, /* another report with the same identity counts as well, or counted until
                           this verified one was added */
    TLSRPT_DUPLICATE,   /* the same bytes, or the same content under the same identity, were counted
                           already */
    TLSRPT_CONFLICT, /* the same identity with other content as a verified report that counts, and
                        not the first one of its signer */
    TLSRPT_FILTERED, /* not selected by the filter */
    TLSRPT_EARLIER,  /* selected, but about days before filter->since */
} tlsrpt_counted;

/*
 * Adds a report; the parts that are needed are copied.
 *
 * @param digest   of its bytes, as in tlsrpt_reading
 * @param len      its bytes as received, which limit its names
 * @param signer   the verified domain; NULL: unverified
 * @param received as for tlsrpt_report_limit_dates
 */
tlsrpt_counted tlsrpt_tally_add(tlsrpt_tally *tally, const tlsrpt_report *report,
                                const char *digest, apr_size_t len, const char *signer,
                                apr_time_t received);

/* The sums so far, allocated from the tally's pool. */
tlsrpt_summary *tlsrpt_tally_sum(tlsrpt_tally *tally);

#endif
