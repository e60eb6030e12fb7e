/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_READINESS_H
#define TLSRPT_ADVICE_READINESS_H

#include "tlsrpt/advice/assessment.h"

/*
 * Whether a domain is ready for mode enforce or, if mode enforce is in effect already, whether it
 * is safe: a result and its evidence, from reports and from a check of the live deployment. It
 * depends only on the given facts, not on the network or other state.
 *
 * Reports that do not count as evidence (tlsrpt/advice/evidence.h) are mentioned, but no decision
 * depends on them, and no domain is ready without a check of its mail servers or a verified report.
 */

/*
 * Assesses one domain.
 *
 * @param p      pool of the result
 * @param facts  borrowed by the result
 * @param limits the requirements
 */
tlsrpt_readiness *tlsrpt_readiness_assess(apr_pool_t *p, const tlsrpt_readiness_facts *facts,
                                          const tlsrpt_readiness_limits *limits);

#endif
