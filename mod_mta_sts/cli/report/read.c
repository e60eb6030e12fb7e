/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "cli/common/output.h"
#include "cli/report/ahead.h"
#include "cli/report/call.h"
#include "cli/import/source.h"
#include "cli/common/store.h"
#include "tlsrpt/report/read.h"
#include "tlsrpt/summary/tally.h"

/* In microseconds: after which time progress is first shown. */
#define PROGRESS_AFTER APR_USEC_PER_SEC
#define PROGRESS_EACH (APR_USEC_PER_SEC / 5)

/* The state of reading. */
typedef struct reading {
    apr_pool_t *p;
    const char *name;
    const cli_report_call *call;
    tlsrpt_tally *tally;
    cli_report_result *result;
    int total;                /* number of files or reports; 0: not known */
    int seen;                 /* number of files, or of reports of the store, so far */
    int written;              /* reports */
    apr_time_t next_progress; /* when to show progress again; 0: never */
    int has_shown;
    int left_out; /* number of reports that were not requested */
    int dmarc; /* number of DMARC reports, which often arrive in the same mailbox as TLS reports */
} reading;

/* A report that was read and, if requested, rendered. */
typedef struct prepared {
    const char *file;
    const char *signer;  /* NULL: unverified */
    const char *peer;    /* address that posted it; NULL: unknown */
    apr_time_t received; /* time of receipt; the current time if it is not from the store; 0:
                            unknown */
    const tlsrpt_reading *reading;
    mta_sts_buffer *text; /* NULL: not to be printed */
} prepared;

apr_int64_t cli_report_earlier(const cli_report_result *result)
{
    return result->skipped.earlier + result->sum->earlier;
}

int cli_report_wants(const cli_report_call *call, const tlsrpt_policy *policy)
{
    return !call->filter.domain ||
           (policy->domain && strcmp(policy->domain, call->filter.domain) == 0);
}

const tlsrpt_explanation *cli_report_explain(apr_pool_t *p, const tlsrpt_policy *policy,
                                             const tlsrpt_failure *failure)
{
    apr_array_header_t *policies = apr_array_make(p, 1, sizeof(const char *));
    const tlsrpt_facts facts = {.result_type = failure->result_type,
                                .policy_type = policy->type,
                                .reason = failure->reason,
                                .domain = policy->domain,
                                .mx = failure->receiving_mx,
                                .ip = failure->receiving_ip,
                                .policies = policies};

    APR_ARRAY_PUSH(policies, const char *) = apr_array_pstrcat(p, policy->policy, '\n');
    return tlsrpt_explain(p, &facts);
}

const char *cli_report_action(apr_pool_t *p, const tlsrpt_explanation *explanation)
{
    return explanation->command
               ? apr_pstrcat(p, explanation->action, " Run: ", explanation->command, NULL)
               : explanation->action;
}

const char *cli_report_policy_match(apr_pool_t *p, const cli_report_call *call,
                                    const tlsrpt_policy *policy)
{
    const tlsrpt_policies *policies =
        cli_served_of(call->served, policy->domain ? policy->domain : "");

    return tlsrpt_policy_match_name(tlsrpt_policy_match_compare(
        p, policy->type, apr_array_pstrcat(p, policy->policy, '\n'), policies));
}

static int has_failures(const cli_report_call *call, const tlsrpt_report *report)
{
    int i;

    for (i = 0; i < report->policies->nelts; i++) {
        const tlsrpt_policy *policy = &APR_ARRAY_IDX(report->policies, i, tlsrpt_policy);

        if (cli_report_wants(call, policy) && (policy->failed || policy->failures->nelts)) {
            return 1;
        }
    }
    return 0;
}

static void prepare(const reading *work, apr_pool_t *p, const tlsrpt_reading *read, prepared *ready)
{
    const cli_report_call *call = work->call;

    ready->reading = read;
    if (read->outcome == TLSRPT_READ && call->format->render &&
        (!call->failures_only || has_failures(call, read->report))) {
        const cli_report_item item = {ready->file,   ready->signer != NULL, ready->peer,
                                      ready->signer, read->report,          read->findings};

        ready->text = mta_sts_buffer_make(p);
        call->format->render(ready->text, call, &item);
    }
}

