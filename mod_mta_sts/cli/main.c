/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "cli/subcommand.h"
#include "version.h"

static const cli_subcommand *const subcommands[] = {
    &cli_check, &cli_dns, &cli_import, &cli_lint, &cli_ready, &cli_reindex, &cli_report,
};
#define SUBCOMMAND_COUNT (sizeof(subcommands) / sizeof(subcommands[0]))

static void print_help(FILE *out)
{
    apr_size_t i;

    fputs("Usage: mta-sts SUBCOMMAND [OPTION...] [ARGUMENT...]\n\n"
          "Looks after the MTA-STS policies (RFC 8461) of mail domains.\n\n",
          out);
    for (i = 0; i < SUBCOMMAND_COUNT; i++) {
        fprintf(out, "  %-8s %s\n", subcommands[i]->name, subcommands[i]->summary);
    }
    fputs("\n`mta-sts SUBCOMMAND --help` tells the options of one; `mta-sts --version` the "
          "version.\n",
          out);
}

int cli_usage_error(const cli_subcommand *self, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "mta-sts %s: ", self->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nmta-sts %s --help tells how it is called.\n", self->name);
    return CLI_EXIT_USAGE;
}

static const cli_subcommand *find_subcommand(const char *name)
{
    apr_size_t i;

    for (i = 0; i < SUBCOMMAND_COUNT; i++) {
        if (strcmp(subcommands[i]->name, name) == 0) {
            return subcommands[i];
        }
    }
    return NULL;
}

static int run(const cli_subcommand *subcommand, int argc, const char *const *argv)
{
    apr_pool_t *p;
    int status;

    apr_pool_create(&p, NULL);
    status = subcommand->run(p, subcommand, argc, argv);
    apr_pool_destroy(p);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("mta-sts: standard output");
        return CLI_EXIT_USAGE;
    }
    return status;
}

int main(int argc, const char *const *argv)
{
    const cli_subcommand *subcommand;

    if (apr_app_initialize(&argc, &argv, NULL) != APR_SUCCESS) {
        fputs("mta-sts: APR could not be initialized\n", stderr);
        return CLI_EXIT_USAGE;
    }
    atexit(apr_terminate);
    if (argc < 2) {
        print_help(stderr);
        return CLI_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return CLI_EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("mta-sts " MTA_STS_DESCRIPTION);
        return CLI_EXIT_OK;
    }
    subcommand = find_subcommand(argv[1]);
    if (!subcommand) {
        fprintf(stderr, "mta-sts: there is no subcommand \"%s\"\n\n", argv[1]);
        print_help(stderr);
        return CLI_EXIT_USAGE;
    }
    return run(subcommand, argc - 1, argv + 1);
}
