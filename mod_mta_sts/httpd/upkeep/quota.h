/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_QUOTA_H
#define HTTPD_UPKEEP_QUOTA_H

#include <httpd.h>

#include "tlsrpt/spool/spool.h"

/*
 * Counts what networks hold (httpd/shared/room.h), from the header lines of all stored files, and
 * warns when half of MTASTSReportQuota is used and when 80% is, with the networks that hold most.
 * For the watchdog alone.
 */
typedef struct mts_quota mts_quota;

mts_quota *mts_quota_make(server_rec *main, apr_pool_t *p);

/* Whether more is used than when it was last logged. */
int mts_quota_has_risen(const mts_quota *quota);

/*
 * Counts the next directory of the spool, and begins again after the last one.
 *
 * @return whether that was the last one: then what is to be logged was logged
 */
int mts_quota_count(mts_quota *quota, const tlsrpt_spool *spool);

#endif
