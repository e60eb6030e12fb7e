/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_user.h>

#include "cli/import/dkim.h"
#include "cli/import/limits.h"
#include "cli/common/option.h"
#include "cli/common/output.h"
#include "cli/import/source.h"
#include "cli/common/state_dir.h"
#include "cli/common/store.h"
#include "cli/common/subcommand.h"
#include "core/base/number.h"
#include "core/base/text.h"
#include "tlsrpt/index/clock.h"
#include "tlsrpt/report/read.h"
#include "tlsrpt/report/report.h"
#include "tlsrpt/spool/spool.h"

/* EX_TEMPFAIL: the mail system retries later. */
#define EXIT_NOT_STORED 75

typedef struct import_call {
    const char *state_dir;            /* or NULL */
    apr_array_header_t *authserv_ids; /* of const char * */
    int trusts_unnamed;
    int verifies;         /* whether import verifies DKIM signatures itself */
    const char *resolver; /* see cli/net/resolver.h; or NULL */
    cli_limits limits;
    cli_args paths; /* empty: standard input */
} import_call;

typedef struct import_state {
    tlsrpt_spool *spool;
    const char *state_dir;
    const cli_limits *limits;
    apr_int64_t used[TLSRPT_AREAS]; /* in bytes on disk; -1: not counted yet */
    int was_root;
    int from_file; /* whether the input was named: a rejection affects the exit status then */
    int rejected;
    int dmarc; /* number of DMARC reports that were skipped */
    int not_stored;
} import_state;

static const char *quote(apr_pool_t *p, const char *text)
{
    return mta_sts_text_quote(p, text, strlen(text));
}

static void reject(import_state *state, apr_pool_t *p, const cli_source_item *item,
                   const char *what, const char *reason)
{
    printf("%s: %s: %s\n", cli_printable(p, item->name), what, reason);
    state->rejected |= state->from_file;
}

static void report_not_stored(import_state *state, apr_pool_t *p, const cli_source_item *item,
                              const char *reason)
{
    fflush(stdout);
    fprintf(stderr, "mta-sts import: %s could not be stored: %s\n", cli_printable(p, item->name),
            reason);
    state->not_stored = 1;
}

/* Whether the report fits within the quota of an area, which httpd and this command share. Usage
 * is counted once per call: several processes at the same time may exceed the quota by a few
 * reports. */
static int is_within_quota(import_state *state, tlsrpt_area area, apr_int64_t cost)
{
    apr_int64_t files;

    if (state->used[area] < 0) {
        tlsrpt_spool_usage(state->spool, area, &state->used[area], &files);
    }
    return state->used[area] + cost <= state->limits->quota[area];
}

/* Why there is no room for a report, or NULL. */
static const char *refuse_room(import_state *state, apr_pool_t *p, tlsrpt_area area,
                               apr_int64_t cost)
{
    apr_int64_t room;

    if (!is_within_quota(state, area, cost)) {
        return apr_psprintf(p,
                            "%s/reports has reached the quota of %s bytes: remove old files "
                            "there, or raise MTASTSReportQuota (and --quota)",
                            state->state_dir, mta_sts_size_render(p, state->limits->quota[area]));
    }
    room = tlsrpt_spool_room(state->spool);
    return room >= 0 && room < cost ? "the disk is full, except for its reserve" : NULL;
}

/* A report that is already stored needs no room. Returns 0 after printing why it is not stored. */
static int store(import_state *state, apr_pool_t *p, const cli_source_item *item, tlsrpt_area area,
                 const char *digest, tlsrpt_stored *stored)
{
    tlsrpt_receipt receipt = {.received = tlsrpt_clock_stamp(apr_time_now()),
                              .channel = item->channel,
                              .verified = item->verified};
    apr_int64_t cost = tlsrpt_spool_cost(item->len);
    const char *reason = refuse_room(state, p, area, cost);

    if (reason && !tlsrpt_spool_has(state->spool, area, digest)) {
        report_not_stored(state, p, item, reason);
        return 0;
    }
    *stored = tlsrpt_spool_store(state->spool, area, digest, &receipt, item->bytes, item->len, p,
                                 &reason);
    if (*stored == TLSRPT_NOT_STORED) {
        report_not_stored(state, p, item, reason);
        return 0;
    }
    state->used[area] += *stored == TLSRPT_STORED ? cost : 0;
    return 1;
}

/* Mail systems log only the beginning of a line (Postfix about 100 characters), so it begins with
 * whether the report is verified, and ends with its id. */
