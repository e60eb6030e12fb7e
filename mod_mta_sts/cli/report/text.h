/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REPORT_TEXT_H
#define CLI_REPORT_TEXT_H

#include "cli/common/output.h"
#include "cli/report/report.h"

/* What the two halves of the text share: report_text.c shows the whole, report_causes.c failures.
 */

/* What is the same for all lines. */
typedef struct cli_report_page {
    apr_pool_t *p; /* cleared behind each domain */
    const cli_report_call *call;
    cli_style style;
} cli_report_page;

/* The sign of a severity, coloured, behind so many blanks and in front of one. */
void cli_report_print_sign(const cli_report_page *of, int indent, mta_sts_severity severity);

/* The failures of a domain by cause, those with the most sessions first. */
void cli_report_print_causes(const cli_report_page *of, const tlsrpt_domain *domain);

#endif
