/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_LOG_ONCE_H
#define HTTPD_SHARED_LOG_ONCE_H

#include <httpd.h>

#include "core/base/finding.h"

/*
 * Logs a finding of a periodic task only once, even if it occurs in each round. It is logged again
 * only after a round without it.
 */

typedef struct mts_log_once mts_log_once;

/* Creates an object that has logged nothing yet. It uses subpools of p. errors_only: whether to
 * ignore all findings except errors. */
mts_log_once *mts_log_once_make(apr_pool_t *p, int errors_only);

/*
 * Logs the findings that occurred neither in the previous round nor in this one so far.
 *
 * @param findings findings of a part of the round; copied. Only the first MTA_STS_FINDINGS_MAX of
 *                 each round are used
 * @param scratch  scratch memory
 */
void mts_log_once_log(mts_log_once *log, server_rec *s, const mta_sts_findings *findings,
                      apr_pool_t *scratch);

/* Ends a round: findings that did not occur in it will be logged again. */
void mts_log_once_end_round(mts_log_once *log);

#endif
