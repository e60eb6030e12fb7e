/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>

#include "cli/check/network_option.h"
#include "cli/common/database.h"
#include "cli/common/state_dir.h"
#include "cli/common/subcommand.h"
#include "cli/policy/call.h"
#include "core/base/owner.h"
#include "core/hosting/source.h"
#include "core/hosting/tables.h"

static const cli_option options[] = {
    {"mx", 0, "HOST", "set: an MX host, or *. and a domain. Can be repeated.", cli_take_texts,
     offsetof(cli_policy_call, mx), 0, 0},
    {"mode", 0, "none|testing|enforce", "set: the mode. Default: as it is, or testing.",
     cli_take_text, offsetof(cli_policy_call, mode), 0, 0},
    {"max-age", 0, "TIME",
     "set: how long senders may cache the policy, in seconds or like 30d. Default: as it is, or "
     "604800.",
     cli_take_text, offsetof(cli_policy_call, max_age), 0, 0},
    {"alias-of", 0, "DOMAIN",
     "set: always use the policy of this domain, and thus its id, instead of a policy of its own.",
     cli_take_text, offsetof(cli_policy_call, alias_of), 0, 0},
    {"if-id", 0, "ID",
     "set, remove: only if the policy that is stored now has this id, so that nobody has changed "
     "it "
     "since.",
     cli_take_text, offsetof(cli_policy_call, if_id), 0, 0},
    {"wait", 0, "SECONDS",
     "set: wait up to this long until all machines serve the policy, then print the record to "
     "publish.",
     cli_take_number, offsetof(cli_policy_call, wait), 1, 3600},
    {"nsupdate", 0, NULL,
     "set, remove: print only the record, as commands for nsupdate(1); the rest goes to standard "
     "error.",
     cli_take_flag, offsetof(cli_policy_call, as_nsupdate), 0, 0},
    {"force", 0, NULL,
     "set, import: store mode enforce without checking whether it is safe. remove: delete the row "
     "although senders may have cached the policy.",
     cli_take_flag, offsetof(cli_policy_call, is_forced), 0, 0},
    {"wrong", 0, NULL, "list: only rows that are wrong.", cli_take_flag,
     offsetof(cli_policy_call, only_wrong), 0, 0},
    {"without-certificate", 0, NULL,
     "list: only the policy hosts of domains for which MTASTSCertificates of this machine's httpd "
     "has no key pair.",
     cli_take_flag, offsetof(cli_policy_call, only_without_certificate), 0, 0},
    {"format", 0, "text|json", "list: the format. Default: text.", cli_take_choice,
     offsetof(cli_policy_call, is_json), 0, 0},
    {"dry-run", 0, NULL, "import: check all rows and change nothing.", cli_take_flag,
     offsetof(cli_policy_call, is_dry_run), 0, 0},
    CLI_STATE_DIR_OPTION(offsetof(cli_policy_call, state_dir)),
    CLI_DATABASE_OPTION(offsetof(cli_policy_call, database)),
    CLI_SMTP_OPTIONS(offsetof(cli_policy_call, network)),
    CLI_NETWORK_OPTIONS(offsetof(cli_policy_call, network)),
    {0},
};

/* --- the actions --- */

typedef struct action {
    const char *name;
    cli_policy_action *run;
    int arguments;
    int makes_tables;
} action;

static const action actions[] = {
    {"init", cli_policy_init, 0, 1},       {"set", cli_policy_set, 1, 0},
    {"remove", cli_policy_remove, 1, 0},   {"list", cli_policy_list, 0, 0},
    {"import", cli_policy_import, 1, 0},   {"export", cli_policy_export, 0, 0},
    {"confirm", cli_policy_confirm, 0, 0},
};

/* Rejects options that the action would ignore, because then it would not do what was requested. */
static const char *check_options(const cli_policy_call *call, const char *name)
{
    const struct {
        int is_given;
        const char *name, *actions;
    } rows[] = {
        {call->mx->nelts, "mx", "set"},
        {call->mode != NULL, "mode", "set"},
        {call->max_age != NULL, "max-age", "set"},
        {call->alias_of != NULL, "alias-of", "set"},
        {call->if_id != NULL, "if-id", "set and remove"},
        {call->wait, "wait", "set"},
        {call->as_nsupdate, "nsupdate", "set and remove"},
        {call->is_forced, "force", "set, remove and import"},
        {call->only_wrong, "wrong", "list"},
        {call->only_without_certificate, "without-certificate", "list"},
        {call->is_json, "format", "list"},
        {call->is_dry_run, "dry-run", "import"},
    };
    apr_size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].is_given && !strstr(rows[i].actions, name)) {
            return apr_psprintf(call->p, "%s takes no --%s: that is an option of %s", name,
                                rows[i].name, rows[i].actions);
        }
    }
    return NULL;
}

int cli_policy_init(cli_policy_call *call, const cli_args *args)
{
    const char *error = mta_sts_hosting_tables_make(call->db), *problem = NULL;
    const char *grants = mta_sts_hosting_tables_grants(call->db);

    (void)args;
    error = error ? error : mta_sts_hosting_tables_check(call->db, &problem);
    if (error || problem) {
        return cli_policy_fail("%s", error ? error : problem);
    }
    printf("%s has the tables of hosted domains.\n", mta_sts_database_name(call->db));
    if (*grants) {
        printf("If httpd or your panel connect as other roles, replace HTTPD and PANEL with their "
               "names, and run:\n%s",
               grants);
    }
    return CLI_EXIT_OK;
}

