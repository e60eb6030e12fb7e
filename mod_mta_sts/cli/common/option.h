/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_OPTION_H
#define CLI_COMMON_OPTION_H

#include <getopt.h>

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "cli/check/check.h"

/*
 * The options of the subcommands, and values that several of them have. Each function returns NULL,
 * or what is wrong with the call and what is allowed, allocated from p.
 */

/*
 * Takes one option.
 *
 * @param call   what the subcommand makes of its words
 * @param option `val` of its row in the table
 * @param value  NULL: the option has none
 * @return NULL, or what is wrong with it
 */
typedef const char *cli_option_take(void *call, int option, const char *value);

/* The words behind the options, and whether help was asked for: then nothing else counts. */
typedef struct cli_words {
    const char *const *list;
    int count;
    int help;
} cli_words;

/* The row of --help and -h, which every table has; cli_options_read() takes it itself. */
#define CLI_OPTION_HELP 'h'
#define CLI_HELP_OPTION                                                                            \
    {                                                                                              \
        "help", no_argument, NULL, CLI_OPTION_HELP                                                 \
    }

/*
 * Reads the options of a call.
 *
 * @param argv    as run of cli_subcommand has it; what it points to is moved around
 * @param options table as getopt_long() wants it; a `val` below 256 is also a short option
 * @param call    passed to take
 * @param words   out
 */
const char *cli_options_read(apr_pool_t *p, int argc, const char *const *argv,
                             const struct option *options, cli_option_take *take, void *call,
                             cli_words *words);

/*
 * How to look at the live deployment: options of check, dns and ready alike. Rows of their tables,
 * and what takes them. Other options are left alone.
 */
enum {
    CLI_OPTION_RESOLVER = 512,
    CLI_OPTION_TRUST_ANCHOR,
    CLI_OPTION_CA_FILE,
    CLI_OPTION_CONNECT,
    CLI_OPTION_TIMEOUT,
    CLI_OPTION_SMTP_PORT,
    CLI_OPTION_NO_SMTP,
};

/* clang-format off */
#define CLI_NETWORK_OPTIONS                                                     \
    {"resolver", required_argument, NULL, CLI_OPTION_RESOLVER},                 \
    {"trust-anchor", required_argument, NULL, CLI_OPTION_TRUST_ANCHOR},         \
    {"ca-file", required_argument, NULL, CLI_OPTION_CA_FILE},                   \
    {"connect", required_argument, NULL, CLI_OPTION_CONNECT},                   \
    {"timeout", required_argument, NULL, CLI_OPTION_TIMEOUT}
#define CLI_SMTP_OPTIONS                                                        \
    {"smtp-port", required_argument, NULL, CLI_OPTION_SMTP_PORT},               \
    {"no-smtp", no_argument, NULL, CLI_OPTION_NO_SMTP}
/* clang-format on */

const char *cli_option_network(apr_pool_t *p, cli_check_options *set, int option,
                               const char *value);

#define CLI_PORT_MAX 65535

/* Reads a decimal number of min..max, which must not be negative; name is that of the option. */
const char *cli_option_number(apr_pool_t *p, const char *name, const char *text, int min, int max,
                              int *number);

/*
 * Reads the value of --format.
 *
 * @param formats the names of at least two, NULL behind them
 * @param chosen  out: which of them, 0 being the first
 */
const char *cli_option_format(apr_pool_t *p, const char *text, const char *const *formats,
                              int *chosen);

/*
 * Reads a time in the past: a number of hours, days or weeks ago ("12h", "30d", "4w"), a date
 * ("2026-05-11", in UTC), or "all".
 *
 * @param since out: 0 for "all"
 */
const char *cli_option_since(apr_pool_t *p, const char *text, apr_time_t now, apr_time_t *since);

/*
 * Reads HOST=ADDRESS:PORT of --connect, where an IPv6 address stands in brackets.
 *
 * @param connects array of cli_check_connect, to which it is added
 */
const char *cli_option_connect(apr_pool_t *p, const char *text, apr_array_header_t *connects);

#endif
