/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SUMMARY_ALLOWANCE_H
#define TLSRPT_SUMMARY_ALLOWANCE_H

#include "tlsrpt/report/report.h"

/*
 * What all reports together may add, for example those of one day. Each report increases it by a
 * little, more than a real one costs on average, so that it limits only those that cost more.
 */
typedef struct tlsrpt_allowance {
    apr_int64_t reports; /* so far */
    apr_int64_t cost;    /* of those: names that were new, and rows */
} tlsrpt_allowance;

#define TLSRPT_ALLOWANCE_A_REPORT 4

/* Whether it is used up, so that the next report has to be folded to known names. */
static inline int tlsrpt_allowance_is_used_up(const tlsrpt_allowance *allowance, apr_int64_t base)
{
    return allowance->cost > base + TLSRPT_ALLOWANCE_A_REPORT * allowance->reports;
}

/* The cost of a new name: long ones count several times. */
apr_int64_t tlsrpt_cost_of_name(const char *name);

/* The number of rows of a folded report beyond the first. */
apr_int64_t tlsrpt_cost_of_rows(const tlsrpt_report *report);

#endif
