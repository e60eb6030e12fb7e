/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLSRPT_ADVICE_READINESS_FAILURES_H
#define TLSRPT_ADVICE_READINESS_FAILURES_H

#include "tlsrpt/advice/assessment.h"

/* The part of an assessment about reported failures. */

/* Adds a finding for each kind of failure that was reported. */
void tlsrpt_readiness_assess_failures(tlsrpt_assessment *a);

#endif
