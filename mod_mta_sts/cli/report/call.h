/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REPORT_CALL_H
#define CLI_REPORT_CALL_H

#include "cli/common/store.h"
#include "cli/common/writer.h"
#include "cli/common/served.h"
#include "tlsrpt/advice/explain.h"
#include "tlsrpt/advice/fetch_answer.h"
#include "tlsrpt/summary/summary.h"

/*
 * Shared by the parts of `mta-sts report`: report.c reads the command line, read.c reads the
 * reports, and each format prints them.
 */

typedef struct cli_report_format cli_report_format;

/* What the command line requests. */
typedef struct cli_report_call {
    apr_pool_t *p;
    const cli_report_format *format;
    tlsrpt_filter filter;
    apr_time_t received;      /* only reports that the store received since then; 0: all */
    int failures_only;        /* whether to omit policies without failures */
    const char *policy_file;  /* or NULL */
    const char *state_dir;    /* or NULL */
    const char *const *paths; /* NULL: the store */
    int path_count;
    cli_served *served;
} cli_report_call;

/* One report for a format to print. */
typedef struct cli_report_item {
    const char *file; /* not escaped */
    int verified;
    const char *peer;   /* address from which it was posted; NULL: unknown */
    const char *signer; /* domain of the verified DKIM signature; NULL: unverified */
    const tlsrpt_report *report;
    const mta_sts_findings *findings;
} cli_report_item;

typedef struct cli_report_rejected {
    const char *file, *reason; /* not escaped */
} cli_report_rejected;

/* The result of reading all reports. */
typedef struct cli_report_result {
    apr_array_header_t *rejected; /* of cli_report_rejected */
    const tlsrpt_summary *sum;
    cli_store_skipped skipped; /* reports of the store that were not read */
    int is_incomplete;         /* whether a directory of the store cannot be read */
} cli_report_result;

/* An output format. Each report is added as it is read; the end is printed after the last one. */
struct cli_report_format {
    const char *head;    /* printed before everything else */
    const char *between; /* printed between reports */
    void (*render)(mta_sts_buffer *out, const cli_report_call *call, const cli_report_item *item);
    void (*end)(apr_pool_t *p, const cli_report_call *call, const cli_report_result *result);
    int has_rejected; /* whether the output includes rejected files, so that they need not be
                         printed on standard error */
};

extern const cli_report_format cli_report_text, cli_report_json, cli_report_ndjson, cli_report_csv;

/*
 * Reads the requested reports, prints them in the requested format, and adds them up.
 *
 * @param p    pool of the result
 * @param name of the subcommand, for error texts
 * @return 1; 0 after printing why the store cannot be read
 */
int cli_report_read(apr_pool_t *p, const char *name, const cli_report_call *call,
                    cli_report_result *result);

/* The number of reports about days before those that were requested. */
apr_int64_t cli_report_earlier(const cli_report_result *result);

/* Whether this policy of a report is to be shown. */
int cli_report_wants(const cli_report_call *call, const tlsrpt_policy *policy);

/* The explanation of a failure; its action includes the command. */
const tlsrpt_explanation *cli_report_explain(apr_pool_t *p, const tlsrpt_policy *policy,
                                             const tlsrpt_failure *failure);
const char *cli_report_action(apr_pool_t *p, const tlsrpt_explanation *explanation);

/*
 * What the fetch log says about a failure of one report (tlsrpt/advice/fetch_answer.h).
 *
 * @return whether the log can explain such a failure; if not, answer is not set
 */
int cli_report_fetches(apr_pool_t *p, const cli_report_call *call, const cli_report_item *item,
                       const tlsrpt_policy *policy, const tlsrpt_failure *failure,
                       tlsrpt_fetch_answer *answer);

/* How the policy in a report relates to those of the domain, for programs. */
const char *cli_report_policy_match(apr_pool_t *p, const cli_report_call *call,
                                    const tlsrpt_policy *policy);

#endif
