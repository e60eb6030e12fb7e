/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_POLICY_STARTUP_FINDINGS_H
#define HTTPD_POLICY_STARTUP_FINDINGS_H

#include <httpd.h>

#include "core/base/finding.h"

/*
 * What was noticed at the last start, kept for the status page: the worst of it, and how much of
 * each severity there was.
 */

#define MTS_STARTUP_FINDINGS_MAX 100

typedef struct mts_startup_findings {
    apr_time_t when;
    mta_sts_findings *findings; /* MTS_STARTUP_FINDINGS_MAX at most, the worst first; none is ok */
    int counts[MTA_STS_UNKNOWN + 1]; /* by severity, of all there were */
} mts_startup_findings;

/*
 * Keeps the findings of the configuration and these in the main server's mts_config.
 *
 * @param p        pconf
 * @param main     the main server
 * @param findings of the virtual hosts; copied
 */
void mts_startup_findings_store(apr_pool_t *p, server_rec *main, const mta_sts_findings *findings);

/* What was kept at the last start; NULL before the first has ended. */
const mts_startup_findings *mts_startup_findings_of(const server_rec *s);

#endif
