/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_RESOLVER_CONTEXT_H
#define CLI_NET_RESOLVER_CONTEXT_H

#include <unbound.h>

#include "cli/net/resolver.h"

/*
 * The libunbound context of a resolver, with the servers to query and the trust anchor. It cannot
 * be configured any more after the first query.
 */

/*
 * Creates a context that is ready for queries; it is destroyed with p.
 *
 * @param anchor file with the trust anchor, or NULL for no validation
 * @return NULL, or why it cannot be used: a string constant, or allocated from p
 */
const char *cli_resolver_context_make(apr_pool_t *p, const cli_resolver_options *options,
                                      const char *anchor, struct ub_ctx **context);

#endif
