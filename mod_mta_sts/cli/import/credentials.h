/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_IMPORT_CREDENTIALS_H
#define CLI_IMPORT_CREDENTIALS_H

#include <apr_pools.h>

/*
 * The password or token for a mailbox: from a file, from a netrc file, or printed by a command.
 * None of them is an argument of a process or part of a message.
 */

#define CLI_SECRET_MAX 16384 /* bytes of a password or token */
#define CLI_NETRC_MAX 65536  /* bytes of a netrc file */

/* Where they come from; the first two are NULL or one of them is set. */
typedef struct cli_credentials_source {
    const char *password_file; /* its first line */
    const char *token_command; /* for /bin/sh; the first line of its output */
    const char *netrc_file;    /* NULL: .netrc in the home directory */
} cli_credentials_source;

/* One of them is set. */
typedef struct cli_credentials {
    const char *password;
    const char *token;
} cli_credentials;

/*
 * @param p    pool of the result and of the error text
 * @param host, user for a netrc file
 * @return NULL, or why there are none and what to do
 */
const char *cli_credentials_read(apr_pool_t *p, const cli_credentials_source *source,
                                 const char *host, const char *user, cli_credentials *credentials);

#endif
