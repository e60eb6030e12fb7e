/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ready/ready.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/common/database.h"
#include "cli/common/option.h"
#include "cli/common/state_dir.h"
#include "core/database/database.h"
#include "core/base/name.h"

#define DAYS_MAX 3650
#define DAYS_DEFAULT 14
#define SENDERS_MAX 1000
#define SENDERS_DEFAULT 2
#define SINCE_DEFAULT 30 /* days */

/* What is read of the call before it becomes a cli_ready_call. */
typedef struct ready_words {
    cli_ready_call *call;
    int as_json;
} ready_words;

static const char *const formats[] = {"text", "json", NULL}; /* by as_json */

enum {
    OPT_DAYS = 256,
    OPT_SENDERS,
    OPT_SINCE,
    OPT_STATE_DIR,
    OPT_DATABASE,
    OPT_POLICY,
    OPT_NO_CHECK,
    OPT_FORMAT,
};

static const struct option options[] = {
    CLI_HELP_OPTION,
    {"days", required_argument, NULL, OPT_DAYS},
    {"senders", required_argument, NULL, OPT_SENDERS},
    {"since", required_argument, NULL, OPT_SINCE},
    {"state-dir", required_argument, NULL, OPT_STATE_DIR},
    {"database", required_argument, NULL, OPT_DATABASE},
    {"policy", required_argument, NULL, OPT_POLICY},
    {"no-check", no_argument, NULL, OPT_NO_CHECK},
    {"format", required_argument, NULL, OPT_FORMAT},
    CLI_NETWORK_OPTIONS,
    CLI_SMTP_OPTIONS,
    {NULL, 0, NULL, 0},
};

/* --- reading the call; each returns NULL or what is wrong --- */

static const char *take_option(void *baton, int option, const char *value)
{
    ready_words *words = baton;
    cli_ready_call *call = words->call;

    switch (option) {
    case OPT_DAYS:
        return cli_option_number(call->p, "--days", value, 1, DAYS_MAX, &call->limits.days);
    case OPT_SENDERS:
        return cli_option_number(call->p, "--senders", value, 1, SENDERS_MAX,
                                 &call->limits.senders);
    case OPT_SINCE:
        return cli_option_since(call->p, value, call->limits.now, &call->since);
    case OPT_STATE_DIR:
        call->state_dir = value;
        return *value ? NULL : "--state-dir needs a value that is not empty";
    case OPT_DATABASE:
        call->database = value;
        return *value ? NULL : "--database needs a value that is not empty";
    case OPT_POLICY:
        APR_ARRAY_PUSH(call->files, const char *) = value;
        return NULL;
    case OPT_NO_CHECK:
        call->no_check = 1;
        return NULL;
    case OPT_FORMAT:
        return cli_option_format(call->p, value, formats, &words->as_json);
    default:
        return cli_option_network(call->p, &call->network, option, value);
    }
}

static const char *take_domain(cli_ready_call *call, const char *text)
{
    const char *name, *error = mta_sts_name_parse_domain(call->p, text, &name);
    cli_ready_domain *domain;

    if (error || apr_hash_get(call->by_name, name, APR_HASH_KEY_STRING)) {
        return error;
    }
    domain = apr_pcalloc(call->p, sizeof(*domain));
    domain->domain = name;
    domain->served = apr_array_make(call->p, 2, sizeof(const mta_sts_policy *));
    APR_ARRAY_PUSH(call->domains, cli_ready_domain *) = domain;
    apr_hash_set(call->by_name, name, APR_HASH_KEY_STRING, domain);
    return NULL;
}

static const char *take_domains(cli_ready_call *call, const cli_words *words)
{
    const char *error = words->count ? NULL : "name the DOMAIN";
    int i;

    for (i = 0; !error && i < words->count; i++) {
        error = take_domain(call, words->list[i]);
    }
    return error;
}

/* What is wrong with options taken together. */
static const char *check_call(const cli_ready_call *call)
{
    apr_time_t days = apr_time_from_sec(call->limits.days * APR_INT64_C(86400));
    cli_database database;
    const char *error = call->database
                            ? cli_database_find(call->p, call->database, call->state_dir, &database)
                            : NULL;

    if (call->since > call->limits.now - days) {
        return apr_psprintf(call->p,
                            "the reports of %d days are wanted, but --since lets fewer count: "
                            "choose an earlier --since, or fewer --days",
                            call->limits.days);
    }
    return error ? apr_pstrcat(call->p, "--database: ", error, NULL) : NULL;
}

static const char *parse_call(ready_words *words, int argc, const char *const *argv, int *help)
{
    cli_words rest;
    const char *error =
        cli_options_read(words->call->p, argc, argv, options, take_option, words, &rest);

    *help = rest.help;
    if (!error && !*help) {
        error = take_domains(words->call, &rest);
    }
    return error || *help ? error : check_call(words->call);
}