static void store_report(import_state *state, apr_pool_t *p, const cli_source_item *item,
                         const tlsrpt_reading *reading)
{
    tlsrpt_stored stored;

    if (store(state, p, item, TLSRPT_REPORTS, reading->digest, &stored)) {
        printf("%s: %s%s: %s: report of %s, id %s\n", cli_printable(p, item->name),
               item->verified ? "verified: signed by " : "not verified",
               item->verified ? cli_printable(p, item->verified) : "",
               stored == TLSRPT_STORED ? "stored" : "already stored",
               quote(p, reading->report->organization), quote(p, reading->report->id));
    }
}

/* Stores bytes that cannot be read, which an admin may want to examine; within a quota, since
 * anyone can fill the quarantine by mail. */
static void store_in_quarantine(import_state *state, apr_pool_t *p, const cli_source_item *item,
                                const tlsrpt_reading *reading)
{
    const char *reason = reading->reason ? reading->reason : "it names no policy domain";
    tlsrpt_stored stored;

    if (!is_within_quota(state, TLSRPT_QUARANTINE, tlsrpt_spool_cost(item->len))) {
        reject(state, p, item, "skipped, because the quarantine is full", reason);
    }
    else if (store(state, p, item, TLSRPT_QUARANTINE, reading->digest, &stored)) {
        reject(state, p, item, "quarantined", reason);
    }
}

/* Adds what to do to an error. At this point, root has become the owner of the state directory. */
static const char *explain(const import_state *state, apr_pool_t *p, const char *error)
{
    char *owner;

    if (!state->was_root || geteuid() == 0 || strcmp(error, strerror(EACCES)) != 0 ||
        apr_uid_name_get(&owner, geteuid(), p) != APR_SUCCESS) {
        return error;
    }
    return apr_psprintf(p,
                        "%s (as %s, the owner of the state directory; use 'mta-sts import < FILE' "
                        "for files that only root can read)",
                        error, owner);
}

/* Reports bytes after a report that do not belong to another one. */
static void report_trailing(import_state *state, apr_pool_t *p, const cli_source_item *item,
                            const tlsrpt_reading *reading)
{
    int i;

    for (i = 0; i < reading->findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(reading->findings, i);

        if (strcmp(finding->id, "json-trailing") == 0) {
            fflush(stdout);
            fprintf(stderr, "mta-sts import: %s: %s, and were not read\n",
                    cli_printable(p, item->name), finding->message);
            state->rejected |= state->from_file || strcmp(item->channel, "mail") != 0;
        }
    }
}

static int is_about_a_domain(const tlsrpt_report *report)
{
    int i;

    for (i = 0; i < report->policies->nelts; i++) {
        const tlsrpt_policy *policy = &APR_ARRAY_IDX(report->policies, i, tlsrpt_policy);

        if (policy->domain || tlsrpt_policy_may_omit_domain(policy)) {
            return 1;
        }
    }
    return 0;
}

static void take_item(void *data, apr_pool_t *p, const cli_source_item *item)
{
    import_state *state = data;
    const tlsrpt_reading *reading;

    if (item->is_dmarc) {
        state->dmarc++;
        return;
    }
    if (!item->bytes) {
        if (item->failed && !state->from_file) {
            report_not_stored(state, p, item, item->error);
            return;
        }
        reject(state, p, item, "skipped", explain(state, p, item->error));
        return;
    }
    reading = tlsrpt_report_read(p, item->bytes, item->len, &state->limits->report);
    switch (reading->outcome) {
    case TLSRPT_READ:
        if (!is_about_a_domain(reading->report)) {
            store_in_quarantine(state, p, item, reading);
            break;
        }
        store_report(state, p, item, reading);
        report_trailing(state, p, item, reading);
        break;
    case TLSRPT_UNREADABLE:
    case TLSRPT_NO_POLICIES:
        store_in_quarantine(state, p, item, reading);
        break;
    case TLSRPT_NOT_A_REPORT:
    case TLSRPT_TOO_LARGE:
    case TLSRPT_NOT_ADMITTED: /* import uses no gate */
        reject(state, p, item, "skipped", reading->reason);
    }
}

static const char *take_size(apr_pool_t *p, const cli_option *option, void *target,
                             const char *value)
{
    (void)option;
    return cli_limits_set_size(target, p, value);
}

static const char *take_quota(apr_pool_t *p, const cli_option *option, void *target,
                              const char *value)
{
    (void)option;
    return cli_limits_set_quota(target, p, value);
}

