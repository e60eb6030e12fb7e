/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REPORT_CALL_H
#define CLI_REPORT_CALL_H

#include "cli/common/store.h"
#include "cli/common/writer.h"
#include "cli/common/served.h"
#include "tlsrpt/advice/explain.h"
#include "tlsrpt/summary/summary.h"

/*
 * What the parts of `mta-sts report` share: report.c takes the call, report_read.c reads, and each
 * format shows what was read.
 */

typedef struct cli_report_format cli_report_format;

/* What the call asks for. */
typedef struct cli_report_call {
    apr_pool_t *p;
    const cli_report_format *format;
    tlsrpt_filter filter;
    apr_time_t received;      /* only what the store received since then; 0: all */
    int failures_only;        /* leave out what did not fail */
    const char *policy_file;  /* or NULL */
    const char *state_dir;    /* or NULL */
    const char *const *paths; /* none: the store */
    int path_count;
    cli_served *served;
} cli_report_call;

/* One report, as a format shows it. */
typedef struct cli_report_item {
    const char *file; /* unescaped */
    int verified;
    const tlsrpt_report *report;
    const mta_sts_findings *findings;
} cli_report_item;

typedef struct cli_report_rejected {
    const char *file, *reason; /* unescaped */
} cli_report_rejected;

/* What all reports came to. */
typedef struct cli_report_result {
    apr_array_header_t *rejected; /* of cli_report_rejected */
    const tlsrpt_summary *sum;
    cli_store_skipped skipped; /* of the store, without having been read */
    int is_incomplete; /* a directory of the store cannot be read */
} cli_report_result;

/* Each report is rendered on any thread, and written in order; the result is shown at the end. */
struct cli_report_format {
    const char *head;    /* in front of all */
    const char *between; /* reports */
    void (*render)(mta_sts_buffer *out, const cli_report_call *call, const cli_report_item *item);
    void (*end)(apr_pool_t *p, const cli_report_call *call, const cli_report_result *result);
    int has_rejected; /* it shows what was rejected: standard error need not */
};

extern const cli_report_format cli_report_text, cli_report_json, cli_report_ndjson, cli_report_csv;

/*
 * Reads what the call names, writes the reports as its format wants, and sums up.
 *
 * @param p    pool of the result
 * @param name of the subcommand, for error texts
 * @return 0 after saying why the store cannot be read
 */
int cli_report_read(apr_pool_t *p, const char *name, const cli_report_call *call,
                    cli_report_result *result);

/* How many reports are about earlier days than the call asks for. */
apr_int64_t cli_report_earlier(const cli_report_result *result);

/* Whether the call wants this policy of a report to be shown. */
int cli_report_wants(const cli_report_call *call, const tlsrpt_policy *policy);

/* The words for a failure, and what to do with the command after it, in one text. */
const tlsrpt_explanation *cli_report_explain(apr_pool_t *p, const tlsrpt_policy *policy,
                                             const tlsrpt_failure *failure);
const char *cli_report_action(apr_pool_t *p, const tlsrpt_explanation *explanation);

/* How the policy that a report contains compares to those of the domain, for programs. */
const char *cli_report_policy_match(apr_pool_t *p, const cli_report_call *call,
                                    const tlsrpt_policy *policy);

#endif