/* --- the run --- */

static void set_defaults(cli_ready_call *call)
{
    apr_pool_t *p = call->p;

    cli_check_options_default(&call->network);
    call->network.connects = apr_array_make(p, 1, sizeof(cli_check_connect));
    call->network.progress = cli_progress_to_show();
    call->files = apr_array_make(p, 1, sizeof(const char *));
    call->domains = apr_array_make(p, 1, sizeof(cli_ready_domain *));
    call->by_name = apr_hash_make(p);
    call->limits.now = apr_time_now();
    call->limits.days = DAYS_DEFAULT;
    call->limits.senders = SENDERS_DEFAULT;
    call->since = call->limits.now - apr_time_from_sec(SINCE_DEFAULT * APR_INT64_C(86400));
}

static int run_ready(apr_pool_t *p, const cli_subcommand *self, int argc, const char *const *argv)
{
    static const int statuses[] = {
        [TLSRPT_READY_YES] = CLI_EXIT_OK,
        [TLSRPT_READY_NOT_YET] = CLI_EXIT_WARNING,
        [TLSRPT_READY_NO] = CLI_EXIT_CRITICAL,
        [TLSRPT_READY_UNKNOWN] = CLI_EXIT_UNKNOWN,
    };
    cli_ready_call call = {.p = p};
    ready_words words = {.call = &call};
    cli_style style = cli_style_of_output();
    const char *error;
    int help;

    set_defaults(&call);
    error = parse_call(&words, argc, argv, &help);
    if (error) {
        cli_usage_error(self, "%s", error);
        return CLI_EXIT_UNKNOWN;
    }
    if (help) {
        fputs(self->help, stdout);
        return CLI_EXIT_OK;
    }
    if (cli_ready_gather(self, &call) != CLI_EXIT_OK) {
        return CLI_EXIT_UNKNOWN;
    }
    if (words.as_json) {
        cli_ready_print_json(&call);
    }
    else {
        cli_ready_print(&call, &style);
    }
    return statuses[cli_ready_worst(&call)];
}

const cli_subcommand cli_ready = {
    "ready",
    "say whether it is safe to go from testing to enforce, and what is missing",
    "Usage: mta-sts ready [OPTION...] DOMAIN...\n"
    "\n"
    "Says whether it is safe to go from mode testing to mode enforce, with the evidence: what the\n"
    "TLS reports tell that were kept, and what a look at the live deployment shows (as mta-sts\n"
    "check does). If it is, it prints the line to change; if not, what is missing, in order. "
    "Where\n"
    "mode enforce is on, it says whether that is safe.\n"
    "\n"
    "  --days N                     so many days must have reports, and the last N be without a\n"
    "                               failure of ours (default: 14)\n"
    "  --senders N                  so many senders must have reported (default: 2)\n"
    "  --since TIME                 count the reports since then: 12h, 30d, 4w, 2026-05-11, all\n"
    "                               (default: 30d)\n"
    "  --state-dir DIR              the module's MTASTSStateDir (default: MTA_STS_STATE_DIR in "
    "the\n"
    "                               environment, else " CLI_STATE_DIR_DEFAULT ")\n"
    "  --database DATABASE          as the module's MTASTSDatabase, in one word: \"sqlite3 FILE\" "
    "or\n"
    "                               \"pgsql CONNINFO\" (default: " MTA_STS_DATABASE_FILE
    " of SQLite in the state\n"
    "                               directory); policies that were served are noted in there\n"
    "  --policy FILE                a policy that was served: reports that tell it count as well\n"
    "                               (repeatable; the first one is that served now, where that is\n"
    "                               not to be seen)\n"
    "  --format text|json           how to show the result (default: text)\n"
    "  --no-check                   look at nothing live: the reports alone\n"
    "  --no-smtp                    leave the mail servers alone\n"
    "  --timeout SECONDS            for each lookup, fetch and mail server, 1 to 17 (default: 15)\n"
    "  --resolver ADDRESS[@PORT]    ask this name server instead of those of the system\n"
    "  --trust-anchor FILE          DS or DNSKEY records to validate DNSSEC with, instead of the\n"
    "                               root's\n"
    "  --ca-file FILE               trust the CAs in this PEM file instead of the system's\n"
    "  --smtp-port PORT             where mail servers listen (default: 25)\n"
    "  --connect HOST=ADDRESS:PORT  connect there for this policy host or MX host (repeatable)\n"
    "  --help                       this text\n"
    "\n"
    "Exit status: 0 ready, or mode enforce is on and safe; 1 not yet; 2 mode enforce would hold "
    "up\n"
    "mail, or does; 3 could not tell, or wrong usage.\n",
    run_ready,
};
