/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/common/wrap.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 78 /* in columns */

void cli_print_wrapped(int indent, const char *text)
{
    int column = indent;

    while (*text) {
        int len = (int)strcspn(text, " ");

        if (column > indent && column + 1 + len > WIDTH) {
            printf("\n%*s", indent, "");
            column = indent;
        }
        printf("%s%.*s", column > indent ? " " : "", len, text);
        column += len + (column > indent);
        text += len;
        text += strspn(text, " ");
    }
    putchar('\n');
}

void cli_print_fact(const char *label, const char *text)
{
    printf("     %-10s", label);
    cli_print_wrapped(CLI_FACT_INDENT, text);
}
