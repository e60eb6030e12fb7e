/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_SUMMARY_FOLD_H
#define TLSRPT_SUMMARY_FOLD_H

#include "tlsrpt/report/report.h"

/*
 * Folding limits the cost of a report where reports are added up: anyone can submit a report with
 * thousands of made-up names in a few bytes of gzip. Beyond a limit, names are replaced by
 * TLSRPT_OTHER, and rows that no longer differ are added up, so that no session is lost.
 */

#define TLSRPT_OTHER "other"

/* The number of names, and of rows (policies and kinds of failures), that any report may have; and
 * the number of received bytes beyond TLSRPT_FOLD_BYTES_MIN that permit one more of each. */
#define TLSRPT_FOLD_MIN 64
#define TLSRPT_FOLD_BYTES_MIN 4096
#define TLSRPT_FOLD_BYTES_A_ROW 32

/* The maximum number of rows of a report once an allowance is used up. */
#define TLSRPT_FOLD_FEW 8

/* Returns whether other reports already use a name, so that it costs nothing. */
typedef int tlsrpt_fold_is_known(void *baton, const char *name);

/*
 * Returns a report within the limits. In reports of real senders, usually nothing changes, except
 * that failures of the same kind are added up.
 *
 * If there are too many names or kinds of failures, the following are replaced everywhere in the
 * report, until the limits are met: first sending addresses, then addresses of MX hosts, reasons,
 * MX hosts, and at last all failures beyond the limit. Policies beyond the limit become one policy
 * of the domain TLSRPT_OTHER. Texts of more than 64 bytes are truncated if together they are longer
 * than the report.
 *
 * @param p      pool of the result, which shares strings with the report
 * @param report borrowed; not changed
 * @param len    size of the report as received, in bytes
 */
const tlsrpt_report *tlsrpt_fold_report(apr_pool_t *p, const tlsrpt_report *report, apr_size_t len);

/*
 * The same with at most TLSRPT_FOLD_FEW rows, and without any new name except that of the
 * organization.
 *
 * @param is_known determines which names remain
 */
const tlsrpt_report *tlsrpt_fold_to_known(apr_pool_t *p, const tlsrpt_report *report,
                                          tlsrpt_fold_is_known *is_known, void *baton);

/* Whether names in a report were replaced; a name "other" in the report itself does not count. */
int tlsrpt_fold_has_other(const tlsrpt_report *report);

#endif
