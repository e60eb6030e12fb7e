/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "cli/common/state_dir.h"
#include "cli/check/domains.h"
#include "cli/check/network_option.h"
#include "cli/check/show.h"
#include "cli/common/output.h"
#include "cli/common/subcommand.h"

#define DAYS_MAX 3650
#define LINE_MAX_BYTES 1024
#define LIST_MAX 100000

enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_NAGIOS }; /* in the order of the option's value */

/* What the command line requests. */
typedef struct check_call {
    apr_pool_t *p;
    const cli_subcommand *self;
    cli_check_options options;
    int format; /* FORMAT_TEXT... */
    int quiet;
    const char *list;      /* --file, or NULL */
    int with_hosted;       /* --hosted */
    const char *state_dir; /* --state-dir, or NULL */
    cli_check_domains *domains;
} check_call;

static const cli_option options[] = {
    {"file", 0, "LIST",
     "Also check the domains in this file, one per line; - is standard input. Empty lines and "
     "text after # are ignored.",
     cli_take_text, offsetof(check_call, list), 0, 0},
    {"hosted", 0, NULL,
     "Without DOMAIN and --file, also check the hosted domains of this machine (MTASTSHosting).",
     cli_take_flag, offsetof(check_call, with_hosted), 0, 0},
    {"quiet", 0, NULL, "Print only what is not ok (text format).", cli_take_flag,
     offsetof(check_call, quiet), 0, 0},
    {"format", 0, "text|json|nagios", "Output format. Default: text.", cli_take_choice,
     offsetof(check_call, format), 0, 0},
    {"warning", 'w', "DAYS",
     "Warn about certificates that expire sooner than this. Default: MTASTSCertificateDays, if "
     "httpd's configuration is read; else a third of their lifetime, 14 at most.",
     cli_take_number, offsetof(check_call, options.warning_days), 0, DAYS_MAX},
    {"critical", 'c', "DAYS",
     "Report certificates that expire sooner than this as critical. Default: 0.", cli_take_number,
     offsetof(check_call, options.error_days), 0, DAYS_MAX},
    CLI_STATE_DIR_OPTION(offsetof(check_call, state_dir)),
    CLI_SMTP_OPTIONS(offsetof(check_call, options)),
    CLI_NETWORK_OPTIONS(offsetof(check_call, options)),
    {0},
};

/* --- reading the command line; each function returns NULL or what is wrong --- */

/* Removes the comment and surrounding blanks of a line. Returns NULL if the line is too long (then
 * `line` is full) or contains a NUL. */
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
            error =
                strlen(line) < LINE_MAX_BYTES - 1
                    ? "the line contains a NUL byte: remove it"
                    : apr_psprintf(call->p,
                                   "the line is longer than %d bytes: write one domain per line",
                                   LINE_MAX_BYTES - 2);
        }
        else if (call->domains->list->nelts >= LIST_MAX) {
            error = "there are more than 100000 domains";
        }
        else if (*text) {
            error = cli_check_domains_add(call->domains, apr_pstrdup(call->p, text));
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
    if (!error && !call->domains->list->nelts) {
        error = apr_psprintf(call->p, "%s contains no domain", call->list);
    }
    if (file != stdin) {
        fclose(file);
    }
    return error;
}

/* Reads the domains from the arguments, from the list, or from the configuration of this machine's
 * httpd. */
static const char *read_domains(check_call *call, const cli_args *args)
{
    const char *error = NULL;
    int i;

    for (i = 0; !error && i < args->count; i++) {
        error = cli_check_domains_add(call->domains, args->list[i]);
    }
    if (!error && call->list) {
        error = read_list(call);
    }
    if (!error && call->with_hosted && (args->count || call->list)) {
        error = "--hosted cannot be combined with DOMAIN or --file";
    }
    call->options.began = apr_time_now(); /* so that a slow standard input does not use up the time
                                             limit */
    if (!error) {
        error = args->count || call->list
                    ? cli_check_domains_find_hosted(call->domains, call->state_dir)
                    : cli_check_domains_read(call->domains, call->with_hosted);
    }
    if (!error && call->options.warning_days < 0) {
        call->options.warning_days = call->domains->certificate_days;
    }
    return error;
}

/* --- the run --- */

static void show(const check_call *call)
{
    cli_style style = cli_output_style();

    switch (call->format) {
    case FORMAT_JSON:
        cli_check_print_json(call->p, call->domains->list);
        break;
    case FORMAT_NAGIOS:
        cli_check_print_nagios(call->p, &call->options, call->domains->list);
        break;
    case FORMAT_TEXT:
        cli_check_print(call->p, &style, call->domains->list, call->quiet);
        break;
    }
}

static void print_error(const check_call *call, const char *error)
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
    cli_args args;
    const char *error;

    cli_check_options_default(&call.options);
    call.options.connects = apr_array_make(p, 1, sizeof(cli_check_connect));
    call.domains = cli_check_domains_make(p);
    error = cli_subcommand_read(p, self, argc, argv, &call, &args);
    if (args.help) {
        return cli_subcommand_help(p, self);
    }
    if (!error) {
        error = read_domains(&call, &args);
    }
    if (!error) {
        call.options.progress = cli_progress_if_terminal();
        error = cli_check_run(p, &call.options, call.domains->list);
    }
    if (error) {
        print_error(&call, error);
        return CLI_EXIT_UNKNOWN;
    }
    show(&call);
    return statuses[cli_check_severity(call.domains->list)];
}

const cli_subcommand cli_check = {
    .name = "check",
    .summary = "check a live deployment as a sender does",
    .usage = "[OPTION...] [DOMAIN...]",
    .arguments = "DOMAIN",
    .description =
        "Checks DNS, the policy host, the policy and the mail servers of each domain as a sender "
        "does, and prints what is wrong and how to fix it. Without DOMAIN and --file, it checks "
        "all domains in the configuration of this machine's httpd.",
    .exit_statuses = "0 ok; 1 warning; 2 critical; 3 could not be determined, or wrong usage.",
    .options = options,
    .run = run_check,
};
