/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_CONFIG_REPORT_SCOPE_H
#define HTTPD_CONFIG_REPORT_SCOPE_H

#include <httpd.h>

#include "core/base/finding.h"
#include "tlsrpt/report/report.h"

/*
 * Determines which reports are about local domains: about a policy domain that is served here,
 * about an MX host that its policy covers (reports about DANE name MX hosts), or about an
 * MTASTSReportDomain; also reports of Postfix about sessions without a policy, which name no
 * domain.
 */
typedef struct mts_report_scope mts_report_scope;

/*
 * Collects the local names. The policies must have been resolved.
 *
 * @param p        pconf
 * @param main     the main server
 * @param findings a warning is added here if there is an endpoint but no domain about which reports
 *                 are accepted
 */
void mts_report_scope_collect(apr_pool_t *p, const server_rec *main, mta_sts_findings *findings);

/* Whether a server has an endpoint. */
int mts_report_scope_has_endpoint(const server_rec *main);

/* The local names in the format of tlsrpt/spool/scope.h, allocated from p; NULL: there are none. */
const char *mts_report_scope_render(apr_pool_t *p, const server_rec *main);

/* Whether a name is local. p: pool for temporary memory. */
int mts_report_scope_has_name(const server_rec *s, apr_pool_t *p, const char *name);

/* The same, except for names that only a wildcard matches, which anyone can make up. */
int mts_report_scope_has_exact_name(const server_rec *s, const char *name);

/* Whether one of the domains of a report is local. p: pool for temporary memory. */
int mts_report_scope_has(const server_rec *s, apr_pool_t *p, const tlsrpt_report *report);

#endif
