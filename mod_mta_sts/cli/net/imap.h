/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_IMAP_H
#define CLI_NET_IMAP_H

#include <apr_pools.h>
#include <apr_time.h>

#include "cli/net/imap_response.h"
#include "cli/net/imap_url.h"

/*
 * A connection to an IMAP server (RFC 3501). libcurl connects, verifies the certificate, and logs
 * in. TLS is mandatory. After the login, this code sends commands and reads responses, with limits
 * on time and size.
 */

typedef struct cli_imap cli_imap;

/* The credentials: either password or token is set. */
typedef struct cli_imap_login {
    const char *password;
    const char *token;   /* for XOAUTH2 or OAUTHBEARER */
    const char *ca_file; /* or NULL: the CAs of the system */
} cli_imap_login;

/*
 * Connects and logs in.
 *
 * @param p     pool of the connection and of the error text
 * @param login borrowed
 * @param until when to stop waiting, by the clock of mta_sts_monotonic_now()
 * @return NULL, or why that failed, and what to do
 */
const char *cli_imap_open(apr_pool_t *p, const cli_imap_url *url, const cli_imap_login *login,
                          apr_time_t until, cli_imap **imap);

/* Visits an untagged response, which is valid only during the visit. Returns NULL, or why the
 * connection must be closed */
typedef const char *cli_imap_visit(void *data, const cli_imap_response *response);

/*
 * Sends a command and reads its responses.
 *
 * @param p       pool of the contents of the last response; error texts live as long as the
 *                connection
 * @param command the command without tag and line end
 * @param most    maximum number of bytes of all responses
 * @param visit   or NULL
 * @param done    out: the tagged response, with the status OK, NO or BAD
 * @return NULL, or why the connection can no longer be used
 */
const char *cli_imap_command(cli_imap *imap, apr_pool_t *p, const char *command, apr_size_t most,
                             cli_imap_visit *visit, void *data, cli_imap_response *done);

/* Logs out without waiting for a response. */
void cli_imap_close(cli_imap *imap);

#endif
