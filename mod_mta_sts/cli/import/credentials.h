/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_CREDENTIALS_H
#define CLI_IMPORT_CREDENTIALS_H

#include <apr_pools.h>

/*
 * Reads the password or token for a mailbox from a file, from a netrc file, or from the output of a
 * command. Secrets never appear in the arguments of a process or in messages.
 */

#define CLI_SECRET_MAX 16384 /* maximum length of a password or token, in bytes */
#define CLI_NETRC_MAX 65536  /* maximum size of a netrc file, in bytes */

/* The source of the credentials; at most one of the first two members is set. */
typedef struct cli_credentials_source {
    const char *password_file; /* the password is its first line */
    const char *token_command; /* command line for /bin/sh; the token is the first line of its
                                  output */
    const char *netrc_file;    /* NULL: .netrc in the home directory */
} cli_credentials_source;

/* The credentials: exactly one member is set. */
typedef struct cli_credentials {
    const char *password;
    const char *token;
} cli_credentials;

/*
 * Reads the credentials.
 *
 * @param p          pool of the result and of the error text
 * @param host, user for a netrc file
 * @return NULL, or why there are none, and what to do
 */
const char *cli_credentials_read(apr_pool_t *p, const cli_credentials_source *source,
                                 const char *host, const char *user, cli_credentials *credentials);

#endif