static const cli_option options[] = {
    {"authserv-id", 0, "NAME",
     "Trust the Authentication-Results (RFC 8601) of this mail server: a report whose DKIM "
     "signature it verified is stored as verified. Can be repeated.",
     cli_take_texts, offsetof(import_call, authserv_ids), 0, 0},
    {"trust-unnamed-results", 0, NULL,
     "Trust the topmost Authentication-Results if it begins without the name of a server, as "
     "Exchange Online writes it. Only for mail from a mailbox there.",
     cli_take_flag, offsetof(import_call, trusts_unnamed), 0, 0},
    {"verify-dkim", 0, NULL,
     "Verify DKIM signatures with keys from DNS, also those with the service type tlsrpt: for "
     "mailboxes whose Authentication-Results cannot be trusted.",
     cli_take_flag, offsetof(import_call, verifies), 0, 0},
    {"resolver", 0, "ADDRESS[@PORT]",
     "Query this name server for --verify-dkim instead of the system's.", cli_take_text,
     offsetof(import_call, resolver), 0, 0},
    {"max-size", 0, "SIZE,SIZE",
     "Bytes of a report as sent and inflated. Default: MTASTSReportMaxSize of httpd, or 1M,10M.",
     take_size, offsetof(import_call, limits), 0, 0},
    {"quota", 0, "SIZE[,SIZE]",
     "Bytes of all reports, by mail or HTTPS, and of the quarantine. Default: MTASTSReportQuota of "
     "httpd, or 1G,64M.",
     take_quota, offsetof(import_call, limits), 0, 0},
    CLI_STATE_DIR_OPTION(offsetof(import_call, state_dir)),
    {0},
};

static const char *make_dkim(apr_pool_t *p, const import_call *call, cli_dkim **dkim)
{
    const cli_resolver_options how = {.server = call->resolver, .timeout = apr_time_from_sec(10)};

    return cli_dkim_make(p, &how, dkim);
}

static int run_import(apr_pool_t *p, const cli_subcommand *self, int argc, const char *const *argv)
{
    static const char *const standard_input[] = {"-"};
    import_call call = {.authserv_ids = apr_array_make(p, 1, sizeof(const char *)),
                        .limits = cli_limits_make()};
    import_state state = {.limits = &call.limits, .used = {-1, -1}, .was_root = geteuid() == 0};
    const char *error = cli_subcommand_read(p, self, argc, argv, &call, &call.paths);
    cli_source_options reading;
    cli_dkim *dkim = NULL;
    int i;

    if (call.paths.help) {
        return cli_subcommand_help(p, self);
    }
    if (error) {
        cli_usage_error(self, "%s", error);
        return EXIT_NOT_STORED; /* with any other status a mail server would bounce the message */
    }
    if (!call.paths.count) {
        call.paths.list = standard_input;
        call.paths.count = 1;
    }
    state.state_dir = cli_state_dir_find(call.state_dir);
    state.spool = cli_store_open(p, self->name, call.state_dir, CLI_STORE_WRITE);
    if (!state.spool) {
        return EXIT_NOT_STORED;
    }
    error = cli_limits_load(&call.limits, p, state.state_dir);
    if (error) {
        fprintf(stderr, "mta-sts import: %s\n", error);
    }
    reading = cli_source_options_make(p, &call.limits.report);
    reading.message.authserv_ids = call.authserv_ids;
    reading.message.trusts_unnamed = call.trusts_unnamed;
    error = call.verifies ? make_dkim(p, &call, &dkim) : NULL;
    reading.message.verify = call.verifies ? cli_dkim_verify : NULL;
    reading.message.verify_data = dkim;
    if (error) {
        fprintf(stderr, "mta-sts import: signatures cannot be verified: %s\n", error);
        return EXIT_NOT_STORED;
    }
    for (i = 0; i < call.paths.count; i++) {
        state.from_file = strcmp(call.paths.list[i], "-") != 0;
        cli_source_read(p, call.paths.list[i], &reading, take_item, &state);
    }
    if (state.dmarc) {
        printf("%d DMARC %s skipped\n", state.dmarc, state.dmarc == 1 ? "report" : "reports");
    }
    return state.not_stored ? EXIT_NOT_STORED : state.rejected ? CLI_EXIT_INVALID : CLI_EXIT_OK;
}

const cli_subcommand cli_import = {
    .name = "import",
    .summary = "store TLS reports from mail messages and files",
    .usage = "[OPTION...] [FILE|MAILDIR|-]...",
    .arguments = "FILE",
    .description =
        "Stores the TLS reports (RFC 8460) that it finds, each once: in a mail message, an mbox, "
        "a "
        "Maildir or another directory, or a report file (JSON, gzip or zip). Without FILE it reads "
        "standard input, for the pipe transport of a mail server. Input files are not changed.",
    .exit_statuses =
        "0 stored, or standard input contains no readable report; 1 a FILE is not a "
        "report; 75 something could not be stored (quota, disk, state directory), or wrong "
        "usage: a mail server tries again later.",
    .options = options,
    .run = run_import,
};
