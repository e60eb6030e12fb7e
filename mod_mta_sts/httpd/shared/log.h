/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_LOG_H
#define HTTPD_SHARED_LOG_H

#include <httpd.h>

#include "core/base/finding.h"

/*
 * Writes findings to the error log: one line each, with the location, the subject, the message, the
 * fix and the id.
 */

/* The maximum number of policies, or of findings with the same id, that are logged individually;
 * for the others, only their number is logged. */
#define MTS_LOG_LISTED_MAX 20

/*
 * Logs findings: the first MTS_LOG_LISTED_MAX with each id, and the number of the others.
 *
 * @param p           scratch memory
 * @param errors_only whether to log errors only
 * @param startup     APLOG_STARTUP for a terminal, 0 for the log
 */
void mts_log_findings(server_rec *s, apr_pool_t *p, const mta_sts_findings *findings,
                      int errors_only, int startup);

#endif
