/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_EVIDENCE_H
#define TLSRPT_ADVICE_EVIDENCE_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "core/database/database.h"
#include "tlsrpt/advice/explain.h"
#include "tlsrpt/report/report.h"
#include "tlsrpt/summary/summary.h"

/*
 * What counts as evidence. Anyone can submit a report about any domain under any name, and the
 * policy that it quotes is public: only a verified report, whose mail carried a valid DKIM
 * signature (RFC 8460 section 3), is evidence. Unverified reports are shown as such and are a
 * reason to check, but no decision depends on them.
 *
 * All views use these functions: the findings at start, the status page with its JSON and metrics,
 * `mta-sts report` and `mta-sts ready`.
 */

/* Whether a report, or a row of a summary, counts as evidence.
 *
 * @param is_verified of the report, or of the row
 */
int tlsrpt_evidence_counts(int is_verified);

/* "verified" or "unverified". */
const char *tlsrpt_evidence_name(int is_verified);

/* The filter of the reports that count.
 *
 * @param domain borrowed; NULL: all
 */
tlsrpt_filter tlsrpt_evidence_filter(apr_time_t since, const char *domain);

/* Whether results under this policy type concern MTA-STS, rather than DANE, which takes precedence
 * (RFC 8461 section 2). */
int tlsrpt_evidence_is_mta_sts(const char *policy_type);

/*
 * Whether a policy of a report counts as evidence about mode enforce. Results under DANE do not
 * count; nor do successful sessions without any policy, because they do not show whether validation
 * would succeed.
 */
int tlsrpt_evidence_is_about_enforce(const tlsrpt_policy *policy, int is_verified);

/* Number of days with sessions; days in the future (which reports can claim as well) and days that
 * are not specified are left out. evidence may be NULL. */
int tlsrpt_evidence_days(const tlsrpt_domain *evidence, apr_time_t now);

/* Whether a failure under MTA-STS with this explanation makes senders refuse to deliver in mode
 * enforce, and the domain's admin can fix its cause. */
int tlsrpt_evidence_blocks_mail(const tlsrpt_explanation *explanation);

/*
 * The explanation because of which senders refuse mail in mode enforce: the first one of
 * tlsrpt_explain_cause that blocks mail. NULL if there is none, and for failures under DANE.
 *
 * @param p      pool of the explanation
 * @param domain policy domain
 */
const tlsrpt_explanation *tlsrpt_evidence_refusal(apr_pool_t *p, const char *domain,
                                                  const tlsrpt_cause *cause);

/*
 * Since when failures in reports about a domain in mode enforce mean refused mail: while another
 * mode was served, mail was delivered even if validation failed. This is the day after the last day
 * on which another mode was served, or `since` if that is later or the history contains no other
 * mode.
 *
 * @param db     contains the history of served policies (core/database/history.h)
 * @param since  the beginning of the period of interest
 * @param from   out: since, or the beginning of a later day
 * @param p      scratch
 * @return NULL, or why the history cannot be read
 */
const char *tlsrpt_evidence_enforced_since(mta_sts_database *db, const char *domain,
                                           apr_time_t since, apr_pool_t *p, apr_time_t *from);

#endif
