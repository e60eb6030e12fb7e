/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_READINESS_REPORTS_H
#define TLSRPT_ADVICE_READINESS_REPORTS_H

#include "tlsrpt/advice/assessment.h"

/* The part of an assessment about the number and age of reports, and the policies in them. */

/* Assesses how many reports there are, from how many senders, and how old they are. */
void tlsrpt_readiness_assess_reports(tlsrpt_assessment *a);

/* Assesses whether the largest senders use the policy that is served now. */
void tlsrpt_readiness_assess_sender_policies(tlsrpt_assessment *a);

#endif
