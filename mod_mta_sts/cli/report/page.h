/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REPORT_PAGE_H
#define CLI_REPORT_PAGE_H

#include "cli/common/output.h"
#include "cli/report/call.h"
#include "tlsrpt/advice/evidence.h"

/* Shared by the files of the text format: text.c prints everything except the failures, which
 * causes.c prints. */

/* The context of all functions that print. */
typedef struct cli_report_page {
    apr_pool_t *p; /* cleared after each domain */
    const cli_report_call *call;
    cli_style style;
} cli_report_page;

/* The severity whose sign is printed; for unverified reports always MTA_STS_UNKNOWN ("?"). */
static inline mta_sts_severity cli_report_severity(int is_verified, mta_sts_severity severity)
{
    return tlsrpt_evidence_counts(is_verified) ? severity : MTA_STS_UNKNOWN;
}

/* " (unverified)", or "" for the contents of verified reports. */
static inline const char *cli_report_unverified(int is_verified)
{
    return tlsrpt_evidence_counts(is_verified) ? "" : " (unverified)";
}

/* Prints the coloured sign of a severity after `indent` blanks, and one blank. */
void cli_report_print_sign(const cli_report_page *page, int indent, mta_sts_severity severity);

#endif
