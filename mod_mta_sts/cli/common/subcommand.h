/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_SUBCOMMAND_H
#define CLI_COMMON_SUBCOMMAND_H

#include <apr_pools.h>

/* Exit statuses of the subcommands (of all but check and ready). */
#define CLI_EXIT_OK 0
#define CLI_EXIT_INVALID 1
#define CLI_EXIT_USAGE 2

/* Those of check and ready, as Nagios plugins have them; the last also for wrong usage. */
#define CLI_EXIT_WARNING 1
#define CLI_EXIT_CRITICAL 2
#define CLI_EXIT_UNKNOWN 3

/*
 * One subcommand of `mta-sts`.
 *
 * run gets argv with the subcommand's own name first, as main() would, and returns the exit
 * status; p is destroyed afterwards.
 */
typedef struct cli_subcommand {
    const char *name;
    const char *summary; /* one line of `mta-sts --help` */
    const char *help;    /* what `mta-sts NAME --help` prints */
    int (*run)(apr_pool_t *p, const struct cli_subcommand *self, int argc, const char *const *argv);
} cli_subcommand;

extern const cli_subcommand cli_check;
extern const cli_subcommand cli_dns;
extern const cli_subcommand cli_import;
extern const cli_subcommand cli_lint;
extern const cli_subcommand cli_ready;
extern const cli_subcommand cli_reindex;
extern const cli_subcommand cli_report;

/*
 * Says on standard error what is wrong with the words of the call and where help is.
 *
 * @return CLI_EXIT_USAGE
 */
int cli_usage_error(const cli_subcommand *self, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
