/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report/report.h"

#include <stdio.h>

#include <apr_strings.h>

#include "cli/common/json_memory.h"
#include "cli/common/option.h"
#include "cli/common/output.h"
#include "cli/common/state_dir.h"
#include "cli/common/subcommand.h"
#include "core/base/name.h"

#define SINCE_DEFAULT (30 * 86400 * APR_USEC_PER_SEC) /* of the store */
#define OUTPUT_BUFFER (1 << 16)

/* In the order of the names in take_format(). */
static const cli_report_format *const formats[] = {&cli_report_text, &cli_report_json,
                                                   &cli_report_ndjson, &cli_report_csv};

enum {
    OPT_DOMAIN = 256,
    OPT_FAILURES,
    OPT_FORMAT,
    OPT_ORGANIZATION,
    OPT_POLICY,
    OPT_SINCE,
    OPT_STATE_DIR
};

static const struct option options[] = {
    CLI_HELP_OPTION,
    {"domain", required_argument, NULL, OPT_DOMAIN},
    {"failures", no_argument, NULL, OPT_FAILURES},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"organization", required_argument, NULL, OPT_ORGANIZATION},
    {"policy", required_argument, NULL, OPT_POLICY},
    {"since", required_argument, NULL, OPT_SINCE},
    {"state-dir", required_argument, NULL, OPT_STATE_DIR},
    {NULL, 0, NULL, 0},
};

/* NULL, or what is wrong with the value. */
static const char *take_format(apr_pool_t *p, cli_report_call *call, const char *value)
{
    static const char *const names[] = {"text", "json", "ndjson", "csv", NULL};
    int chosen = 0;
    const char *error = cli_option_format(p, value, names, &chosen);

    call->format = formats[chosen];
    return error;
}

static const char *take_domain(apr_pool_t *p, cli_report_call *call, const char *value)
{
    const char *error =
        mta_sts_name_parse_host(p, value, MTA_STS_NAME_ULABEL, &call->filter.domain);

    return error ? apr_pstrcat(p, "--domain: ", error, NULL) : NULL;
}

/* NULL, or what is wrong with the option's value. */
static const char *take_option(void *baton, int option, const char *value)
{
    cli_report_call *call = baton;
    apr_pool_t *p = call->p;

    if (value && !*value) {
        return "an option has an empty value";
    }
    switch (option) {
    case OPT_DOMAIN:
        return take_domain(p, call, value);
    case OPT_FAILURES:
        call->failures_only = 1;
        break;
    case OPT_FORMAT:
        return take_format(p, call, value);
    case OPT_ORGANIZATION:
        call->filter.organization = value;
        break;
    case OPT_POLICY:
        call->policy_file = value;
        break;
    case OPT_SINCE:
        return cli_option_since(p, value, apr_time_now(), &call->since);
    case OPT_STATE_DIR:
        call->state_dir = value;
        break;
    }
    return NULL;
}

/* What goes together, and what follows from it. */
static const char *take_arguments(cli_report_call *call, int count, const char *const *words)
{
    call->paths = words;
    call->path_count = count;
    if (count && call->state_dir) {
        return "--state-dir is for the store, not for files";
    }
    if (call->since < 0) {
        call->since = count ? 0 : apr_time_now() - SINCE_DEFAULT;
    }
    call->filter.since = count ? call->since : 0;
    return NULL;
}

/* NULL, or what is wrong with the call. */
static const char *parse_call(cli_report_call *call, int argc, const char *const *argv, int *help)
{
    cli_words words;
    const char *error = cli_options_read(call->p, argc, argv, options, take_option, call, &words);

    *help = words.help;
    return error || *help ? error : take_arguments(call, words.count, words.list);
}

static void tell_rejected(apr_pool_t *p, const cli_subcommand *self,
                          const apr_array_header_t *rejected)
{
    int i;

    fflush(stdout);
    for (i = 0; i < rejected->nelts; i++) {
        const cli_report_rejected *one = &APR_ARRAY_IDX(rejected, i, cli_report_rejected);

        fprintf(stderr, "mta-sts %s: %s: %s\n", self->name, cli_plain(p, one->file), one->reason);
    }
}

static int run_report(apr_pool_t *p, const cli_subcommand *self, int argc, const char *const *argv)
{
    cli_report_call call = {.p = p, .format = &cli_report_text, .since = -1};
    cli_report_result result;
    int help;
    const char *error = parse_call(&call, argc, argv, &help);

    if (error) {
        return cli_usage_error(self, "%s", error);
    }
    if (help) {
        fputs(self->help, stdout);
        return CLI_EXIT_OK;
    }
    if (call.format == &cli_report_text) {
        call.served = cli_served_read(p, self->name, call.policy_file);
        if (!call.served) {
            return CLI_EXIT_USAGE;
        }
    }
    setvbuf(stdout, apr_palloc(p, OUTPUT_BUFFER), _IOFBF, OUTPUT_BUFFER);
    cli_json_memory_start();
    if (!cli_report_read(p, self->name, &call, &result)) {
        return CLI_EXIT_INVALID;
    }
    if (call.format->end) {
        call.format->end(p, &call, &result);
    }
    if (!call.format->has_rejected) {
        tell_rejected(p, self, result.rejected);
    }
    return result.rejected->nelts ? CLI_EXIT_INVALID : CLI_EXIT_OK;
}

const cli_subcommand cli_report = {
    "report",
    "explain TLS reports: who could not deliver securely, why, and what to do",
    "Usage: mta-sts report [OPTION]... [FILE|DIR|MAILDIR|-]...\n"
    "\n"
    "Explains TLS reports (RFC 8460): who could not deliver securely to which domain, what\n"
    "happened, whose fault it is, and what to do. Without FILE it reads the store: the reports\n"
    "that httpd and `mta-sts import` have kept. FILE is a report (JSON or gzip), a mail message,\n"
    "an mbox, a Maildir or another directory of such files. Each report counts once.\n"
    "\n"
    "  --format text|json|ndjson|csv\n"
    "                       text for people; JSON as one object, or one object a report; or\n"
    "                       lines for a spreadsheet (default: text)\n"
    "  --since TIME         only reports that came since then: 12h, 30d, 4w, 2026-05-11 or all\n"
    "                       (default: 30d); of files, those whose days end after it (default:\n"
    "                       all)\n"
    "  --domain NAME        only what is told of this policy domain\n"
    "  --organization NAME  only reports of this sender\n"
    "  --failures           only what failed; says nothing if nothing did\n"
    "  --policy FILE        hold the policies that senders had against this one (default: what\n"
    "                       this machine's httpd is configured to serve)\n"
    "  --state-dir DIR      the module's MTASTSStateDir (default: MTA_STS_STATE_DIR in the\n"
    "                       environment, else " CLI_STATE_DIR_DEFAULT ")\n"
    "  --help               this text\n"
    "\n"
    "Exit status: 0 all was read; 1 something could not be read, or is no report; 2 wrong usage.\n",
    run_report,
};
