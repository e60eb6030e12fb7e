/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_POLICY_GRAMMAR_H
#define CORE_POLICY_GRAMMAR_H

#include "core/base/finding.h"
#include "core/policy/policy.h"

/*
 * The grammar of a policy text (RFC 8461 section 3.2), applied as strictly as senders do: each
 * deviation is a finding of its own. Callers use core/policy/text.h, which recognizes common
 * causes.
 */

/* In bytes. Larger policy texts are not parsed, because senders may stop reading there (RFC 8461
 * section 3.3). */
#define MTA_STS_POLICY_READ_MAX 65536

/* Arguments and result: as for mta_sts_policy_text_read. */
mta_sts_policy *mta_sts_policy_grammar_read(apr_pool_t *p, const char *text, apr_size_t len,
                                            mta_sts_findings *findings);

#endif
