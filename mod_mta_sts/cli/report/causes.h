/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REPORT_CAUSES_H
#define CLI_REPORT_CAUSES_H

#include "cli/report/page.h"

/* Prints the failures of a domain by cause, those with the most sessions first. */
void cli_report_print_causes(const cli_report_page *page, const tlsrpt_domain *domain);

#endif
