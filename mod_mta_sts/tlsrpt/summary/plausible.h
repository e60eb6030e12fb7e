/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SUMMARY_PLAUSIBLE_H
#define TLSRPT_SUMMARY_PLAUSIBLE_H

#include <apr.h>

/*
 * Determines which numbers of sessions in unverified reports are plausible. Anyone can submit a
 * report with any number. If what one sender reports about one domain and day is out of all
 * proportion to the other reports about the domain, it is set apart: it does not affect sums,
 * shares, the order of rows, or the scale of charts. Verified reports are never set apart.
 */

#define TLSRPT_PLAUSIBLE_FACTOR 100
#define TLSRPT_PLAUSIBLE_MIN 10000 /* up to this number, sessions are never out of proportion */
#define TLSRPT_PLAUSIBLE_MAX                                                                       \
    (APR_INT64_C(1) << 53) /* more cannot be added exactly everywhere: many                        \
                              programs compute with floating point */

/*
 * The largest plausible number of sessions: a number is plausible if it is at most
 * TLSRPT_PLAUSIBLE_FACTOR times the next smaller plausible one. If there is nothing to compare
 * with, all numbers up to TLSRPT_PLAUSIBLE_MAX are plausible.
 *
 * @param base  the largest number that is plausible in any case: from a verified report, or below
 *              TLSRPT_PLAUSIBLE_MIN; -1: there is none
 * @param sizes the other numbers, smallest first
 */
apr_int64_t tlsrpt_plausible_limit(apr_int64_t base, const apr_int64_t *sizes, int count);

#endif
