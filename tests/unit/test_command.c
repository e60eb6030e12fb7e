/* SPDX-License-Identifier: Apache-2.0 */
#include "pool_fixture.h"

#include <stddef.h>

#include "cli/common/command.h"

/* What the commands have that are printed for people to run next. */

typedef struct call {
    const char *state_dir, *database;
} call;

const char *cli_take_text(apr_pool_t *p, const cli_option *option, void *target, const char *value)
{
    (void)p;
    (void)option;
    *(const char **)target = value;
    return NULL;
}

static const cli_option both[] = {
    {"state-dir", 0, "DIR", "", cli_take_text, offsetof(call, state_dir), 0, 0},
    {"database", 0, "DATABASE", "", cli_take_text, offsetof(call, database), 0, 0},
    {0},
};
static const cli_option state_dir_only[] = {
    {"state-dir", 0, "DIR", "", cli_take_text, offsetof(call, state_dir), 0, 0},
    {0},
};
static const cli_option neither[] = {{0}};
static const cli_subcommand policy = {.name = "policy", .options = both},
                            report = {.name = "report", .options = state_dir_only},
                            lint = {.name = "lint", .options = neither};

static const cli_subcommand *const all[] = {&policy, &report, &lint};

static void options_are_repeated_for_a_shell_and_passwords_are_not(void **state)
{
    static const struct {
        call given;
        const char *expected;
    } cases[] = {
        {{NULL, NULL}, "mta-sts policy set -x example.com"},
        {{"/srv/state", NULL}, "mta-sts policy set -x --state-dir '/srv/state' example.com"},
        {{"it's a $HOME", "sqlite3 /a b"},
         "mta-sts policy set -x --state-dir 'it'\\''s a $HOME' --database 'sqlite3 /a b' "
         "example.com"},
        {{NULL, "pgsql host=db dbname=mail"},
         "mta-sts policy set -x --database 'pgsql host=db dbname=mail' example.com"},
        {{NULL, "pgsql host=db password=secret dbname=mail"},
         "mta-sts policy set -x --database 'pgsql host=db dbname=mail ...' example.com"},
        {{NULL, "pgsql postgresql://me:secret@db/mail"},
         "mta-sts policy set -x --database 'pgsql ...' example.com"},
    };
    apr_size_t i;

    cli_command_prepare(all, 3);
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cli_command_note(&policy, &cases[i].given);
        assert_string_equal(cli_command(*state, "policy", "set -x", "example.com"),
                            cases[i].expected);
        assert_string_equal(cli_command(*state, "lint", "", "-"), "mta-sts lint -");
        assert_null(strstr(cli_command(*state, "report", "", ""), "--database"));
        assert_int_equal(strstr(cli_command(*state, "report", "", ""), "--state-dir") != NULL,
                         cases[i].given.state_dir != NULL);
    }
}

static void a_subcommand_without_the_options_notes_none(void **state)
{
    const call given = {"/srv/state", NULL};

    cli_command_note(&policy, &given);
    cli_command_note(&lint, NULL);
    assert_string_equal(cli_command(*state, "policy", "list", ""), "mta-sts policy list");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(options_are_repeated_for_a_shell_and_passwords_are_not),
        POOL_TEST(a_subcommand_without_the_options_notes_none),
    };

    return RUN_POOL_TESTS(tests);
}
