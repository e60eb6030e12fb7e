/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "cli/common/json_memory.h"
#include "cli/common/output.h"
#include "cli/report/call.h"
#include "cli/import/source.h"
#include "cli/common/store.h"
#include "tlsrpt/report/read.h"
#include "tlsrpt/summary/tally.h"

#define PROGRESS_AFTER APR_USEC_PER_SEC /* when progress is first shown */
#define PROGRESS_EACH (APR_USEC_PER_SEC / 5)

/* The state of reading. */
typedef struct reading {
    apr_pool_t *p;
    const char *name;
    const cli_report_call *call;
    tlsrpt_tally *tally;
    cli_report_result *result;
    int total;                /* number of files or reports; 0: not known */
    int seen;                 /* files, or reports of the store, so far */
    int written;              /* reports */
    apr_time_t next_progress; /* when to show progress again; 0: never */
    int has_shown;
    int left_out; /* number of reports that were not requested */
} reading;

/* A report that was read and, if requested, rendered. */
typedef struct prepared {
    const char *file;
    int verified;
    const tlsrpt_reading *reading;
    mta_sts_buffer *text; /* NULL: not to be printed */
} prepared;

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

static void prepare(const reading *all, apr_pool_t *p, const tlsrpt_reading *read, prepared *ready)
{
    const cli_report_call *call = all->call;

    ready->reading = read;
    if (read->outcome == TLSRPT_READ && call->format->render &&
        (!call->failures_only || has_failures(call, read->report))) {
        const cli_report_item item = {ready->file, ready->verified, read->report, read->findings};

        ready->text = mta_sts_buffer_make(p);
        call->format->render(ready->text, call, &item);
    }
}

/* Progress is shown on a terminal, unless the reports are printed there one by one. */
static int shows_progress(const cli_report_call *call)
{
    return isatty(STDERR_FILENO) && !(call->format->render && isatty(STDOUT_FILENO));
}

static void print_progress(reading *all)
{
    apr_time_t now = all->next_progress ? apr_time_now() : 0;

    if (!all->next_progress || now < all->next_progress) {
        return;
    }
    all->next_progress = now + PROGRESS_EACH;
    all->has_shown = 1;
    fprintf(stderr, all->total ? "\r%d of %d files read " : "\r%d reports read ", all->seen,
            all->total);
}

static void end_progress(const reading *all)
{
    if (all->has_shown) {
        fprintf(stderr, "\r%40s\r", "");
    }
}

static void reject(reading *all, const char *file, const char *reason)
{
    cli_report_rejected *rejected = apr_array_push(all->result->rejected);

    rejected->file = apr_pstrdup(all->p, file);
    rejected->reason = apr_pstrdup(all->p, reason);
}

static void write_text(reading *all, const mta_sts_buffer *text)
{
    const cli_report_format *format = all->call->format;

    if (text && text->len) {
        fputs(all->written++ ? format->between : "", stdout);
        fwrite(text->bytes, 1, text->len, stdout);
    }
}

static void take(reading *all, apr_pool_t *p, const prepared *ready)
{
    if (ready->reading->outcome != TLSRPT_READ) {
        reject(all, ready->file, ready->reading->reason);
        return;
    }
    switch (tlsrpt_tally_add(all->tally, ready->reading->report, ready->reading->digest,
                             ready->verified)) {
    case TLSRPT_COUNTED:
        write_text(all, ready->text);
        break;
    case TLSRPT_CONFLICT:
        fprintf(
            stderr,
            "mta-sts %s: %s conflicts with a report with the same sender, id and dates that was "
            "read earlier; not counted\n",
            all->name, cli_printable(p, ready->file));
        break;
    case TLSRPT_FILTERED:
        all->left_out++;
        break;
    case TLSRPT_DUPLICATE:
        break;
    }
}

/* --- files --- */

/* Handles a report in a message, or a message without one. */
static void take_item(void *data, apr_pool_t *p, const cli_source_item *item)
{
    reading *all = data;
    prepared ready = {.file = item->name};

    if (!item->bytes) {
        reject(all, item->name, item->error);
        return;
    }
    cli_json_memory_use(p);
    prepare(all, p, tlsrpt_report_read(p, item->bytes, item->len, &tlsrpt_limits_default), &ready);
    take(all, p, &ready);
}

