/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/report/page.h"

#include <stdio.h>

void cli_report_print_sign(const cli_report_page *of, int indent, mta_sts_severity severity)
{
    printf("%*s%s%s%s ", indent, "", cli_severity_colour(&of->style, severity),
           cli_severity_sign(&of->style, severity), cli_colour_end(&of->style));
}
