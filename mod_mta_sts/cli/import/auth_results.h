/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_AUTH_RESULTS_H
#define CLI_IMPORT_AUTH_RESULTS_H

#include <apr_pools.h>

/*
 * Parses an Authentication-Results header field, in which a mail server reports the results of
 * checking the signatures of a message (RFC 8601 section 2.2). Anyone can add such a field to a
 * message, so only fields of a server that removes forged ones can be trusted (section 5).
 */

typedef enum cli_auth_result {
    CLI_AUTH_OTHER,   /* from another server, or malformed */
    CLI_AUTH_NOTHING, /* from the trusted server, but without a DKIM result */
    CLI_AUTH_DKIM,
} cli_auth_result;

/*
 * Parses one field.
 *
 * @param p           pool of the domain
 * @param value       value of the field, folded or unfolded
 * @param authserv_id authserv-id of the trusted server, compared ignoring case; NULL: the field has
 *                    no authserv-id, as those of Exchange Online
 * @param from        domain of the message's author, lower case
 * @param domain      out: with CLI_AUTH_DKIM, the domain of a valid signature that is equal to
 *                    `from` or a parent domain of it, in lower case; NULL if there is none
 */
cli_auth_result cli_auth_results_read(apr_pool_t *p, const char *value, const char *authserv_id,
                                      const char *from, const char **domain);

#endif
