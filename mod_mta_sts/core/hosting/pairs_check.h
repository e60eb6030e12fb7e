/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_PAIRS_CHECK_H
#define CORE_HOSTING_PAIRS_CHECK_H

#include "core/base/finding.h"
#include "core/hosting/pairs.h"

/* Checks the key pairs of a machine. */
typedef struct mta_sts_pairs_counts {
    int used;    /* pairs that can be presented */
    int broken;  /* pairs whose current files cannot be used */
    int soon;    /* pairs whose certificate expires soon or has expired, and that no other pair
                    replaces */
    int waiting; /* pairs that child processes present only after the next reload */
} mta_sts_pairs_counts;

/*
 * Counts the pairs, and reports those that are broken, expire soon, or wait for a reload: for each
 * problem the first 19 pairs, and then the number of the others.
 *
 * @param warning_days a pair expires soon when fewer days are left; 0: depends on its lifetime
 * @param counts       out
 * @param findings     results are added here
 */
void mta_sts_pairs_check(const mta_sts_pairs *pairs, int warning_days, apr_time_t now,
                         mta_sts_pairs_counts *counts, mta_sts_findings *findings);

#endif
