/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report/page.h"

#include <stdio.h>

void cli_report_print_sign(const cli_report_page *page, int indent, mta_sts_severity severity)
{
    printf("%*s%s%s%s ", indent, "", cli_severity_colour(&page->style, severity),
           cli_severity_sign(&page->style, severity), cli_colour_end(&page->style));
}
