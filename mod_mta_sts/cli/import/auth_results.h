/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_AUTH_RESULTS_H
#define CLI_IMPORT_AUTH_RESULTS_H

#include <apr_pools.h>

/*
 * What a mail server says of the signatures of a message: one Authentication-Results header field
 * (RFC 8601 section 2.2). Anybody can write one into a message, so that only those of a server
 * that removes the ones of others may be believed (section 5).
 */

typedef enum cli_auth_result {
    CLI_AUTH_OTHER,   /* it is another server's, or cannot be read */
    CLI_AUTH_NOTHING, /* it is that server's, but has no DKIM result */
    CLI_AUTH_DKIM,
} cli_auth_result;

/*
 * @param p           pool of the domain
 * @param value       of the field, folded or not
 * @param authserv_id name of the believed server, compared without case; NULL: the field begins
 *                    with its first result, as Exchange Online writes it
 * @param from        domain of the message's author, lower case
 * @param domain      out: with CLI_AUTH_DKIM, the domain of a signature that passed and that is
 *                    from's own or one above it, in lower case; NULL if there is none
 */
cli_auth_result cli_auth_results_read(apr_pool_t *p, const char *value, const char *authserv_id,
                                      const char *from, const char **domain);

#endif
