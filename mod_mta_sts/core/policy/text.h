/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_POLICY_TEXT_H
#define CORE_POLICY_TEXT_H

#include "core/base/finding.h"
#include "core/policy/grammar.h"
#include "core/policy/policy.h"

/*
 * Reads a policy text as a sender does (RFC 8461 section 3.2), and says of each line that deviates
 * from the grammar, or that real senders are known to stumble on, what is the matter with it. A
 * text that an editor, a web page or a shell has changed gets one finding that names the change and
 * shows the lines that were meant (core/policy/repair.h).
 */

/*
 * Reads one policy text.
 *
 * @param p        pool of the policy
 * @param text     any bytes, not necessarily NUL-terminated
 * @param len      their number, of any size; what is over MTA_STS_POLICY_READ_MAX is refused
 * @param findings what was noticed is added here, with line numbers from 1; the policy is valid
 *                 unless one of them is an error
 * @return what could be understood; in an invalid policy the mode may be MTA_STS_MODE_UNSET,
 *         max_age -1 and the list of mx patterns empty
 */
mta_sts_policy *mta_sts_policy_text_read(apr_pool_t *p, const char *text, apr_size_t len,
                                         mta_sts_findings *findings);

#endif
