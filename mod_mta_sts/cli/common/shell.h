/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_SHELL_H
#define CLI_COMMON_SHELL_H

#include <apr_pools.h>

/*
 * Runs a shell command with a text on its standard input, and waits for it. Its standard output is
 * discarded. When the time is over, it is killed, together with all processes that it has started.
 * SIGCHLD must have its default action (main.c), because otherwise it is not possible to wait for
 * the command.
 *
 * @param p       pool of the texts
 * @param command command line for /bin/sh -c
 * @param input   borrowed; the command need not read it
 * @param seconds maximum time that the command may take
 * @param errors  out: the last 2000 bytes of its standard error, without the final newline
 * @return NULL if it ended with status 0 in time; else what happened
 */
const char *cli_shell_run(apr_pool_t *p, const char *command, const char *input, int seconds,
                          const char **errors);

/* ": " and the last line of the errors, quoted; or "". */
const char *cli_shell_last_line(apr_pool_t *p, const char *errors);

#endif