/* Progress is shown on a terminal, unless the reports are printed there one by one. */
static int shows_progress(const cli_report_call *call)
{
    return isatty(STDERR_FILENO) && !(call->format->render && isatty(STDOUT_FILENO));
}

static void print_progress(reading *work)
{
    apr_time_t now = work->next_progress ? apr_time_now() : 0;

    if (!work->next_progress || now < work->next_progress) {
        return;
    }
    work->next_progress = now + PROGRESS_EACH;
    work->has_shown = 1;
    fprintf(stderr, work->total ? "\r%d of %d files read " : "\r%d reports read ", work->seen,
            work->total);
}

static void end_progress(const reading *work)
{
    if (work->has_shown) {
        fprintf(stderr, "\r%40s\r", "");
    }
}

static void reject(reading *work, const char *file, const char *reason)
{
    cli_report_rejected *rejected = apr_array_push(work->result->rejected);

    rejected->file = apr_pstrdup(work->p, file);
    rejected->reason = apr_pstrdup(work->p, reason);
}

static void write_text(reading *work, const mta_sts_buffer *text)
{
    const cli_report_format *format = work->call->format;

    if (text && text->len) {
        fputs(work->written++ ? format->between : "", stdout);
        fwrite(text->bytes, 1, text->len, stdout);
    }
}

static void print_conflict(const reading *work, apr_pool_t *p, const char *file, const char *result)
{
    fprintf(stderr,
            "mta-sts %s: %s conflicts with a report with the same sender, id and dates that was "
            "read earlier: %s\n",
            work->name, cli_printable(p, file), result);
}

static void take(reading *work, apr_pool_t *p, const prepared *ready)
{
    if (ready->reading->outcome != TLSRPT_READ) {
        reject(work, ready->file, ready->reading->reason);
        return;
    }
    switch (tlsrpt_tally_add(work->tally, ready->reading->report, ready->reading->digest,
                             ready->reading->len, ready->signer, ready->received)) {
    case TLSRPT_COUNTED:
        write_text(work, ready->text);
        break;
    case TLSRPT_COUNTED_TOO:
        write_text(work, ready->text);
        print_conflict(work, p, ready->file,
                       "one of them may be forged, and without a verified one, each counts");
        break;
    case TLSRPT_CONFLICT:
        print_conflict(work, p, ready->file, "a verified one counts instead");
        break;
    case TLSRPT_FILTERED:
        work->left_out++;
        break;
    case TLSRPT_EARLIER:
    case TLSRPT_DUPLICATE:
        break;
    }
}

/* --- files --- */

/* Handles a report in a message, or a message without one. */
static void take_item(void *data, apr_pool_t *p, const cli_source_item *item)
{
    reading *work = data;
    prepared ready = {.file = item->name, .received = apr_time_now()};
    const tlsrpt_reading *read;

    if (item->is_dmarc) {
        work->dmarc++;
        return;
    }
    if (!item->bytes) {
        reject(work, item->name, item->error);
        return;
    }
    read = tlsrpt_report_read(p, item->bytes, item->len, &tlsrpt_limits_default);
    prepare(work, p, read, &ready);
    take(work, p, &ready);
    if (read->outcome == TLSRPT_READ && tlsrpt_reading_trailing(read)) {
        reject(work, item->name,
               apr_pstrcat(p, tlsrpt_reading_trailing(read), ", and were not read", NULL));
    }
}

/* Whether a file is a single report. Bytes after it may be other reports. */
static int is_one_report(const tlsrpt_reading *read)
{
    return read->outcome == TLSRPT_READ && !tlsrpt_reading_trailing(read);
}

/* Most files contain a single report, and are read only once; other files are searched for reports.
 *
 * @param read the report that was read ahead, or NULL
 */
