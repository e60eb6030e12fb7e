/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <apr_general.h>

#include "cli/common/similar.h"
#include "cli/common/command.h"
#include "cli/common/subcommand.h"
#include "version.h"

static const cli_subcommand *const subcommands[] = {
    &cli_check,  &cli_dns,   &cli_fetches, &cli_import, &cli_lint,    &cli_mx,
    &cli_policy, &cli_ready, &cli_reindex, &cli_report, &cli_rollout, &cli_watch,
};
#define SUBCOMMAND_COUNT (sizeof(subcommands) / sizeof(subcommands[0]))

static void print_help(FILE *out)
{
    apr_size_t i;

    fputs("Usage: mta-sts SUBCOMMAND [OPTION...] [ARGUMENT...]\n\n"
          "Checks, publishes and monitors the MTA-STS policies (RFC 8461) of mail domains.\n\n",
          out);
    for (i = 0; i < SUBCOMMAND_COUNT; i++) {
        fprintf(out, "  %-8s %s\n", subcommands[i]->name, subcommands[i]->summary);
    }
    fputs("\nRun 'mta-sts SUBCOMMAND --help' for the options of a subcommand, or\n"
          "'mta-sts --version' for the version.\n",
          out);
}

/* Prints data for shell completion: lines of "SUBCOMMAND OPTION VALUE", separated by tabs; an empty
 * OPTION stands for the arguments after the options. */
static void print_completions(void)
{
    apr_size_t i;

    for (i = 0; i < SUBCOMMAND_COUNT; i++) {
        const char *name = subcommands[i]->name;
        const cli_option *option;

        printf("%s\t\t%s\n", name, subcommands[i]->arguments);
        for (option = subcommands[i]->options; option->name; option++) {
            const char *value = option->value ? option->value : "";

            printf("%s\t--%s\t%s\n", name, option->name, value);
            if (option->letter) {
                printf("%s\t-%c\t%s\n", name, option->letter, value);
            }
        }
        printf("%s\t--help\t\n", name);
    }
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

/* The name of the subcommand that was probably meant, or NULL. */
static const char *similar_to(const char *name)
{
    const char *names[SUBCOMMAND_COUNT];
    apr_size_t i;

    for (i = 0; i < SUBCOMMAND_COUNT; i++) {
        names[i] = subcommands[i]->name;
    }
    return cli_similar(name, names, (int)SUBCOMMAND_COUNT);
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
    const char *similar;

    /* Some supervisors start programs with SIGCHLD ignored, which would make it impossible to wait
     * for other programs. */
    signal(SIGCHLD, SIG_DFL);
    if (apr_app_initialize(&argc, &argv, NULL) != APR_SUCCESS) {
        fputs("mta-sts: APR cannot be initialized\n", stderr);
        return CLI_EXIT_USAGE;
    }
    /* apr_terminate() is not called: it destroys pools, and unmapping their memory piece by piece
     * would take a tenth of the time for a large report. */
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
    if (strcmp(argv[1], "--completions") == 0) {
        print_completions();
        return CLI_EXIT_OK;
    }
    cli_command_prepare(subcommands, SUBCOMMAND_COUNT);
    subcommand = find_subcommand(argv[1]);
    if (!subcommand) {
        similar = similar_to(argv[1]);
        fprintf(stderr, "mta-sts: there is no subcommand \"%s\"%s%s%s\n\n", argv[1],
                similar ? "; did you mean \"" : "", similar ? similar : "", similar ? "\"?" : "");
        print_help(stderr);
        return CLI_EXIT_USAGE;
    }
    return run(subcommand, argc - 1, argv + 1);
}
