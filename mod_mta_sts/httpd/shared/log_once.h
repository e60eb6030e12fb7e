/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_LOG_ONCE_H
#define HTTPD_SHARED_LOG_ONCE_H

#include <httpd.h>

#include "core/base/finding.h"

/*
 * Errors that are found again in each turn of a work and are to be logged once: until a turn has
 * passed without them.
 */

typedef struct mts_log_once mts_log_once;

/* None was told. Works in pools of its own below p. */
mts_log_once *mts_log_once_make(apr_pool_t *p);

/*
 * Logs the errors that were found neither in this turn nor in the last one.
 *
 * @param findings of a part of a turn; only errors count, the first MTA_STS_FINDINGS_ENOUGH of each
 *                 turn; copied
 * @param scratch  scratch memory
 */
void mts_log_once_log(mts_log_once *told, server_rec *s, const mta_sts_findings *findings,
                      apr_pool_t *scratch);

/* The turn is at its end: what was not found in it is over, and told when it comes again. */
void mts_log_once_end_round(mts_log_once *told);

#endif
