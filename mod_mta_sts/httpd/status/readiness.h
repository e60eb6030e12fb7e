/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_READINESS_H
#define HTTPD_STATUS_READINESS_H

#include "core/database/database.h"
#include "tlsrpt/advice/readiness.h"

/*
 * Whether a domain is ready for mode enforce, or whether mode enforce is safe, according to the
 * index of reports: the assessment of `mta-sts ready` without its check of the live deployment, so
 * the result is never yes.
 */

/*
 * Assesses a domain by the reports about the last TLSRPT_READINESS_SINCE days, independent of the
 * range that the page shows.
 *
 * @param policies  policies of the domain; if none is served now, or one in mode none, there is
 *                  nothing to assess
 * @param p         pool of the result
 * @param readiness out: NULL if there is nothing to assess
 * @return NULL, or an error (core/database/database.h)
 */
const char *mts_status_readiness_read(mta_sts_database *db, apr_pool_t *p, const char *domain,
                                      const tlsrpt_policies *policies, apr_time_t now,
                                      const tlsrpt_readiness **readiness);

/* TLSRPT_READY_NO or TLSRPT_READY_NOT_YET if that follows from reports or the policy, else
 * TLSRPT_READY_UNKNOWN: only a check of the live deployment can yield TLSRPT_READY_YES. */
tlsrpt_ready mts_status_readiness_result(const tlsrpt_readiness *readiness);

/* The findings to show, allocated from p: without failures that do not affect the result, because
 * the list of causes explains them. */
mta_sts_findings *mts_status_readiness_findings(apr_pool_t *p, const tlsrpt_readiness *readiness);

#endif
