/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CHECK_DEAD_ALIAS_H
#define CORE_CHECK_DEAD_ALIAS_H

#include <apr_pools.h>

#include "core/dns/answer.h"

/*
 * A CNAME that leads to nothing. If its target does not exist at all, somebody may register that
 * name, and controls what the alias is for.
 */

/*
 * The message.
 *
 * @param p      pool of the result
 * @param answer an empty one, with an alias
 * @param loss   what comes of it now
 * @param danger what anyone who registers the name can do: "can ..."
 */
const char *mta_sts_dead_alias_text(apr_pool_t *p, const mta_sts_answer *answer, const char *loss,
                                    const char *danger);

/* What to do where the alias is for a TXT or TLSA record at this name. */
const char *mta_sts_dead_alias_fix(apr_pool_t *p, const mta_sts_answer *answer, const char *name);

#endif
