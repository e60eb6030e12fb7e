/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/command.h"

#include <string.h>

#include <apr_strings.h>

#include "core/database/conninfo.h"

static const char *const names[] = {"state-dir", "database"};

#define COUNT (sizeof(names) / sizeof(names[0]))
#define DATABASE 1

/* A process has one command line. */
static const char *given[COUNT];
static const cli_subcommand *const *all;
static int all_count;

void cli_command_prepare(const cli_subcommand *const *subcommands, int count)
{
    all = subcommands;
    all_count = count;
}

static const cli_option *find_option(const cli_subcommand *which, const char *name)
{
    const cli_option *option = which->options;

    while (option->name && strcmp(option->name, name) != 0) {
        option++;
    }
    return option->name ? option : NULL;
}

static int has_option(const char *subcommand, const char *name)
{
    int i;

    for (i = 0; i < all_count; i++) {
        if (strcmp(all[i]->name, subcommand) == 0) {
            return find_option(all[i], name) != NULL;
        }
    }
    return 0;
}

void cli_command_note(const cli_subcommand *self, const void *call)
{
    apr_size_t i;

    for (i = 0; i < COUNT; i++) {
        const cli_option *option = find_option(self, names[i]);

        given[i] = option ? *(const char *const *)((const char *)call + option->offset) : NULL;
    }
}

const char *cli_command_quote(apr_pool_t *p, const char *word)
{
    const char *text = "'", *end;

    for (; (end = strchr(word, '\'')); word = end + 1) {
        text =
            apr_pstrcat(p, text, apr_pstrmemdup(p, word, (apr_size_t)(end - word)), "'\\''", NULL);
    }
    return apr_pstrcat(p, text, word, "'", NULL);
}

/* Commands are mailed and copied to tickets: a password in the connection string is not. */
static const char *hide_secrets(apr_pool_t *p, const char *database)
{
    const char *blank = strchr(database, ' ');
    mta_sts_conninfo info;

    if (!blank || strncmp(database, "pgsql ", 6) != 0) {
        return database;
    }
    return mta_sts_conninfo_read(p, blank + 1, &info) ? "pgsql ..."
           : info.secrets->nelts ? apr_pstrcat(p, "pgsql ", info.shown, " ...", NULL)
                                 : database;
}

const char *cli_command_options(apr_pool_t *p, const char *subcommand)
{
    const char *text = "";
    apr_size_t i;

    for (i = 0; i < COUNT; i++) {
        if (given[i] && has_option(subcommand, names[i])) {
            const char *value = i == DATABASE ? hide_secrets(p, given[i]) : given[i];

            text = apr_pstrcat(p, text, " --", names[i], " ", cli_command_quote(p, value), NULL);
        }
    }
    return text;
}

const char *cli_command(apr_pool_t *p, const char *subcommand, const char *words,
                        const char *domain)
{
    return apr_pstrcat(p, "mta-sts ", subcommand, *words ? " " : "", words,
                       cli_command_options(p, subcommand), *domain ? " " : "", domain, NULL);
}
