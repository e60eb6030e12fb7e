/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_COMMAND_H
#define CLI_COMMON_COMMAND_H

#include <apr_pools.h>

#include "cli/common/subcommand.h"

/*
 * Commands that are printed for people to run next. They look at the same place as this call: they
 * have the --state-dir and --database that it was given, as far as the subcommand has these
 * options.
 */

/* Called first, with all subcommands: they say which have these options. */
void cli_command_prepare(const cli_subcommand *const *subcommands, int count);

/* Notes the options of this process, after they were read. */
void cli_command_note(const cli_subcommand *self, const void *call);

/*
 * The command, for a shell.
 *
 * @param subcommand its name
 * @param words  further words, quoted where necessary: "set --mode enforce"; or ""
 * @param domain last; or ""
 * @return "mta-sts policy set --mode enforce --state-dir '/srv/state' example.com"
 */
const char *cli_command(apr_pool_t *p, const char *subcommand, const char *words,
                        const char *domain);

/* Only those options, each with a blank before it; or "". */
const char *cli_command_options(apr_pool_t *p, const char *subcommand);

/* A word for a shell, in single quotes. */
const char *cli_command_quote(apr_pool_t *p, const char *word);

#endif