/* Whether a file is a single report. Bytes after it may be other reports. */
static int is_one_report(const tlsrpt_reading *read)
{
    int i;

    for (i = 0; i < read->findings->list->nelts; i++) {
        const char *id = mta_sts_findings_at(read->findings, i)->id;

        if (strcmp(id, "json-trailing") == 0 || strcmp(id, "gzip-trailing") == 0) {
            return 0;
        }
    }
    return read->outcome == TLSRPT_READ;
}

/* Most files are a single report, and are read only once; others are searched for reports. */
static void read_file(reading *all, apr_pool_t *p, const cli_file *file)
{
    prepared ready = {.file = file->path};
    cli_source_options options;
    apr_size_t len;
    const char *bytes = cli_source_load(p, file, &len);
    const tlsrpt_reading *read;

    cli_json_memory_use(p);
    read = bytes ? tlsrpt_report_read(p, bytes, len, &tlsrpt_limits_default) : NULL;
    if (read && is_one_report(read)) {
        prepare(all, p, read, &ready);
        take(all, p, &ready);
    }
    else {
        options = cli_source_options_make(p, &tlsrpt_limits_default);
        cli_source_read_file(p, file, &options, take_item, all);
    }
}

static void read_files(reading *all)
{
    const cli_report_call *call = all->call;
    apr_array_header_t *files = apr_array_make(all->p, 64, sizeof(cli_file));
    apr_pool_t *each;
    int i;

    for (i = 0; i < call->path_count; i++) {
        cli_files_list(all->p, call->paths[i], files);
    }
    all->total = files->nelts;
    apr_pool_create(&each, all->p);
    for (i = 0; i < files->nelts; i++) {
        apr_pool_clear(each);
        read_file(all, each, &APR_ARRAY_IDX(files, i, cli_file));
        all->seen = i + 1;
        print_progress(all);
    }
    apr_pool_destroy(each);
}

/* --- the store --- */

static void take_report(void *data, apr_pool_t *p, const cli_store_report *report)
{
    reading *all = data;
    prepared ready = {.file = report->path};

    all->seen++;
    if (report->error) {
        reject(all, report->path, report->error);
    }
    else {
        ready.verified = report->receipt->verified != NULL;
        prepare(all, p, report->reading, &ready);
        take(all, p, &ready);
    }
    print_progress(all);
}

static void read_store(reading *all, tlsrpt_spool *spool)
{
    all->result->older = cli_store_walk(all->p, spool, all->call->since, take_report, all);
}

/* Files that were named are read even if nothing in them is requested; without this line, they
 * would seem to be empty. */
static void print_left_out(const reading *all)
{
    fflush(stdout);
    fprintf(stderr, "mta-sts %s: skipped %d %s about domains other than %s\n", all->name,
            all->left_out, all->left_out == 1 ? "report" : "reports", all->call->filter.domain);
}

int cli_report_read(apr_pool_t *p, const char *name, const cli_report_call *call,
                    cli_report_result *result)
{
    reading all = {.p = p, .name = name, .call = call, .result = result};
    tlsrpt_spool *spool = NULL;

    memset(result, 0, sizeof(*result));
    result->rejected = apr_array_make(p, 1, sizeof(cli_report_rejected));
    all.tally = tlsrpt_tally_make(p, &call->filter);
    all.next_progress = shows_progress(call) ? apr_time_now() + PROGRESS_AFTER : 0;
    if (!call->path_count) {
        spool = cli_store_open(p, name, call->state_dir, CLI_STORE_READ);
        if (!spool) {
            return 0;
        }
        result->is_incomplete = cli_store_find_closed(p, name, call->state_dir);
    }
    cli_served_open_history(call->served, call->state_dir);
    fputs(call->format->head, stdout);
    if (spool) {
        read_store(&all, spool);
    }
    else {
        read_files(&all);
    }
    end_progress(&all);
    if (all.left_out && call->path_count && call->filter.domain) {
        print_left_out(&all);
    }
    result->sum = tlsrpt_tally_sum(all.tally);
    return 1;
}
