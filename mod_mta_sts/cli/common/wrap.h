/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_WRAP_H
#define CLI_COMMON_WRAP_H

/* Paragraphs for people, on standard output. */

/* Prints text in lines of 78 columns, and a line end. The cursor is in column indent, where the
 * following lines begin as well. */
void cli_print_wrapped(int indent, const char *text);

/* The same after a label of ten columns, all of it indented by five. */
#define CLI_FACT_INDENT 15
void cli_print_fact(const char *label, const char *text);

#define CLI_NAMES_MAX 5 /* names in one line */

#endif
