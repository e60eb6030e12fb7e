/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_READINESS_DEPLOYMENT_H
#define TLSRPT_ADVICE_READINESS_DEPLOYMENT_H

#include "tlsrpt/advice/assessment.h"

/* The part of an assessment that the live deployment provides. */

/* The policy, and the announcement and policy host that senders get it from. */
void tlsrpt_readiness_assess_policy(tlsrpt_assessment *a);

/* The MX hosts. */
void tlsrpt_readiness_assess_mxs(tlsrpt_assessment *a);

#endif
