/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "cli/common/subcommand.h"
#include "cli/policy/call.h"

int cli_policy_fail(const char *format, ...)
{
    va_list args;

    fputs("mta-sts policy: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return CLI_EXIT_INVALID;
}

void cli_policy_print_findings(const char *before, const mta_sts_findings *findings)
{
    int i;

    for (i = 0; i < findings->list->nelts; i++) {
        const mta_sts_finding *finding = mta_sts_findings_at(findings, i);

        fprintf(stderr, "mta-sts policy: %s%s: %s%s%s [%s]\n", before, finding->subject,
                finding->message, finding->fix ? "; " : "", finding->fix ? finding->fix : "",
                finding->id);
    }
}
