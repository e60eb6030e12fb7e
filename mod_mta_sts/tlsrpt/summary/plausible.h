/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SUMMARY_PLAUSIBLE_H
#define TLSRPT_SUMMARY_PLAUSIBLE_H

#include <apr.h>

/*
 * Which numbers of sessions in unverified reports are plausible. Anyone can submit a report with
 * any number: what one sender reports about one domain and day is set apart, and changes no sum,
 * share, order or scale, if it is out of all proportion to what else is reported about the domain.
 * What verified reports contain is never set apart.
 */

#define TLSRPT_PLAUSIBLE_FACTOR 100
#define TLSRPT_PLAUSIBLE_MIN 10000 /* sessions that are never out of proportion */
#define TLSRPT_PLAUSIBLE_MAX                                                                       \
    (APR_INT64_C(1) << 53) /* more cannot be added exactly everywhere: many                        \
                              programs compute with floating point */

/*
 * The largest number of sessions that is plausible: TLSRPT_PLAUSIBLE_FACTOR times the next smaller
 * one that is. If there is nothing to compare with, everything up to TLSRPT_PLAUSIBLE_MAX is.
 *
 * @param base  the largest of the numbers that are not in question: those of verified reports, and
 *              those below TLSRPT_PLAUSIBLE_MIN; -1: there are none
 * @param sizes the others, smallest first
 */
apr_int64_t tlsrpt_plausible_limit(apr_int64_t base, const apr_int64_t *sizes, int count);

#endif
