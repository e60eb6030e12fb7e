/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_SUBCOMMAND_H
#define CLI_COMMON_SUBCOMMAND_H

#include <apr_pools.h>

#include "cli/common/option.h"

/* Exit statuses of the subcommands, except check, ready and watch. */
#define CLI_EXIT_OK 0
#define CLI_EXIT_INVALID 1
#define CLI_EXIT_USAGE 2

/* Exit statuses of check, ready and watch, which are those of Nagios plugins; UNKNOWN also means
 * wrong usage. */
#define CLI_EXIT_WARNING 1
#define CLI_EXIT_CRITICAL 2
#define CLI_EXIT_UNKNOWN 3

/*
 * One subcommand of `mta-sts`. Its help is generated from this.
 *
 * run gets argv like main(), except that it begins with the subcommand's own name, and returns the
 * exit status; p is destroyed afterwards.
 */
typedef struct cli_subcommand {
    const char *name;
    const char *summary;   /* its line in `mta-sts --help` */
    const char *usage;     /* the rest of the command line after the name; one line for each form */
    const char *arguments; /* the arguments after the options, for shell completion: "FILE", "" */
    const char *description;   /* a paragraph of the help */
    const char *exit_statuses; /* the last paragraph of the help */
    const cli_option *options; /* the last row is empty; --help is added to every subcommand */
    int (*run)(apr_pool_t *p, const struct cli_subcommand *self, int argc, const char *const *argv);
} cli_subcommand;

extern const cli_subcommand cli_check;
extern const cli_subcommand cli_dns;
extern const cli_subcommand cli_fetches;
extern const cli_subcommand cli_import;
extern const cli_subcommand cli_lint;
extern const cli_subcommand cli_mx;
extern const cli_subcommand cli_policy;
extern const cli_subcommand cli_ready;
extern const cli_subcommand cli_reindex;
extern const cli_subcommand cli_report;
extern const cli_subcommand cli_rollout;
extern const cli_subcommand cli_watch;

/*
 * Reads the options of a command line.
 *
 * @param p    pool of the error text
 * @param argv as passed to run; its elements are reordered
 * @param call the structure in which the rows of self->options store values
 * @param args out: the arguments after the options, or whether help was requested
 * @return NULL, or what is wrong
 */
const char *cli_subcommand_read(apr_pool_t *p, const cli_subcommand *self, int argc,
                                const char *const *argv, void *call, cli_args *args);

/*
 * Prints the help to standard output.
 *
 * @return CLI_EXIT_OK
 */
int cli_subcommand_help(apr_pool_t *p, const cli_subcommand *self);

/*
 * Prints what is wrong with a command line to standard error, and how to get help.
 *
 * @return CLI_EXIT_USAGE
 */
int cli_usage_error(const cli_subcommand *self, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
