/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SUMMARY_FOLD_H
#define TLSRPT_SUMMARY_FOLD_H

#include "tlsrpt/report/report.h"

/*
 * Folding: what a report may cost where reports are summed up. Anyone can submit a report with
 * thousands of made-up names in a few bytes of gzip. Beyond a limit, names are replaced by
 * TLSRPT_OTHER, and what no longer differs is added up, so that no session is lost.
 */

#define TLSRPT_OTHER "other"

/* Names, and rows (policies and kinds of failures), that any report may have; and the number of
 * bytes beyond TLSRPT_FOLD_BYTES_MIN, as received, that allow one more of each. */
#define TLSRPT_FOLD_MIN 64
#define TLSRPT_FOLD_BYTES_MIN 4096
#define TLSRPT_FOLD_BYTES_A_ROW 32

/* Rows of a report once an allowance is used up. */
#define TLSRPT_FOLD_FEW 8

/* Whether a name is used by other reports already, so that it costs nothing. */
typedef int tlsrpt_fold_is_known(void *baton, const char *name);

/*
 * A report within the limits. Reports of real senders are usually returned as they are, except that
 * failures of the same kind are added up.
 *
 * If there is no room for all names or kinds of failures, the addresses of senders are replaced
 * everywhere in the report, then those of MX hosts, then reasons, then MX hosts; then all failures
 * beyond the limit. Policies beyond the limit become one of the domain TLSRPT_OTHER. Texts of more
 * than 64 bytes are cut if together they are longer than the report.
 *
 * @param p      pool of the result, which shares texts with the report
 * @param report borrowed; not changed
 * @param len    bytes as received
 */
const tlsrpt_report *tlsrpt_fold_report(apr_pool_t *p, const tlsrpt_report *report, apr_size_t len);

/*
 * The same with very few rows, and without any new name but that of the organization.
 *
 * @param is_known which names remain
 */
const tlsrpt_report *tlsrpt_fold_to_known(apr_pool_t *p, const tlsrpt_report *report,
                                          tlsrpt_fold_is_known *is_known, void *baton);

/* Whether names of a report were replaced; a name that is really "other" does not matter. */
int tlsrpt_fold_has_other(const tlsrpt_report *report);

#endif
