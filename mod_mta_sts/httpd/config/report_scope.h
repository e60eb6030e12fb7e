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
 * Collects the local names, once the policies are resolved.
 *
 * @param p        pconf
 * @param main     the main server
 * @param findings receives a warning if there is an endpoint but no domain whose reports are
 *                 accepted
 */
void mts_report_scope_collect(apr_pool_t *p, const server_rec *main, mta_sts_findings *findings);

/* Whether a server has an endpoint. */
int mts_report_scope_has_endpoint(const server_rec *main);

/* The local names as tlsrpt/spool/scope.h describes; NULL: there are none. */
const char *mts_report_scope_render(apr_pool_t *p, const server_rec *main);

/* Whether a name is local. p is for scratch memory. */
int mts_report_scope_has_name(const server_rec *s, apr_pool_t *p, const char *name);

/* The same without the names that only a wildcard matches, which strangers can choose. */
int mts_report_scope_has_exact_name(const server_rec *s, const char *name);

/* Whether one of the domains of a report is local. p is for scratch memory. */
int mts_report_scope_has(const server_rec *s, apr_pool_t *p, const tlsrpt_report *report);

#endif
