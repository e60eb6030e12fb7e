/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_HOSTING_PAIRS_CHECK_H
#define CORE_HOSTING_PAIRS_CHECK_H

#include "core/base/finding.h"
#include "core/hosting/pairs.h"

/* The state of the key pairs of a machine. */
typedef struct mta_sts_pairs_counts {
    int used;    /* pairs that can be presented */
    int broken;  /* whose files cannot be used as they are now */
    int soon;    /* whose certificates expire soon, or have expired, and that nothing replaces */
    int waiting; /* that children present only after the next reload */
} mta_sts_pairs_counts;

/*
 * Counts the pairs, and reports those that are broken, expire soon, or wait for a reload: of each
 * problem the first 19 pairs, then a number.
 *
 * @param warning_days a pair expires soon when fewer days are left; 0: depends on its lifetime
 * @param counts       out
 * @param findings     the list to add to
 */
void mta_sts_pairs_check(const mta_sts_pairs *pairs, int warning_days, apr_time_t now,
                         mta_sts_pairs_counts *counts, mta_sts_findings *findings);

#endif
