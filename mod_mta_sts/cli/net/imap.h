/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_NET_IMAP_H
#define CLI_NET_IMAP_H

#include <apr_pools.h>
#include <apr_time.h>

#include "cli/net/imap_response.h"
#include "cli/net/imap_url.h"

/*
 * A connection to an IMAP server (RFC 3501). libcurl connects, verifies the certificate, and logs
 * in; nothing is sent without TLS, and there is no way to do without. Commands are sent and
 * answers read here, with bounds on time and size.
 */

typedef struct cli_imap cli_imap;

/* One of password and token is set. */
typedef struct cli_imap_login {
    const char *password;
    const char *token;   /* for XOAUTH2 or OAUTHBEARER */
    const char *ca_file; /* or NULL: the CAs of the system */
} cli_imap_login;

/*
 * Connects and logs in.
 *
 * @param p     the connection lives as long as this pool; also of the error text
 * @param login borrowed
 * @param until time of mta_sts_monotonic_now() after which nothing is waited for
 * @return NULL, or why not and what to do
 */
const char *cli_imap_open(apr_pool_t *p, const cli_imap_url *url, const cli_imap_login *login,
                          apr_time_t until, cli_imap **imap);

/* Visits an untagged response, which lives until the visit ends. @return NULL, or why the
 * connection is given up */
typedef const char *cli_imap_visit(void *data, const cli_imap_response *response);

/*
 * Sends a command and reads its answer.
 *
 * @param p       pool of what is in the last response; errors live as long as the connection
 * @param command without tag and line end
 * @param most    bytes of the whole answer
 * @param visit   or NULL
 * @param done    out: the last response, with the status OK, NO or BAD
 * @return NULL, or why the connection cannot be used any more
 */
const char *cli_imap_command(cli_imap *imap, apr_pool_t *p, const char *command, apr_size_t most,
                             cli_imap_visit *visit, void *data, cli_imap_response *done);

/* Logs out, without waiting for an answer. */
void cli_imap_close(cli_imap *imap);

#endif
