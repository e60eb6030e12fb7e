/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_REPORT_SCOPE_H
#define HTTPD_CONFIG_REPORT_SCOPE_H

#include <httpd.h>

#include "core/base/finding.h"
#include "tlsrpt/report/report.h"

/*
 * Which reports are about local domains: those on a policy domain that is served here, on an MX
 * host that its policy lists (reports on DANE name those), or on an MTASTSReportDomain, and those
 * of Postfix that found no policy and name no domain.
 */
typedef struct mts_report_scope mts_report_scope;

/*
 * Collects the local names after the policies were resolved; does nothing without an endpoint.
 *
 * @param p        pconf
 * @param main     the main server
 * @param findings receives a warning if there is an endpoint but no domain whose reports are
 *                 accepted
 */
void mts_report_scope_collect(apr_pool_t *p, const server_rec *main, mta_sts_findings *findings);

/* Whether one of the domains of a report is local. p is for scratch memory. */
int mts_report_scope_has(const server_rec *s, apr_pool_t *p, const tlsrpt_report *report);

#endif
