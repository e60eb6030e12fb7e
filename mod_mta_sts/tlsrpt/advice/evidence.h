/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_EVIDENCE_H
#define TLSRPT_ADVICE_EVIDENCE_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "tlsrpt/advice/explain.h"
#include "tlsrpt/report/report.h"
#include "tlsrpt/summary/summary.h"

/*
 * Which reports count as evidence for the readiness of a domain. Reports are claims by strangers:
 * a report counts if it is verified, or if the policy in it is one that was served here (in mode
 * testing or enforce, as a domain switches from one to the other), so its sender must at least
 * have seen that policy.
 */

/* Whether what a report contains under this type of policy is about MTA-STS, rather than about
 * DANE, which takes precedence (RFC 8461 section 2). */
int tlsrpt_evidence_is_mta_sts(const char *policy_type);

/*
 * Whether a policy of a report counts.
 *
 * @param p        scratch
 * @param verified whether the report is verified
 * @param served   array of const mta_sts_policy *: the policies that were served, now or earlier
 */
int tlsrpt_evidence_counts(apr_pool_t *p, const tlsrpt_policy *policy, int verified,
                           const apr_array_header_t *served);

/* Number of days with sessions; days in the future (which reports can claim as well) and days that
 * are not specified are left out. evidence may be NULL. */
int tlsrpt_evidence_days(const tlsrpt_domain *evidence, apr_time_t now);

/* Whether senders that apply mode enforce refuse to deliver because of such a failure, for a cause
 * on our side; for failures that concern MTA-STS. */
int tlsrpt_evidence_blocks_mail(const tlsrpt_explanation *explanation);

#endif
