/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_POLICY_TEXT_H
#define CORE_POLICY_TEXT_H

#include "core/base/finding.h"
#include "core/policy/grammar.h"
#include "core/policy/policy.h"

/*
 * Reads a policy text as a sender does (RFC 8461 section 3.2), and reports each line that violates
 * the grammar or that is known to confuse real senders. A text that an editor, a web page or a
 * shell has changed gets one finding that names the change and shows the intended lines
 * (core/policy/repair.h).
 */

/*
 * Reads one policy text.
 *
 * @param p        pool of the policy
 * @param text     any bytes, not necessarily NUL-terminated
 * @param len      their number, which is not limited; more than MTA_STS_POLICY_READ_MAX bytes is an
 *                 error
 * @param findings results are added here, with line numbers from 1; the policy is valid unless one
 *                 of them is an error
 * @return the values that could be parsed; in an invalid policy, the mode may be
 *         MTA_STS_MODE_UNSET, max_age -1, and the list of mx patterns empty
 */
mta_sts_policy *mta_sts_policy_text_read(apr_pool_t *p, const char *text, apr_size_t len,
                                         mta_sts_findings *findings);

#endif
