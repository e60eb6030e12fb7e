/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SUMMARY_TALLY_H
#define TLSRPT_SUMMARY_TALLY_H

#include "tlsrpt/summary/summary.h"

/* The base of the allowance for the names and rows of all reports together; beyond it, only known
 * names are stored. */
#define TLSRPT_TALLY_BASE 100000

/*
 * Adds up reports in memory, one by one. tlsrpt_index_sum yields the same numbers from the
 * database. The memory grows with the number of reports, but hardly with their contents: names
 * beyond the limits of fold.h are added up as TLSRPT_OTHER.
 */

typedef struct tlsrpt_tally tlsrpt_tally;

/* Creates an empty tally; everything is allocated from p. filter is borrowed; NULL: all reports. */
tlsrpt_tally *tlsrpt_tally_make(apr_pool_t *p, const tlsrpt_filter *filter);

typedef enum tlsrpt_counted {
    TLSRPT_COUNTED,
    TLSRPT_COUNTED_TOO, /* the report counts, but another one with the same identity counts as well,
                           or counted until this verified one was added */
    TLSRPT_DUPLICATE,   /* the same bytes, or the same contents with the same identity, were already
                           counted */
    TLSRPT_CONFLICT,    /* a verified report with the same identity, but different contents, counts
                           instead */
    TLSRPT_FILTERED,    /* not selected by the filter */
    TLSRPT_EARLIER,     /* selected, except that it is about days before filter->since */
} tlsrpt_counted;

/*
 * Adds a report, and copies the parts that are needed.
 *
 * @param digest   digest of its bytes, as in tlsrpt_reading
 * @param len      its size as received, in bytes, which limits the number of its names
 * @param signer   the domain of the verified DKIM signature; NULL: unverified
 * @param received as for tlsrpt_report_limit_dates
 */
tlsrpt_counted tlsrpt_tally_add(tlsrpt_tally *tally, const tlsrpt_report *report,
                                const char *digest, apr_size_t len, const char *signer,
                                apr_time_t received);

/* The sums so far, allocated from the tally's pool. */
tlsrpt_summary *tlsrpt_tally_sum(tlsrpt_tally *tally);

#endif
