/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_READINESS_DEPLOYMENT_H
#define TLSRPT_ADVICE_READINESS_DEPLOYMENT_H

#include "tlsrpt/advice/assessment.h"

/* The part of an assessment that is about the live deployment. */

/* Assesses the policy, the MTA-STS record and the policy host. */
void tlsrpt_readiness_assess_policy(tlsrpt_assessment *a);

/* Assesses the MX hosts. */
void tlsrpt_readiness_assess_mxs(tlsrpt_assessment *a);

#endif
