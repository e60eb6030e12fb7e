/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_DKIM_KEY_H
#define CLI_IMPORT_DKIM_KEY_H

#include <apr_pools.h>

/*
 * A DKIM key record (RFC 6376 section 3.6.1) for libopendkim, which accepts keys for e-mail only: a
 * key for the service type tlsrpt (RFC 8460 section 3) is converted to one for all service types.
 *
 * @param p pool of the result
 * @return the converted record, or key itself if it is not for tlsrpt
 */
const char *cli_dkim_key_accept_tlsrpt(apr_pool_t *p, const char *key);

#endif
