/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_DANGLING_ALIAS_H
#define CORE_CHECK_DANGLING_ALIAS_H

#include <apr_pools.h>

#include "core/dns/answer.h"

/*
 * Dangling CNAMEs: the target does not exist, or has no record of the type that was queried. If the
 * target does not exist at all, anyone who can register that name controls what the alias provides.
 */

/*
 * The message of the finding alias-dangling.
 *
 * @param p      pool of the result
 * @param answer an answer without records (mta_sts_answer_is_empty) that has an alias
 * @param loss   the current consequence
 * @param danger what anyone who registers the target can do: "can ..."
 */
const char *mta_sts_dangling_alias_text(apr_pool_t *p, const mta_sts_answer *answer,
                                        const char *loss, const char *danger);

/* The fix if the alias was followed for a TXT or TLSA record of this name; allocated from p. */
const char *mta_sts_dangling_alias_fix(apr_pool_t *p, const mta_sts_answer *answer,
                                       const char *name);

#endif
