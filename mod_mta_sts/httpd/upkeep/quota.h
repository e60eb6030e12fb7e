/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_UPKEEP_QUOTA_H
#define HTTPD_UPKEEP_QUOTA_H

#include <httpd.h>

#include "tlsrpt/spool/spool.h"

/*
 * Counts the disk space that networks use (httpd/shared/room.h), from the header lines of all
 * stored files, and logs a warning when 50 % and 80 % of MTASTSReportQuota are used, with the
 * networks that use most of it. Used only by the watchdog.
 */
typedef struct mts_quota mts_quota;

/* Creates the object, allocated from p. */
mts_quota *mts_quota_make(server_rec *main, apr_pool_t *p);

/* Whether usage has reached a higher level since it was last logged. */
int mts_quota_has_risen(const mts_quota *quota);

/*
 * Counts the next directory of the spool; starts again after the last one.
 *
 * @return whether that was the last directory; then all due warnings have been logged
 */
int mts_quota_count(mts_quota *quota, const tlsrpt_spool *spool);

#endif
