/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "cli/mx/call.h"

int cli_mx_fail(const char *format, ...)
{
    va_list args;

    fflush(stdout);
    fputs("mta-sts mx: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return CLI_EXIT_INVALID;
}
