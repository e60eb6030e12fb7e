/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_DKIM_H
#define CLI_IMPORT_DKIM_H

#include <apr_pools.h>

#include "cli/net/resolver.h"

/*
 * Verifies the DKIM signatures of a message (RFC 6376) with libopendkim and keys from DNS, as RFC
 * 8460 section 3 requires of reports: a signature with l= does not count, and a key may be limited
 * to the service type tlsrpt.
 */

typedef struct cli_dkim cli_dkim;

/*
 * Creates a verifier.
 *
 * @param p       pool of the result and of the error text
 * @param options options of the resolver; borrowed during the call
 * @return NULL, or why signatures cannot be verified
 */
const char *cli_dkim_make(apr_pool_t *p, const cli_resolver_options *options, cli_dkim **dkim);

/*
 * Verifies the signatures of a message.
 *
 * @param data  a cli_dkim
 * @param p     pool of the result
 * @param bytes a message with any line ends
 * @param from  domain of the message's author, in lower case
 * @return the domain of a valid signature that is equal to `from` or a parent of it, in lower case;
 *         NULL if there is none, or its key could not be looked up in time
 */
const char *cli_dkim_verify(void *data, apr_pool_t *p, const char *bytes, apr_size_t len,
                            const char *from);

#endif
