/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/subcommand.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/common/command.h"
#include "cli/common/wrap.h"

const char *cli_subcommand_read(apr_pool_t *p, const cli_subcommand *self, int argc,
                                const char *const *argv, void *call, cli_args *args)
{
    static int is_read;
    const char *error = cli_options_read(p, argc, argv, self->options, call, args);

    if (!is_read) { /* mx calls policy with options of its own */
        cli_command_note(self, call);
    }
    is_read = 1;
    return error;
}

/* "Usage: mta-sts NAME ...", one line for each form of the command line. */
static void print_usage(apr_pool_t *p, const cli_subcommand *self)
{
    char *forms = apr_pstrdup(p, self->usage), *last, *form;
    const char *label = "Usage:";

    for (form = apr_strtok(forms, "\n", &last); form; form = apr_strtok(NULL, "\n", &last)) {
        printf("%-6s mta-sts %s %s\n", label, self->name, form);
        label = "";
    }
}

int cli_subcommand_help(apr_pool_t *p, const cli_subcommand *self)
{
    print_usage(p, self);
    putchar('\n');
    cli_print_wrapped(0, self->description);
    putchar('\n');
    cli_options_print(p, self->options);
    fputs("\nExit status: ", stdout);
    cli_print_wrapped((int)strlen("Exit status: "), self->exit_statuses);
    return CLI_EXIT_OK;
}

int cli_usage_error(const cli_subcommand *self, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "mta-sts %s: ", self->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nTry 'mta-sts %s --help'.\n", self->name);
    return CLI_EXIT_USAGE;
}