int cli_policy_confirm(cli_policy_call *call, const cli_args *args)
{
    const char *error = mta_sts_source_confirm(call->db);

    (void)args;
    if (error) {
        return cli_policy_fail("%s", error);
    }
    puts("Confirmed: within a minute or two, httpd no longer serves domains without a row. This "
         "holds for an hour.");
    return CLI_EXIT_OK;
}

/* Determines the directory whose owner root becomes: the state directory, or the directory of an
 * SQLite database elsewhere; NULL if this machine has no state directory and needs none. */
static const char *find_owner_dir(const cli_policy_call *call, const char **dir)
{
    cli_database database;
    const char *error = cli_database_find(call->p, call->database, call->state_dir, &database);
    struct stat info;

    *dir = cli_state_dir_find(call->state_dir);
    if (error || !call->database || call->state_dir) {
        return error;
    }
    if (strcmp(database.driver, MTA_STS_DATABASE_SQLITE) == 0) {
        *dir = apr_pstrmemdup(call->p, database.where,
                              (apr_size_t)(strrchr(database.where, '/') - database.where));
    }
    else if (lstat(*dir, &info) != 0) {
        *dir = NULL;
    }
    return NULL;
}

static const char *open_database(cli_policy_call *call, const action *chosen)
{
    const char *problem = NULL;
    const char *dir, *error = find_owner_dir(call, &dir);

    if (!error && dir) {
        error = strcmp(dir, cli_state_dir_find(call->state_dir)) == 0
                    ? cli_state_dir_become_owner(call->p, dir)
                    : mta_sts_owner_become(call->p, dir);
    }
    error = error ? error
                  : (chosen->makes_tables ? cli_database_make : cli_database_open)(
                        call->p, call->database, call->state_dir, &call->db);
    if (!error && !call->db) {
        return "there is no database yet: httpd creates it when it starts with MTASTSHosting on "
               "(or use --database)";
    }
    if (!error && !chosen->makes_tables) {
        error = mta_sts_hosting_tables_check(call->db, &problem);
    }
    return error ? error : problem;
}

static const action *find_action(const cli_args *args)
{
    apr_size_t i;

    for (i = 0; args->count && i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(actions[i].name, args->list[0]) == 0) {
            return &actions[i];
        }
    }
    return NULL;
}

/* Determines the action. Returns NULL, or what is wrong with the command line. */
static const char *choose(const cli_policy_call *call, const cli_args *args, const action **chosen)
{
    *chosen = find_action(args);
    if (!*chosen) {
        return "one of init, set, remove, list, import, export and confirm must come first";
    }
    if (args->count != 1 + (*chosen)->arguments) {
        return apr_psprintf(call->p, "%s takes %s", (*chosen)->name,
                            (*chosen)->arguments ? "one argument" : "no argument");
    }
    return check_options(call, (*chosen)->name);
}

static FILE *open_input(const char *path)
{
    return strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
}

static cli_policy_call make_call(apr_pool_t *p, const cli_subcommand *self)
{
    cli_policy_call call = {.p = p, .self = self, .mx = apr_array_make(p, 4, sizeof(const char *))};

    cli_check_options_default(&call.network);
    call.network.connects = apr_array_make(p, 1, sizeof(cli_check_connect));
    return call;
}

static int run_policy(apr_pool_t *p, const cli_subcommand *self, int argc, const char *const *argv)
{
    cli_policy_call call = make_call(p, self);
    const action *chosen;
    cli_args args;
    const char *error = cli_subcommand_read(p, self, argc, argv, &call, &args);
    int status;

    if (args.help) {
        return cli_subcommand_help(p, self);
    }
    if (error) {
        return cli_usage_error(self, "%s", error);
    }
    error = choose(&call, &args, &chosen);
    if (error) {
        return cli_usage_error(self, "%s", error);
    }
    call.talk = call.as_nsupdate ? stderr : stdout;
    call.input = chosen->run == cli_policy_import ? open_input(args.list[1]) : stdin;
    if (!call.input) {
        return cli_policy_fail("%s: %s", args.list[1], strerror(errno));
    }
    error = call.only_without_certificate ? cli_certificates_read(p, &call.certificates) : NULL;
    error = error ? error : open_database(&call, chosen);
    if (error) {
        return cli_policy_fail("%s", error);
    }
    args.list++;
    args.count--;
    status = chosen->run(&call, &args);
    mta_sts_database_close(call.db);
    return status;
}

const cli_subcommand cli_policy = {
    .name = "policy",
    .summary = "edit the policies in the database (MTASTSHosting)",
    .usage = "init [OPTION...]\n"
             "set [--force] [OPTION...] DOMAIN\n"
             "remove [--force] [OPTION...] DOMAIN\n"
             "list [--wrong|--without-certificate] [--format text|json] [OPTION...]\n"
             "import [--dry-run] [--force] [OPTION...] FILE\n"
             "export [OPTION...]\n"
             "confirm [OPTION...]",
    .arguments = "init|set|remove|list|import|export|confirm",
    .description =
        "Edits the policies of hosted domains: rows in the database that httpd serves within "
        "seconds, without a reload, if MTASTSHosting is on. init creates the tables. set stores a "
        "policy, in mode enforce only if the checks of mta-sts ready find that safe. remove "
        "changes it to mode none, and deletes it once no sender can have cached it. export prints "
        "a JSON object for each row, one per line; import stores them, all or none. confirm lets "
        "httpd withdraw more than half of the domains at the same time.",
    .exit_statuses = "0 all well; 1 something is not valid, mode enforce is not known to be safe, "
                     "or the database cannot be used; 2 "
                     "wrong usage.",
    .options = options,
    .run = run_policy,
};