static void read_file(reading *work, apr_pool_t *p, const cli_file *file,
                      const tlsrpt_reading *read)
{
    prepared ready = {.file = file->path, .received = apr_time_now()};
    cli_source_options options;
    apr_size_t len;
    const char *bytes = read ? NULL : cli_source_load(p, file, CLI_SOURCE_FILE_MAX, &len);

    read = bytes ? tlsrpt_report_read(p, bytes, len, &tlsrpt_limits_default) : read;
    if (read && is_one_report(read)) {
        prepare(work, p, read, &ready);
        take(work, p, &ready);
    }
    else {
        options = cli_source_options_make(p, &tlsrpt_limits_default);
        cli_source_read_file(p, file, &options, take_item, work);
    }
}

static void read_files(reading *work)
{
    const cli_report_call *call = work->call;
    apr_array_header_t *files = apr_array_make(work->p, 64, sizeof(cli_file));
    cli_ahead *ahead;
    apr_pool_t *each;
    int i;

    for (i = 0; i < call->path_count; i++) {
        cli_files_list(work->p, call->paths[i], files);
    }
    work->total = files->nelts;
    ahead = cli_ahead_start(work->p, files);
    apr_pool_create(&each, work->p);
    for (i = 0; i < files->nelts; i++) {
        apr_pool_clear(each);
        read_file(work, each, &APR_ARRAY_IDX(files, i, cli_file), cli_ahead_take(ahead, i));
        work->seen = i + 1;
        print_progress(work);
    }
    apr_pool_destroy(each);
    cli_ahead_end(ahead);
}

/* --- the store --- */

static void take_report(void *data, apr_pool_t *p, const cli_store_report *report)
{
    reading *work = data;
    prepared ready = {.file = report->path};

    work->seen++;
    if (report->error) {
        reject(work, report->path, report->error);
    }
    else {
        ready.signer = report->receipt->verified;
        ready.peer = report->receipt->peer;
        ready.received = tlsrpt_receipt_time(report->receipt);
        prepare(work, p, report->reading, &ready);
        take(work, p, &ready);
    }
    print_progress(work);
}

static void read_store(reading *work, tlsrpt_spool *spool)
{
    const cli_report_call *call = work->call;
    const cli_store_range range = {call->filter.since, call->received};

    work->result->skipped = cli_store_walk(work->p, spool, &range, take_report, work);
}

/* Prints how many reports were not requested: otherwise, files that contain only such reports would
 * seem to be empty. */
static void print_left_out(const reading *work)
{
    fflush(stdout);
    fprintf(stderr, "mta-sts %s: skipped %d %s about domains other than %s\n", work->name,
            work->left_out, work->left_out == 1 ? "report" : "reports", work->call->filter.domain);
}

static void print_dmarc(const reading *work)
{
    fflush(stdout);
    fprintf(stderr, "mta-sts %s: skipped %d DMARC %s\n", work->name, work->dmarc,
            work->dmarc == 1 ? "report" : "reports");
}

int cli_report_read(apr_pool_t *p, const char *name, const cli_report_call *call,
                    cli_report_result *result)
{
    reading work = {.p = p, .name = name, .call = call, .result = result};
    tlsrpt_spool *spool = NULL;

    memset(result, 0, sizeof(*result));
    result->rejected = apr_array_make(p, 1, sizeof(cli_report_rejected));
    work.tally = tlsrpt_tally_make(p, &call->filter);
    work.next_progress = shows_progress(call) ? apr_time_now() + PROGRESS_AFTER : 0;
    if (!call->path_count) {
        spool = cli_store_open(p, name, call->state_dir, CLI_STORE_READ);
        if (!spool) {
            return 0;
        }
        result->is_incomplete = cli_store_print_unreadable(p, name, call->state_dir);
    }
    cli_served_open_history(call->served, call->state_dir);
    fputs(call->format->head, stdout);
    if (spool) {
        read_store(&work, spool);
    }
    else {
        read_files(&work);
    }
    end_progress(&work);
    if (work.left_out && call->path_count && call->filter.domain) {
        print_left_out(&work);
    }
    if (work.dmarc) {
        print_dmarc(&work);
    }
    result->sum = tlsrpt_tally_sum(work.tally);
    return 1;
}
