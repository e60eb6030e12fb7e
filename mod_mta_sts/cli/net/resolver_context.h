/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_RESOLVER_CONTEXT_H
#define CLI_NET_RESOLVER_CONTEXT_H

#include <unbound.h>

#include "cli/net/resolver.h"

/*
 * The libunbound context of a resolver: which servers it queries, and which trust anchor it uses.
 * Nothing can be configured after the first query.
 */

/*
 * Makes a context that is ready for queries; it is destroyed with p.
 *
 * @param anchor file with the trust anchor, or NULL for no validation
 * @return NULL, or why it cannot be used: a constant, or allocated from p
 */
const char *cli_resolver_context_make(apr_pool_t *p, const cli_resolver_options *options,
                                      const char *anchor, struct ub_ctx **context);

#endif
