/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "cli/common/apache.h"
#include "cli/check/show.h"
#include "cli/common/option.h"
#include "cli/common/output.h"
#include "cli/common/subcommand.h"
#include "core/base/name.h"

#define DAYS_MAX 3650
#define LINE_MAX_BYTES 1024
#define LIST_MAX 100000

enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_NAGIOS };

static const char *const formats[] = {"text", "json", "nagios", NULL};

/* What the call asks for. */
typedef struct check_call {
    apr_pool_t *p;
    const cli_subcommand *self;
    cli_check_options options;
    int format; /* FORMAT_TEXT... */
    int quiet;
    const char *list;            /* --file, or NULL */
    apr_array_header_t *domains; /* of cli_check_domain */
    apr_hash_t *seen;            /* those domains by name */
} check_call;

enum { OPT_WARNING = 'w', OPT_CRITICAL = 'c', OPT_FORMAT = 256, OPT_QUIET, OPT_FILE };

static const struct option options[] = {
    CLI_HELP_OPTION,
    {"warning", required_argument, NULL, OPT_WARNING},
    {"critical", required_argument, NULL, OPT_CRITICAL},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"quiet", no_argument, NULL, OPT_QUIET},
    {"file", required_argument, NULL, OPT_FILE},
    CLI_NETWORK_OPTIONS,
    CLI_SMTP_OPTIONS,
    {NULL, 0, NULL, 0},
};

/* --- reading the call; each returns NULL or what is wrong --- */

static const char *take_option(void *baton, int option, const char *value)
{
    check_call *call = baton;
    cli_check_options *set = &call->options;

    switch (option) {
    case OPT_WARNING:
        return cli_option_number(call->p, "-w", value, 0, DAYS_MAX, &set->warning_days);
    case OPT_CRITICAL:
        return cli_option_number(call->p, "-c", value, 0, DAYS_MAX, &set->error_days);
    case OPT_FORMAT:
        return cli_option_format(call->p, value, formats, &call->format);
    case OPT_QUIET:
        call->quiet = 1;
        return NULL;
    case OPT_FILE:
        call->list = value;
        return NULL;
    default:
        return cli_option_network(call->p, set, option, value);
    }
}

/* --- the domains --- */

static void add_domain(check_call *call, const char *domain, const char *configured_id)
{
    cli_check_domain added = {.domain = domain, .configured_id = configured_id};

    if (!apr_hash_get(call->seen, domain, APR_HASH_KEY_STRING)) {
        apr_hash_set(call->seen, domain, APR_HASH_KEY_STRING, domain);
        APR_ARRAY_PUSH(call->domains, cli_check_domain) = added;
    }
}

static const char *read_domain(check_call *call, const char *text)
{
    const char *domain, *error = mta_sts_name_parse_domain(call->p, text, &domain);

    if (!error) {
        add_domain(call, domain, NULL);
    }
    return error;
}

/* A line of the list without blanks around it and without its comment; NULL: too long, or there is
 * a NUL in it. */
static char *read_line(FILE *file, char *line, int *end)
{
    char *text;
    apr_size_t len;

    *end = !fgets(line, LINE_MAX_BYTES, file);
    if (*end) {
        return NULL;
    }
    if (!strchr(line, '\n') && !feof(file)) {
        return NULL;
    }
    line[strcspn(line, "#\r\n")] = '\0';
    text = line + strspn(line, " \t");
    for (len = strlen(text); len && strchr(" \t", text[len - 1]); len--) {
        text[len - 1] = '\0';
    }
    return text;
}

static const char *read_lines(check_call *call, FILE *file)
{
    char line[LINE_MAX_BYTES];
    const char *error = NULL;
    int number = 0, end = 0;

    while (!error) {
        char *text = read_line(file, line, &end);

        number++;
        if (end) {
            break;
        }
        if (!text) {
            error = "the line has a NUL in it, or is too long";
        }
        else if (call->domains->nelts >= LIST_MAX) {
            error = "there are more than 100000 domains";
        }
        else if (*text) {
            error = read_domain(call, apr_pstrdup(call->p, text));
        }
    }
    return error ? apr_psprintf(call->p, "%s:%d: %s", call->list, number, error) : NULL;
}

static const char *read_list(check_call *call)
{
    FILE *file = strcmp(call->list, "-") == 0 ? stdin : fopen(call->list, "rb");
    const char *error;

    if (!file) {
        return apr_psprintf(call->p, "%s: %s", call->list, strerror(errno));
    }
    error = read_lines(call, file);
    if (!error && ferror(file)) {
        error = apr_psprintf(call->p, "%s: %s", call->list, strerror(errno));
    }
    if (!error && !call->domains->nelts) {
        error = apr_psprintf(call->p, "%s names no domain", call->list);
    }
    if (file != stdin) {
        fclose(file);
    }
    return error;
}

