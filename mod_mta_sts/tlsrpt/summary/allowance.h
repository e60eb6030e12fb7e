/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SUMMARY_ALLOWANCE_H
#define TLSRPT_SUMMARY_ALLOWANCE_H

#include "tlsrpt/report/report.h"

/*
 * Limits the names and rows that several reports together may add, for example those of one day.
 * Each report increases the allowance by more than a real report costs on average, so that only
 * unusually expensive reports use it up.
 */
typedef struct tlsrpt_allowance {
    apr_int64_t reports; /* number of reports so far */
    apr_int64_t cost;    /* their total cost: new names, and rows */
} tlsrpt_allowance;

#define TLSRPT_ALLOWANCE_A_REPORT 4

/* Whether the allowance is used up, so that the next report must be folded to known names. */
static inline int tlsrpt_allowance_is_used_up(const tlsrpt_allowance *allowance, apr_int64_t base)
{
    return allowance->cost > base + TLSRPT_ALLOWANCE_A_REPORT * allowance->reports;
}

/* The cost of a new name: 1, or more for a long name. */
apr_int64_t tlsrpt_cost_of_name(const char *name);

/* The number of rows of a folded report beyond the first. */
apr_int64_t tlsrpt_cost_of_rows(const tlsrpt_report *report);

#endif
