/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_OPTION_H
#define CLI_COMMON_OPTION_H

#include <stddef.h>

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

/*
 * The options of the subcommands. One row describes an option completely: getopt's table, the help
 * and shell completion are generated from the rows.
 */

typedef struct cli_option cli_option;

/*
 * Stores the value of an option.
 *
 * @param p      pool of the stored value and of the error text
 * @param target where to store the value: offset bytes into the structure of the call
 * @param value  NULL if the option has none
 * @return NULL, or what is wrong with the value and what is allowed
 */
typedef const char *cli_option_take(apr_pool_t *p, const cli_option *option, void *target,
                                    const char *value);

struct cli_option {
    const char *name;  /* without "--" */
    char letter;       /* the short option, or 0 */
    const char *value; /* name of the value in the help: "FILE", "text|json"; NULL: the option has
                          no value */
    const char *help;
    cli_option_take *take;
    apr_size_t offset; /* of the target in the structure of the call; 0: the structure itself */
    int min, max;      /* for cli_take_number */
};

/* The arguments after the options. */
typedef struct cli_args {
    const char *const *list;
    int count;
    int help; /* whether --help or -h was given: then everything else is ignored */
} cli_args;

/*
 * Reads the options of a command line. Error texts never contain values of unknown options, which
 * may be passwords.
 *
 * @param p       pool of the error text and of what the rows allocate
 * @param argv    the name of the subcommand, then its arguments; reordered
 * @param options rows; the last one is empty
 * @param call    the structure in which the rows store values
 * @param args    out
 * @return NULL, or what is wrong and what is allowed
 */
const char *cli_options_read(apr_pool_t *p, int argc, const char *const *argv,
                             const cli_option *options, void *call, cli_args *args);

/* Prints a paragraph for each option to standard output, ending with that of --help. */
void cli_options_print(apr_pool_t *p, const cli_option *options);

/* --- kinds of values --- */

cli_option_take cli_take_flag;   /* int, set to 1 */
cli_option_take cli_take_text;   /* const char *, not empty */
cli_option_take cli_take_texts;  /* apr_array_header_t * of const char *, each not empty */
cli_option_take cli_take_number; /* int from min to max, in decimal */
cli_option_take cli_take_choice; /* int, the index of the alternative in the row's value */

/*
 * Reads a decimal number from min to max; these must not be negative.
 *
 * @param name of the option, for the error text
 */
const char *cli_option_number(apr_pool_t *p, const char *name, const char *text, int min, int max,
                              int *number);

/* Removes the final dot of a name in the notation of dig and zone files; any other text is
 * unchanged. */
const char *cli_option_name(apr_pool_t *p, const char *text);

/*
 * Parses a time in the past: a number of hours, days or weeks ago ("12h", "30d", "4w"), a date
 * ("2026-05-11", in UTC), or "all".
 *
 * @param name of the option, for the error text
 * @param time out: 0 for "all"
 */
const char *cli_option_time(apr_pool_t *p, const char *name, const char *text, apr_time_t now,
                            apr_time_t *time);

/* The beginning (UTC) of the first of some days that end with today, like the "last 30 days" of the
 * status page. */
apr_time_t cli_option_days_ago(apr_time_t now, int days);

/*
 * Parses the value of --since, in the same forms: the first day (UTC) that reports are about.
 *
 * @param since out: its beginning, "30d" as in cli_option_days_ago; 0 for "all"
 */
const char *cli_option_since(apr_pool_t *p, const char *text, apr_time_t now, apr_time_t *since);

#endif