static const char *read_configured(check_call *call)
{
    apr_array_header_t *policies;
    const char *error;
    int i;

    call->options.began = apr_time_now();
    error = cli_apache_list(call->p, &policies);
    for (i = 0; !error && i < policies->nelts; i++) {
        const cli_apache_policy *policy = &APR_ARRAY_IDX(policies, i, cli_apache_policy);

        add_domain(call, policy->domain, policy->id);
    }
    return error;
}

/* The words behind the options, the list, or what this machine serves. */
static const char *read_domains(check_call *call, int count, const char *const *words)
{
    const char *error = NULL;
    int i;

    for (i = 0; !error && i < count; i++) {
        error = read_domain(call, words[i]);
    }
    if (!error && call->list) {
        error = read_list(call);
    }
    if (!error && !count && !call->list) {
        error = read_configured(call);
    }
    return error;
}

/* Returns NULL, or what is wrong with the call. */
static const char *parse_call(check_call *call, int argc, const char *const *argv, int *help)
{
    cli_words words;
    const char *error = cli_options_read(call->p, argc, argv, options, take_option, call, &words);

    *help = words.help;
    return error || *help ? error : read_domains(call, words.count, words.list);
}

/* --- the run --- */

static void show(const check_call *call)
{
    cli_style style = cli_style_of_output();

    switch (call->format) {
    case FORMAT_JSON:
        cli_check_print_json(call->p, call->domains);
        break;
    case FORMAT_NAGIOS:
        cli_check_print_nagios(call->p, &call->options, call->domains);
        break;
    case FORMAT_TEXT:
        cli_check_print(call->p, &style, call->domains, call->quiet);
        break;
    }
}

static void tell_error(const check_call *call, const char *error)
{
    if (call->format == FORMAT_NAGIOS) {
        cli_check_print_nagios_error(error);
    }
    else if (error == cli_check_no_network) {
        fprintf(stderr, "mta-sts check: %s\n", error);
    }
    else {
        cli_usage_error(call->self, "%s", error);
    }
}

static int run_check(apr_pool_t *p, const cli_subcommand *self, int argc, const char *const *argv)
{
    static const int statuses[] = {
        [MTA_STS_OK] = CLI_EXIT_OK,           [MTA_STS_INFO] = CLI_EXIT_OK,
        [MTA_STS_WARNING] = CLI_EXIT_WARNING, [MTA_STS_ERROR] = CLI_EXIT_CRITICAL,
        [MTA_STS_UNKNOWN] = CLI_EXIT_UNKNOWN,
    };
    check_call call = {.p = p, .self = self};
    const char *error;
    int help = 0;

    cli_check_options_default(&call.options);
    call.options.connects = apr_array_make(p, 1, sizeof(cli_check_connect));
    call.domains = apr_array_make(p, 4, sizeof(cli_check_domain));
    call.seen = apr_hash_make(p);
    error = parse_call(&call, argc, argv, &help);
    if (help) {
        fputs(self->help, stdout);
        return CLI_EXIT_OK;
    }
    if (!error) {
        call.options.progress = cli_progress_to_show();
        error = cli_check_run(p, &call.options, call.domains);
    }
    if (error) {
        tell_error(&call, error);
        return CLI_EXIT_UNKNOWN;
    }
    show(&call);
    return statuses[cli_check_severity(call.domains)];
}

const cli_subcommand cli_check = {
    "check",
    "say whether mail will flow: look at the live deployment as a sender does",
    "Usage: mta-sts check [OPTION...] [DOMAIN...]\n"
    "\n"
    "Looks at DNS, the policy host, the policy and the mail servers of each domain as a sender\n"
    "does, and tells what is wrong and what to do. Without DOMAIN and --file, it checks all the\n"
    "domains that this machine's httpd serves.\n"
    "\n"
    "  --file LIST                  also check the domains in this file, one a line (-: standard\n"
    "                               input)\n"
    "  --quiet                      print only what is not ok (of text)\n"
    "  --format text|json|nagios    how to show the result (default: text)\n"
    "  -w, --warning DAYS           certificates that end sooner are a warning (default: 14)\n"
    "  -c, --critical DAYS          certificates that end sooner are critical (default: 0)\n"
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
    "Exit status: 0 ok; 1 warning; 2 critical; 3 could not tell, or wrong usage.\n",
    run_check,
};
