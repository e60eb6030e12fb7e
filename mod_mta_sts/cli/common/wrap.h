/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_WRAP_H
#define CLI_COMMON_WRAP_H

/* Paragraphs for people, on standard output. */

/* Prints text wrapped to 78 columns, and a newline. The cursor must be in column `indent`, in which
 * all further lines begin as well. */
void cli_print_wrapped(int indent, const char *text);

/* The same after a label of ten columns, indented by five columns. */
#define CLI_FACT_INDENT 15
void cli_print_fact(const char *label, const char *text);

#define CLI_NAMES_MAX 5 /* names on one line */

#endif
