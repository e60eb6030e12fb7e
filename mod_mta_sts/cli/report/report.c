/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report/call.h"

#include <stdio.h>

#include <apr_strings.h>

#include "cli/common/option.h"
#include "cli/common/output.h"
#include "cli/common/state_dir.h"
#include "cli/common/subcommand.h"
#include "core/base/name.h"

#define SINCE_DEFAULT 30 /* in days, for reports of the store */
#define OUTPUT_BUFFER (1 << 16)

/* In the order of the names in take_format(). */
static const cli_report_format *const formats[] = {&cli_report_text, &cli_report_json,
                                                   &cli_report_ndjson, &cli_report_csv};

static const char *take_format(apr_pool_t *p, const cli_option *option, void *target,
                               const char *value)
{
    cli_report_call *call = target;
    int chosen = 0;
    const char *error = cli_take_choice(p, option, &chosen, value);

    call->format = formats[chosen];
    return error;
}

static const char *take_domain(apr_pool_t *p, const cli_option *option, void *target,
                               const char *value)
{
    const char *error =
        mta_sts_name_parse_host(p, cli_option_name(p, value), MTA_STS_NAME_ULABEL, target);

    return error ? apr_pstrcat(p, "--", option->name, ": ", error, NULL) : NULL;
}

static const char *take_since(apr_pool_t *p, const cli_option *option, void *target,
                              const char *value)
{
    (void)option;
    return cli_option_since(p, value, apr_time_now(), target);
}

static const char *take_received(apr_pool_t *p, const cli_option *option, void *target,
                                 const char *value)
{
    return cli_option_time(p, apr_pstrcat(p, "--", option->name, NULL), value, apr_time_now(),
                           target);
}

static const cli_option options[] = {
    {"format", 0, "text|json|ndjson|csv",
     "Output format: text for people, JSON as one object or as one object per report, or CSV for "
     "spreadsheets. Default: text.",
     take_format, 0, 0, 0},
    {"since", 0, "TIME",
     "Only reports about the days since then: 12h, 30d, 4w, 2026-05-11 or all. Default: 30d; "
     "with FILE or --received: all.",
     take_since, offsetof(cli_report_call, filter.since), 0, 0},
    {"received", 0, "TIME",
     "Only reports received since then, whatever day they are about: what is new. Not with FILE.",
     take_received, offsetof(cli_report_call, received), 0, 0},
    {"domain", 0, "NAME", "Only what is reported about this policy domain.", take_domain,
     offsetof(cli_report_call, filter.domain), 0, 0},
    {"organization", 0, "NAME", "Only reports of this sender.", cli_take_text,
     offsetof(cli_report_call, filter.organization), 0, 0},
    {"failures", 0, NULL, "Only what failed; prints nothing if nothing did.", cli_take_flag,
     offsetof(cli_report_call, failures_only), 0, 0},
    {"policy", 0, "FILE",
     "Compare the policies that senders used with this one. Default: with those that this "
     "machine's httpd is configured to serve.",
     cli_take_text, offsetof(cli_report_call, policy_file), 0, 0},
    CLI_STATE_DIR_OPTION(offsetof(cli_report_call, state_dir)),
    {0},
};

/* Returns NULL, or which options cannot be combined. */
static const char *take_arguments(cli_report_call *call, const cli_args *args)
{
    int count = args->count;

    call->paths = args->list;
    call->path_count = count;
    if (count && call->state_dir) {
        return "--state-dir cannot be combined with FILE";
    }
    if (count && call->received >= 0) {
        return "--received cannot be combined with FILE: when a file was received is not known";
    }
    if (call->filter.since < 0) {
        call->filter.since =
            count || call->received >= 0 ? 0 : cli_option_days_ago(apr_time_now(), SINCE_DEFAULT);
    }
    call->received = call->received < 0 ? 0 : call->received;
    return NULL;
}

static void print_rejected(apr_pool_t *p, const cli_subcommand *self,
                           const apr_array_header_t *rejected)
{
    int i;

    fflush(stdout);
    for (i = 0; i < rejected->nelts; i++) {
        const cli_report_rejected *one = &APR_ARRAY_IDX(rejected, i, cli_report_rejected);

        fprintf(stderr, "mta-sts %s: %s: %s\n", self->name, cli_printable(p, one->file),
                one->reason);
    }
}

static int run_report(apr_pool_t *p, const cli_subcommand *self, int argc, const char *const *argv)
{
    cli_report_call call = {.p = p, .format = &cli_report_text, .filter.since = -1, .received = -1};
    cli_report_result result;
    cli_args args;
    const char *error = cli_subcommand_read(p, self, argc, argv, &call, &args);

    if (args.help) {
        return cli_subcommand_help(p, self);
    }
    error = error ? error : take_arguments(&call, &args);
    if (error) {
        return cli_usage_error(self, "%s", error);
    }
    call.served = cli_served_read(p, self->name, call.policy_file);
    if (!call.served) {
        return CLI_EXIT_USAGE;
    }
    setvbuf(stdout, apr_palloc(p, OUTPUT_BUFFER), _IOFBF, OUTPUT_BUFFER);
    if (!cli_report_read(p, self->name, &call, &result)) {
        return CLI_EXIT_UNKNOWN;
    }
    if (call.format->end) {
        call.format->end(p, &call, &result);
    }
    if (!call.format->has_rejected) {
        print_rejected(p, self, result.rejected);
    }
    return result.is_incomplete     ? CLI_EXIT_UNKNOWN
           : result.rejected->nelts ? CLI_EXIT_INVALID
                                    : CLI_EXIT_OK;
}

const cli_subcommand cli_report = {
    .name = "report",
    .summary = "explain TLS reports: what failed, why, and how to fix it",
    .usage = "[OPTION...] [FILE|DIR|MAILDIR|-]...",
    .arguments = "FILE",
    .description =
        "Explains TLS reports (RFC 8460): which senders could not deliver securely to which "
        "domain, what happened, who can fix it, and how. Without FILE it reads the reports that "
        "httpd and 'mta-sts import' stored. FILE is a report (JSON or gzip), a mail message, an "
        "mbox, a Maildir or another directory of such files. Each report counts once.",
    .exit_statuses = "0 everything was read; 1 something could not be read, or is not a report; "
                     "2 wrong usage; 3 the reports that are stored cannot be read, or not all of "
                     "them.",
    .options = options,
    .run = run_report,
};
