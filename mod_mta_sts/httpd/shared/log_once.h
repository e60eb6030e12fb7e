/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_SHARED_LOG_ONCE_H
#define HTTPD_SHARED_LOG_ONCE_H

#include <httpd.h>

#include "core/base/finding.h"

/*
 * Errors that are found again in each turn of a work and are to be logged once: until a turn has
 * passed without them.
 */

typedef struct mod_told mod_told;

/* None was told. Works in pools of its own below p. */
mod_told *mod_told_make(apr_pool_t *p);

/*
 * Logs the errors that were found neither in this turn nor in the last one.
 *
 * @param findings of a part of a turn; only errors count, the first MTA_STS_FINDINGS_ENOUGH of each
 *                 turn; copied
 * @param scratch  scratch memory
 */
void mod_told_tell(mod_told *told, server_rec *s, const mta_sts_findings *findings,
                   apr_pool_t *scratch);

/* The turn is at its end: what was not found in it is over, and told when it comes again. */
void mod_told_end_turn(mod_told *told);

#endif
