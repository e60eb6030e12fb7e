/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REPORT_PAGE_H
#define CLI_REPORT_PAGE_H

#include "cli/common/output.h"
#include "cli/report/call.h"

/* The text format: what its files share. text.c prints the whole, causes.c the failures. */

/* What all lines have in common. */
typedef struct cli_report_page {
    apr_pool_t *p; /* cleared after each domain */
    const cli_report_call *call;
    cli_style style;
} cli_report_page;

/* Prints the coloured sign of a severity after `indent` blanks, and one blank. */
void cli_report_print_sign(const cli_report_page *of, int indent, mta_sts_severity severity);

#endif
