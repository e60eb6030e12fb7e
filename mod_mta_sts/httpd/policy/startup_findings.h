/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_POLICY_STARTUP_FINDINGS_H
#define HTTPD_POLICY_STARTUP_FINDINGS_H

#include <httpd.h>

#include "core/base/finding.h"

/*
 * The findings of the last start for the status page: the worst ones, and the number of findings of
 * each severity.
 */

#define MTS_STARTUP_FINDINGS_MAX 100

typedef struct mts_startup_findings {
    apr_time_t when;
    mta_sts_findings *findings;      /* the worst first, at most MTS_STARTUP_FINDINGS_MAX; never
                                        MTA_STS_OK */
    int counts[MTA_STS_UNKNOWN + 1]; /* of all findings, by severity */
} mts_startup_findings;

/*
 * Stores the findings about the configuration, together with the given ones, in the main server's
 * mts_config.
 *
 * @param p        pconf
 * @param main     the main server
 * @param findings those about the virtual hosts; copied
 */
void mts_startup_findings_store(apr_pool_t *p, server_rec *main, const mta_sts_findings *findings);

/* The findings of the last start; NULL until the first start is complete. */
const mts_startup_findings *mts_startup_findings_of(const server_rec *s);

#endif
