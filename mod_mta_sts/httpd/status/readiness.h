/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_READINESS_H
#define HTTPD_STATUS_READINESS_H

#include "core/database/database.h"
#include "tlsrpt/advice/readiness.h"

/*
 * Whether a domain is ready for mode enforce, or whether enforce is safe, as far as the index of
 * reports says so: the assessment of `mta-sts ready` without its check of the live deployment, so
 * it never says yes.
 */

/*
 * Assesses a domain by the reports about the last TLSRPT_READINESS_SINCE days, whatever range the
 * page shows.
 *
 * @param policies  its policies; without one that is served now, or in mode none, there is nothing
 *                  to assess
 * @param p         pool of the result
 * @param readiness out: NULL if there is nothing to assess
 */
const char *mts_status_readiness_read(mta_sts_database *db, apr_pool_t *p, const char *domain,
                                      const tlsrpt_policies *policies, apr_time_t now,
                                      const tlsrpt_readiness **readiness);

/* TLSRPT_READY_NO and TLSRPT_READY_NOT_YET if reports or the policy say so, else
 * TLSRPT_READY_UNKNOWN: only a check of the live deployment can say yes. */
tlsrpt_ready mts_status_readiness_result(const tlsrpt_readiness *readiness);

/* What to show of it: an array of mta_sts_finding, without failures that change nothing, which the
 * list of causes explains. */
mta_sts_findings *mts_status_readiness_findings(apr_pool_t *p, const tlsrpt_readiness *readiness);

#endif
