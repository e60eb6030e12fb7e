/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_LOG_H
#define HTTPD_SHARED_LOG_H

#include <httpd.h>

#include "core/base/finding.h"

/*
 * Findings in the error log: one line each, with the place, the subject, what was found, what to
 * do, and the id.
 */

/* Above this number of policies, or of findings of one kind, the log sums them up. */
#define MTS_LOG_LISTED_MAX 20

/*
 * Logs findings: the first MTS_LOG_LISTED_MAX of each id, and the number of the others.
 *
 * @param p           scratch memory
 * @param errors_only leave out all that are no errors
 * @param startup     APLOG_STARTUP for a terminal, 0 for the log
 */
void mts_log_findings(server_rec *s, apr_pool_t *p, const mta_sts_findings *findings,
                      int errors_only, int startup);

#endif
