/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_DKIM_KEY_H
#define CLI_IMPORT_DKIM_KEY_H

#include <apr_pools.h>

/*
 * A DKIM key record (RFC 6376 section 3.6.1) for libopendkim, which accepts keys for e-mail only:
 * one for the service type tlsrpt (RFC 8460 section 3) becomes one for all.
 *
 * @param p pool of the result
 * @return the record, or the key itself if it is not for tlsrpt
 */
const char *cli_dkim_key_accept_tlsrpt(apr_pool_t *p, const char *key);

#endif
